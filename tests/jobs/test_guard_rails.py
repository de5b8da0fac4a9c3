"""Deadlines and silences of running jobs, and failed jobs that are submitted again by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from failures import FailureKind
from jobs import queries
from jobs.lifecycle import reconciling
from jobs.lifecycle.after import retrying
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.follow import guarding
from jobs.lifecycle.queue import starting, stopping
from jobs.models import JobEvent, TransformJob
from jobs.options import RunOptions
from jobs.services.attempts import attempts
from jobs.services.submitting import submission
from jobs.states import JobState
from tests.cast import House
from tests.engine.resources import create_model, put, unique
from tests.engine.transforms import container
from tests.jobs.following import follow, poll_now
from tests.jobs.test_scarce import M5, P3, house_on, start_engine
from tests.support.engine import EngineProcess
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db
INTERNAL = "InternalServerError: We encountered an internal error.  Please try again."


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine without any ml.p3.2xlarge."""
    yield from start_engine(tmp_path_factory.mktemp("scarce"), ENGINE_NO_CAPACITY=P3)


def submit(
    house: House, engine: EngineProcess, terms: RunOptions, body: str = "x", kind: str = M5
) -> TransformJob:
    spec = TransformSpec(
        model_name=create_model(engine, PrimaryContainer=container(engine)),
        data=put(engine, f"{unique('in')}/rows", f"{body}\n".encode()),
        output_path=f"s3://engine-tests/{unique('out')}/",
        instance_type=kind,
    )
    return submission.submit(house.connection, spec, terms, by=house.people["bob"])


def warnings_of(job: TransformJob) -> list[str]:
    return [event.reason for event in queries.timeline(job) if event.kind == JobEvent.Kind.WARNING]


def test_a_job_is_warned_of_its_deadline_once_and_then_stopped_with_the_reason(
    scarce: EngineProcess, settings: Any
) -> None:
    house = house_on(scarce, settings)
    job = submit(house, scarce, RunOptions(deadline_minutes=10, max_idle_minutes=60), body="sleep")
    assert starting.start(job.pk) is starting.Started.RUNNING
    assert poll_now(house.connection).to_stop == []
    assert warnings_of(job) == []
    rows = TransformJob.objects.filter(pk=job.pk)
    rows.update(accepted_at=timezone.now() - timedelta(minutes=8))
    for _ in range(2):
        guarding.guard(house.connection, target_of(house.connection))
    assert warnings_of(job) == ["It is stopped in 2 min, when its 10 min are over."]
    rows.update(accepted_at=timezone.now() - timedelta(minutes=10))
    assert guarding.guard(house.connection, target_of(house.connection)) == [job.pk]
    assert stopping.stop_remote(job.pk)
    job = follow(job)
    assert job.state == JobState.STOPPED
    assert job.state_reason == "Stopped at its deadline, 10 min after SageMaker accepted it."


def test_a_stop_whose_message_was_lost_is_found(house: House) -> None:
    now = timezone.now()
    job = house.job(JobState.IN_PROGRESS, deadline_minutes=1, accepted_at=now - timedelta(minutes=2))
    assert guarding.guard(house.connection, target_of(house.connection)) == [job.pk]
    assert guarding.guard(house.connection, target_of(house.connection)) == []
    TransformJob.objects.update(stop_requested_at=now - timedelta(minutes=1))
    assert reconciling.overdue().stop == [job.pk]


def test_a_silent_job_is_warned_and_then_stopped(real: House, engine: EngineProcess) -> None:
    put(engine, "silent/rows")
    long_ago = timezone.now() - timedelta(minutes=9)
    job = real.job(JobState.IN_PROGRESS, name=unique("silent"), max_idle_minutes=10, started_at=long_ago)
    TransformJob.objects.update(spec={**job.spec, "output_path": "s3://engine-tests/silent-out/"})
    assert guarding.guard(real.connection, target_of(real.connection)) == []
    assert [text[:31] for text in warnings_of(job)] == ["No output and no log line since"]
    TransformJob.objects.update(started_at=timezone.now() - timedelta(minutes=10))
    assert guarding.guard(real.connection, target_of(real.connection)) == [job.pk]
    job.refresh_from_db()
    assert job.stop_reason == "Stopped: for 10 min there was no output and no log line."


