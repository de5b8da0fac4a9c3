"""Teams with connections to the same account or engine: they take turns where its quota is the bottleneck."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.lifecycle import reconciling
from jobs.lifecycle.queue import queueing, starting
from jobs.models import Connection, Quotas, TransformJob
from jobs.services.listing.display import for_display
from jobs.states import JobState, WaitsFor
from tests.cast import House

pytestmark = pytest.mark.django_db
G5, M5 = "ml.g5.xlarge", "ml.m5.large"


@pytest.fixture
def shared(house: House, other_house: House) -> tuple[House, House]:
    """Two teams on one engine with a quota of four ml.g5.xlarge."""
    Quotas.objects.create(
        connection=house.connection,
        instances_per_type={G5: 4},
        read_at=timezone.now(),
        tried_at=timezone.now(),
    )
    return house, other_house


def waiting(house: House, instance_type: str = G5, **fields: Any) -> TransformJob:
    return house.job(
        instance_type=instance_type,
        **{"waits_for": WaitsFor.TURN, "state_reason": queueing.ITS_TURN, **fields},
    )


def reasons_of(*jobs: TransformJob) -> list[str]:
    displayed_jobs = list(
        TransformJob.objects.select_related("connection").filter(pk__in=[job.pk for job in jobs])
    )
    displayed_jobs = for_display(displayed_jobs)
    return [
        next(displayed_job.state_reason for displayed_job in displayed_jobs if displayed_job.pk == job.pk)
        for job in jobs
    ]


def turn(house: House) -> list[TransformJob]:
    return queueing.next_in_line(house.connection, 100)


def test_a_team_that_came_later_has_its_share(shared: tuple[House, House]) -> None:
    first, second = shared
    many = [waiting(first) for _ in range(10)]
    few = [waiting(second) for _ in range(2)]
    assert turn(first) == turn(second) == [many[0], few[0], many[1], few[1]]


def test_a_place_that_becomes_free_goes_to_the_team_that_has_less(shared: tuple[House, House]) -> None:
    first, second = shared
    running = [first.job(JobState.IN_PROGRESS, instance_type=G5) for _ in range(4)]
    mine, theirs = waiting(first), waiting(second)
    assert turn(first) == []
    TransformJob.objects.filter(pk=running[0].pk).update(state=JobState.COMPLETED)
    # Whoever's job ended, the free place is the other team's.
    assert reconciling.next_after(first.connection.pk, [running[0].pk]) == [theirs.pk]
    assert starting.start(mine.pk) is starting.Started.ITS_TURN
    assert starting.start(theirs.pk) is not starting.Started.ITS_TURN


def test_a_waiting_job_says_its_place_among_all_teams(shared: tuple[House, House]) -> None:
    first, second = shared
    for _ in range(3):
        first.job(JobState.IN_PROGRESS, instance_type=G5)
    second.job(JobState.IN_PROGRESS, instance_type=G5)
    mine = [waiting(first) for _ in range(2)]
    theirs = [waiting(second) for _ in range(3)]
    full = f"4 of 4 {G5} of the account's quota in use"
    # The first team has three and the second one, so the second comes first until both have three.
    assert reasons_of(*theirs) == [
        f"{full}; {place} in line, as teams take turns." for place in ("1st", "2nd", "4th")
    ]
    assert reasons_of(*mine) == [f"{full}; {place} in line, as teams take turns." for place in ("3rd", "5th")]


def test_priorities_count_within_a_team(shared: tuple[House, House]) -> None:
    first, second = shared
    low, high = waiting(first), waiting(first, priority=10)
    theirs = waiting(second)
    Quotas.objects.update(instances_per_type={G5: 2})
    assert turn(first) == [high, theirs]
    assert low not in turn(first)


def test_a_team_that_is_held_up_by_its_own_limit_holds_up_nobody(shared: tuple[House, House]) -> None:
    first, second = shared
    Connection.objects.filter(pk=first.connection.pk).update(max_running=1)
    first.job(JobState.IN_PROGRESS, instance_type=M5)
    waiting(first)
    theirs = [waiting(second) for _ in range(5)]
    assert turn(second) == theirs[:4]


def test_what_one_team_was_refused_does_not_hold_up_another(shared: tuple[House, House]) -> None:
    first, second = shared
    refused = waiting(first, lacks_capacity=True, waits_for=WaitsFor.NEXT_TRY, state_reason="None left.")
    behind, theirs = waiting(first), waiting(second)
    assert turn(first) == [refused, theirs]
    assert starting.start(behind.pk) is starting.Started.ITS_TURN


def test_accounts_and_regions_share_nothing_with_others(house: House, other_house: House) -> None:
    Quotas.objects.create(connection=house.connection, instances_per_type={G5: 1}, read_at=timezone.now())
    Connection.objects.filter(pk=other_house.connection.pk).update(endpoint_url="http://127.0.0.1:10")
    other_house.connection.refresh_from_db()
    mine, theirs = waiting(house), [waiting(other_house) for _ in range(2)]
    assert turn(house) == [mine]
    assert turn(other_house) == theirs


def test_a_job_made_elsewhere_counts_once_though_several_teams_show_it(shared: tuple[House, House]) -> None:
    for house in shared:
        house.job(JobState.IN_PROGRESS, instance_type=G5, instance_count=3, external=True, name="elsewhere")
    first, second = shared
    mine, _ = waiting(first), waiting(second)
    assert turn(first) == turn(second) == [mine]


def test_several_connections_of_a_team_are_one_team(shared: tuple[House, House]) -> None:
    first, second = shared
    Quotas.objects.update(instances_per_type={G5: 2})
    twin = Connection.objects.create(
        team=first.team, slug="twin", name="Twin", kind="engine", endpoint_url=first.connection.endpoint_url
    )
    mine = [waiting(first), waiting(first, connection=twin)]
    theirs = waiting(second)
    assert turn(first) == [mine[0], theirs]


def test_places_of_any_number_of_jobs_and_teams_take_the_same_few_queries(
    shared: tuple[House, House],
) -> None:
    first, _ = shared
    for _ in range(4):
        first.job(JobState.IN_PROGRESS, instance_type=G5)
    jobs = [waiting(house) for house in shared for _ in range(30)]
    displayed_jobs = list(
        TransformJob.objects.select_related("connection").filter(pk__in=[job.pk for job in jobs])
    )
    with CaptureQueriesContext(database) as captured:
        displayed_jobs = for_display(displayed_jobs)
    assert len(captured) == 4
    assert sum("; 1st in line, as teams take turns." in job.state_reason for job in displayed_jobs) == 1
