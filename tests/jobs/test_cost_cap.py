"""The cost cap of a job: refused where it could not hold, a warning before the stop, and what retries may spend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from jobs import queries
from jobs.lifecycle.after import retrying
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.follow import guarding
from jobs.lifecycle.queue import starting, stopping
from jobs.models import InstancePrice, JobEvent, TransformJob
from jobs.options import RunOptions
from jobs.services.connections import prices
from jobs.states import JobState
from tests.cast import FIELDS, House
from tests.jobs.following import follow, poll_now
from tests.jobs.test_guard_rails import INTERNAL, submit
from tests.jobs.test_scarce import C5, M5, house_on, start_engine
from tests.support.engine import EngineProcess
from tests.support.polling import until

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sleepy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with a model server that sleeps on demand."""
    yield from start_engine(tmp_path_factory.mktemp("sleepy"))


def guard(house: House) -> list[int]:
    return guarding.guard(house.connection, target_of(house.connection))


def warnings_of(job: TransformJob) -> list[str]:
    return [event.reason for event in queries.timeline(job) if event.kind == JobEvent.Kind.WARNING]


def running(house: House, minutes: float, **fields: Any) -> TransformJob:
    started = timezone.now() - timedelta(minutes=minutes)
    return house.job(JobState.IN_PROGRESS, started_at=started, accepted_at=started, **fields)


def test_a_job_is_warned_once_at_four_fifths_of_its_cap_and_then_stopped_with_the_reason(
    house: House,
) -> None:
    prices.change(house.connection, {M5: 6}, by=house.people["bob"])
    # Two instances at 6 dollars an hour: 0.2 dollars a minute.
    job = running(house, 39, instance_count=2, max_cost_usd=10)
    assert guard(house) == []
    assert warnings_of(job) == []
    TransformJob.objects.update(started_at=timezone.now() - timedelta(minutes=40))
    for _ in range(2):
        assert guard(house) == []
    assert warnings_of(job) == ["It has cost $8.00 of $10.00; it is stopped in 10 min."]
    TransformJob.objects.update(started_at=timezone.now() - timedelta(minutes=50))
    assert guard(house) == [job.pk]
    assert guard(house) == []
    job.refresh_from_db()
    assert job.stop_reason == "Stopped at its cost cap: it has cost $10.00 of $10.00."


def test_a_real_job_that_costs_too_much_is_stopped(sleepy: EngineProcess, settings: Any) -> None:
    house = house_on(sleepy, settings)
    prices.change(house.connection, {M5: 10_000}, by=house.people["bob"])
    job = submit(house, sleepy, RunOptions(max_cost_usd=Decimal("0.01")), body="sleep")
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow_stopping(job)
    assert job.state == JobState.STOPPED
    assert job.state_reason.startswith("Stopped at its cost cap: it has cost $")
    assert job.cost_usd is not None
    assert job.cost_usd >= Decimal("0.01")


def follow_stopping(job: TransformJob) -> TransformJob:
    """Follow it as the worker would, which brings a stop that is due to SageMaker."""

    def stopped() -> bool:
        return any(stopping.stop_remote(pk) for pk in poll_now(job.connection).to_stop)

    until(stopped, "the stop of the job")
    return follow(job)


def test_a_cap_that_could_not_hold_is_refused_by_its_field(house: House) -> None:
    body = {"connection": "engine", "model": "churn", **FIELDS, "max_cost_usd": 5}
    bob = house.api("bob")
    answer = bob.post("/api/v1/jobs/", body, "application/json")
    assert answer.status_code == 400
    assert "has no price for ml.m5.large" in answer.json()["error"]["fields"]["max_cost_usd"][0]
    prices.change(house.connection, {M5: 1}, by=house.people["bob"])
    fallback = {**body, "fallback_instance_types": [C5]}
    answer = bob.post("/api/v1/jobs/", fallback, "application/json")
    assert "has no price for ml.c5.xlarge" in answer.json()["error"]["fields"]["max_cost_usd"][0]
    answer = bob.post("/api/v1/jobs/", body, "application/json")
    assert (answer.status_code, answer.json()["max_cost_usd"]) == (201, 5.0)
    page = house.page("bob").get(f"/jobs/new/?from={answer.json()['id']}").content.decode()
    assert 'name="max_cost_usd" value="5.0"' in page


@pytest.mark.parametrize("value", [0, -1, "x", True, 0.001, 1_000_001, "Infinity", [], {}])
def test_a_cap_that_is_no_amount_is_refused_by_its_field(house: House, value: Any) -> None:
    body = {"connection": "engine", "model": "churn", **FIELDS, "max_cost_usd": value}
    answer = house.api("bob").post("/api/v1/jobs/", body, "application/json")
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (400, {"max_cost_usd"})


def test_a_cap_whose_price_went_away_says_that_it_does_not_hold(house: House) -> None:
    prices.change(house.connection, {M5: 60}, by=house.people["bob"])
    job = running(house, 1, max_cost_usd=10)
    InstancePrice.objects.all().delete()
    for _ in range(2):
        assert guard(house) == []
    assert warnings_of(job) == ["Its cost cap does not hold: Engine has no price for ml.m5.large any more."]
    prices.change(house.connection, {M5: 6000}, by=house.people["bob"])
    assert guard(house) == [job.pk]


def test_all_retries_together_stay_under_the_cap(house: House) -> None:
    past = timezone.now() - timedelta(minutes=1)
    failed = house.job(
        JobState.FAILED,
        state_reason=INTERNAL,
        max_retries=2,
        max_cost_usd=10,
        cost_usd=Decimal("7.5"),
        next_attempt_at=past,
    )
    second_attempt = TransformJob.objects.get(pk=retrying.retry(failed.pk))
    assert second_attempt.max_cost_usd == Decimal("2.5")
    assert retrying.retry_at(second_attempt, INTERNAL, Decimal("2.495")) is None
    assert retrying.retry_at(second_attempt, INTERNAL, Decimal("2.4")) is not None
