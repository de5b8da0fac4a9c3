"""The line of waiting jobs: who may start, what the others wait for, and in which place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.lifecycle import reconciling
from jobs.lifecycle.queue import queueing, starting
from jobs.models import TransformJob
from jobs.services.listing.display import for_display
from jobs.states import JobState, WaitsFor
from tests.cast import House

pytestmark = pytest.mark.django_db
G5, M5 = "ml.g5.xlarge", "ml.m5.large"


@pytest.fixture
def limited(house: House) -> House:
    """At most three ml.g5.xlarge, and all three in use."""
    house.connection.max_instances_per_type = {G5: 3}
    house.connection.save()
    house.job(JobState.IN_PROGRESS, instance_type=G5, instance_count=2)
    house.job(JobState.SUBMITTING, instance_type=G5)
    return house


def waiting(house: House, instance_type: str = M5, count: int = 1, **fields: Any) -> TransformJob:
    """A job whose turn had not come when it was tried."""
    values = {"waits_for": WaitsFor.TURN, "state_reason": queueing.ITS_TURN, **fields}
    return house.job(instance_type=instance_type, instance_count=count, **values)


def reason_of(job: TransformJob) -> str:
    job.refresh_from_db()
    return for_display([job])[0].state_reason


def turn(house: House) -> list[TransformJob]:
    return queueing.next_in_line(house.connection, 100)


def test_a_job_says_which_type_is_used_up_and_its_place_among_those_that_wait_for_it(limited: House) -> None:
    jobs = [waiting(limited, G5) for _ in range(2)]
    waiting(limited, M5)
    assert reason_of(jobs[0]) == f"3 of 3 {G5} in use on Engine; 1st in line."
    assert reason_of(jobs[1]) == f"3 of 3 {G5} in use on Engine; 2nd in line."


def test_where_the_number_of_jobs_is_the_limit_all_types_stand_in_one_line(house: House) -> None:
    house.connection.max_running = 1
    house.connection.save()
    house.job(JobState.STOPPING)
    waiting(house, G5)
    job = waiting(house, M5)
    assert reason_of(job) == "1 of 1 jobs running on Engine; 2nd in line."
    assert turn(house) == []


def test_where_all_instances_are_used_up_a_job_says_how_many_it_needs(house: House) -> None:
    house.connection.max_instances = 4
    house.connection.save()
    house.job(JobState.IN_PROGRESS, instance_count=3)
    assert reason_of(waiting(house, G5, 2)) == "3 of 4 instances in use on Engine, it needs 2; 1st in line."


def test_a_job_of_another_type_passes_and_the_same_type_keeps_its_order(limited: House) -> None:
    limited.connection.max_instances_per_type = {G5: 4}
    limited.connection.save()
    large, small, m5_job = waiting(limited, G5, 2), waiting(limited, G5), waiting(limited, M5)
    assert turn(limited) == [m5_job]
    assert starting.start(small.pk) is starting.Started.ITS_TURN
    assert reason_of(small) == f"Behind other {G5} jobs on Engine; 2nd in line."
    TransformJob.objects.filter(state=JobState.SUBMITTING).update(
        state=JobState.IN_PROGRESS, instance_count=0
    )
    assert turn(limited) == [large, m5_job]


def test_a_higher_priority_comes_first_and_of_equal_ones_the_older(limited: House) -> None:
    low, first, second, high = (waiting(limited, M5, priority=priority) for priority in (-1, 0, 0, 10))
    assert turn(limited) == [high, first, second, low]
    late, urgent = waiting(limited, G5), waiting(limited, G5, priority=1)
    assert "1st in line" in reason_of(urgent)
    assert "2nd in line" in reason_of(late)


def test_a_job_larger_than_the_limit_says_so_and_holds_up_nobody(limited: House) -> None:
    TransformJob.objects.all().delete()
    huge, small = waiting(limited, G5, 4), waiting(limited, G5)
    assert reason_of(huge).startswith(f"It needs 4 {G5} and Engine may use 3. Raise the limit")
    assert turn(limited) == [small]


def test_a_place_that_became_free_goes_to_the_first_in_line(limited: House) -> None:
    first, second = waiting(limited, G5), waiting(limited, G5)
    assert turn(limited) == []
    ended = TransformJob.objects.get(state=JobState.SUBMITTING)
    TransformJob.objects.filter(pk=ended.pk).update(state=JobState.COMPLETED)
    assert reconciling.next_after(limited.connection.pk, [ended.pk]) == [first.pk]
    assert starting.start(second.pk) is starting.Started.ITS_TURN
    assert starting.start(first.pk) is not starting.Started.ITS_TURN


def test_of_a_type_that_sagemaker_has_none_of_one_job_tries_at_a_time(house: House) -> None:
    later = timezone.now() + timedelta(minutes=5)
    none_left = {"lacks_capacity": True, "waits_for": WaitsFor.NEXT_TRY, "state_reason": "None left."}
    refused = [waiting(house, G5, next_attempt_at=later, **none_left)]
    refused += [waiting(house, G5, **none_left) for _ in range(2)]
    fresh, m5_job = waiting(house, G5), waiting(house, M5)
    assert turn(house) == [m5_job]
    assert starting.start(fresh.pk) is starting.Started.ITS_TURN
    assert reason_of(refused[0]) == "None left; 1st in line."
    assert reason_of(fresh) == f"Behind other {G5} jobs on Engine; 4th in line."
    queueing.try_sooner(house.connection, [G5])
    assert turn(house) == [refused[0], m5_job]


def test_places_of_any_number_of_jobs_take_the_same_few_queries(limited: House) -> None:
    waiting_jobs = [waiting(limited, kind, priority=n % 3) for n in range(40) for kind in (G5, M5)]
    displayed_jobs = list(
        TransformJob.objects.select_related("connection").filter(pk__in=[job.pk for job in waiting_jobs])
    )
    with CaptureQueriesContext(database) as captured:
        displayed_jobs = for_display(displayed_jobs)
    assert len(captured) == 3
    places = sorted(
        int(job.state_reason.split("; ")[1][:2].rstrip("snrt"))
        for job in displayed_jobs
        if job.instance_type == G5
    )
    assert places == list(range(1, 41))


def test_a_line_that_moves_writes_to_no_other_row(limited: House) -> None:
    jobs = [waiting(limited, G5) for _ in range(3)]
    before = list(TransformJob.objects.values_list("changed_at", flat=True).order_by("id"))
    jobs[0].move(JobState.CANCELLED, from_={JobState.WAITING})
    reconciling.next_to_start(limited.connection)
    assert "1st in line" in reason_of(jobs[1])
    after = list(TransformJob.objects.exclude(pk=jobs[0].pk).values_list("changed_at", flat=True))
    assert set(after) <= set(before)


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (112, "112th"), (1021, "1,021st")],
)
def test_places_are_said_as_people_say_them(number: int, word: str) -> None:
    assert queueing.ordinal(number) == word