def test_a_line_in_the_log_is_a_sign_of_life(scarce: EngineProcess, settings: Any) -> None:
    house = house_on(scarce, settings)
    job = follow_until_completed(house, scarce)
    # As if it still ran, and nobody had looked since it began long ago.
    long_ago = timezone.now() - timedelta(minutes=30)
    rows = TransformJob.objects.filter(pk=job.pk)
    rows.update(state=JobState.IN_PROGRESS, started_at=long_ago, progress_at=None, idle_warned=True)
    assert guarding.guard(house.connection, target_of(house.connection)) == []
    job.refresh_from_db()
    assert job.progress_at is not None
    assert timezone.now() - job.progress_at < timedelta(minutes=5)
    assert (job.idle_warned, warnings_of(job)) == (False, [])


def follow_until_completed(house: House, engine: EngineProcess) -> TransformJob:
    job = submit(house, engine, RunOptions(max_idle_minutes=10))
    starting.start(job.pk)
    job = follow(job)
    assert job.state == JobState.COMPLETED
    return job


def test_a_job_whose_log_cannot_be_asked_for_is_left_alone(house: House) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    job = house.job(JobState.IN_PROGRESS, max_idle_minutes=10, started_at=long_ago)
    assert guarding.guard(house.connection, target_of(house.connection)) == []
    assert warnings_of(job) == []


def test_a_job_without_capacity_is_submitted_again_on_its_fallback(
    scarce: EngineProcess, settings: Any
) -> None:
    house = house_on(scarce, settings)
    job = submit(house, scarce, RunOptions(fallback_instance_types=(M5,), max_retries=2), kind=P3)
    starting.start(job.pk)
    job = follow(job)
    assert (job.state, job.state_reason[:14]) == (JobState.FAILED, "CapacityError:")
    assert retrying.due_retries() == [job.pk]
    second_attempt = TransformJob.objects.get(pk=retrying.retry(job.pk))
    assert (
        second_attempt.attempt,
        second_attempt.root,
        second_attempt.instance_type,
        second_attempt.max_retries,
    ) == (2, job, M5, 1)
    assert f"asks for {M5} instead of {P3}" in queries.timeline(second_attempt)[0].reason
    assert queries.timeline(job)[-1].reason == f"Submitted again as {second_attempt.name}."
    assert retrying.due_retries() == []
    assert retrying.retry(job.pk) is None
    assert starting.start(second_attempt.pk) is starting.Started.RUNNING
    assert follow(second_attempt).state == JobState.COMPLETED


def test_a_fault_of_sagemakers_own_passes_after_a_while_on_the_same_type(house: House) -> None:
    job = house.job(max_retries=1, fallback_instance_types=["ml.c5.xlarge"])
    due = retrying.retry_at(job, INTERNAL)
    assert due is not None
    assert timedelta(seconds=50) < due - timezone.now() <= retrying.PAUSE
    assert retrying.next_type(job, FailureKind.INTERNAL) == M5


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        (INTERNAL, {"max_retries": 0}),
        ("AlgorithmError: See job logs for more information", {"max_retries": 3}),
        (INTERNAL, {"max_retries": 3, "stop_requested_at": timezone.now()}),
    ],
)
def test_other_failures_jobs_without_retries_and_stopped_ones_are_left(
    house: House, reason: str, fields: dict[str, Any]
) -> None:
    assert retrying.retry_at(house.job(**fields), reason) is None


def test_a_job_that_a_person_has_run_again_is_not_retried(house: House) -> None:
    past = timezone.now() - timedelta(minutes=1)
    job = house.job(JobState.FAILED, state_reason=INTERNAL, max_retries=1, next_attempt_at=past)
    attempts.retry(job, by=house.people["bob"])
    assert retrying.due_retries() == [job.pk]
    assert retrying.retry(job.pk) is None
    assert retrying.due_retries() == []
    assert TransformJob.objects.count() == 2


def test_the_api_tells_notes_and_warnings_in_the_timeline_and_only_moves_as_events(house: House) -> None:
    job = house.job()
    job.move(JobState.SUBMITTING, from_={JobState.WAITING})
    job.note("Told in between.")
    job.note("Take care.", JobEvent.Kind.WARNING)
    answer = house.api("vera").get(f"/api/v1/jobs/{job.key}/").json()
    assert [entry["kind"] for entry in answer["timeline"]] == ["move", "note", "warning"]
    assert [entry["to_state"] for entry in answer["events"]] == ["SUBMITTING"]
    page = house.page("vera").get(f"/jobs/{job.key}/").content.decode()
    assert "Take care." in page
    assert "is-warning" in page
