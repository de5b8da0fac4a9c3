"""The rate at which SageMaker is called: one bucket for an account and region, whoever calls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from aws import transforms
from bench._fake_account import FakeAccount
from jobs.lifecycle import reconciling
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.follow import polling
from jobs.lifecycle.queue import pacing, starting, stopping
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import CallBudget, Connection, TransformJob
from jobs.services.listing.display import for_display
from jobs.states import JobState
from tests.cast import House
from tests.jobs.following import poll_now
from tests.support.workers import run, run_at_once, surroundings

RATE = 20
WORKERS = 4
WHY = "SageMaker is called at most 0.01 times a second in Engine, and no call is left now."

MAKE_TABLE = """
from django.db import connection
from jobs.models import CallBudget
with connection.schema_editor() as schema:
    schema.create_model(CallBudget)
"""
#: A process that asks for a job again and again, for four seconds.
PREPARE = """
import sys, time
from aws import transforms
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import Connection
connection = Connection(pk=1, kind="engine", endpoint_url=sys.argv[1], name="Engine")
"""
ACT = """
end = time.monotonic() + 4
with asking(connection, Pace.FIRST) as target:
    while time.monotonic() < end:
        transforms.describe(target, "job")
"""

EMPTY_BUCKET = """
import time
from jobs.models import CallBudget
now = time.time()
CallBudget.objects.create(place="bucket", full_at=now + {size} / {rate})
print(now)
"""
#: Takes calls for three seconds; prints how many, when it was refused last, and when it ended.
TAKE = """
import time
from jobs.models import CallBudget
count, refused_at, end = 0, 0.0, time.time() + 3
while (now := time.time()) < end:
    if CallBudget.take("bucket", rate={rate}, size={size}):
        count += 1
    else:
        refused_at = now
        time.sleep(0.01)
print(count, refused_at, time.time())
"""


class TimedAccount(FakeAccount):
    """Notes when each call came."""

    times: list[float]

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.times.append(time.monotonic())
        return super().answer(operation, parameters)


@pytest.mark.django_db(transaction=True)
def test_several_processes_together_keep_to_the_rate(tmp_path: Path, engine_keys: Path) -> None:
    keys = {"BATCHDECK_ENGINE_CREDENTIALS": str(engine_keys), "BATCHDECK_ENGINE_RATE": str(RATE)}
    env = surroundings(tmp_path, **keys)
    if "DATABASE_URL" not in env:
        run(MAKE_TABLE, env)
    with TimedAccount(["job"]) as account:
        account.times = []
        run_at_once(PREPARE, ACT, env, account.url, count=WORKERS)
    times = account.times
    burst = RATE * pacing.BURST
    # In no second more than the rate, beside what the full bucket held and what was on its way when a busy machine
    # stood still.
    for first, began in enumerate(times):
        within = sum(1 for at in times[first:] if at <= began + 1)
        assert within <= RATE + burst + WORKERS
    lasted = times[-1] - times[0]
    assert len(times) <= RATE * (lasted + 0.5) + burst + WORKERS


@pytest.mark.django_db(transaction=True)
def test_no_call_is_lost_when_several_processes_take_from_an_empty_bucket(tmp_path: Path) -> None:
    env = surroundings(tmp_path)
    if "DATABASE_URL" not in env:
        run(MAKE_TABLE, env)
    # A minute of the rate fits in: nothing runs over while a busy machine stands still.
    size = RATE * 60
    empty_at = float(run(EMPTY_BUCKET.format(size=size, rate=RATE), env))
    reports = run_at_once("", TAKE.format(size=size, rate=RATE), env, count=WORKERS)
    count = sum(int(report.split()[0]) for report in reports)
    refused_at = max(float(report.split()[1]) for report in reports)
    ended_at = max(float(report.split()[2]) for report in reports)
    assert RATE * (refused_at - empty_at) - 1 <= count <= RATE * (ended_at - empty_at) + 1


@pytest.fixture
def empty(house: House, settings: Any) -> House:
    """Alice's team, where nobody may call SageMaker for minutes."""
    settings.ENGINE_RATE = 0.01
    drain(house.connection)
    return house


def drain(connection: Connection) -> None:
    while CallBudget.take(connection.place, rate=0.01, size=1):
        pass


@pytest.mark.django_db
def test_a_job_stays_waiting_and_says_why_and_is_found_again(empty: House) -> None:
    job = empty.job()
    begun = time.monotonic()
    assert starting.start(job.pk) is starting.Started.PACED
    assert time.monotonic() - begun < 1
    job.refresh_from_db()
    assert (job.state, job.state_reason, job.tries, job.events.count()) == (JobState.WAITING, WHY, 0, 0)
    assert for_display([job])[0].state_reason == WHY
    assert reconciling.next_to_start(empty.connection) == [job.pk]
    CallBudget.objects.all().delete()
    # There is room again: it gets as far as the closed port.
    assert starting.start(job.pk) is starting.Started.LATER


@pytest.mark.django_db
def test_a_poll_without_room_is_no_problem_of_the_connection(empty: House) -> None:
    job = empty.job(JobState.IN_PROGRESS)
    begun = time.monotonic()
    polled = poll_now(empty.connection)
    # The next call's turn would be minutes away.
    assert time.monotonic() - begun < pacing.PATIENCE + 20
    assert (polled.cut_short, polled.problem, polled.ended) == (True, "", [])
    empty.connection.refresh_from_db()
    assert (empty.connection.last_error, empty.connection.poll_lease_until) == ("", None)
    job.refresh_from_db()
    assert job.state == JobState.IN_PROGRESS


@pytest.mark.django_db
def test_a_stop_without_room_is_sent_later(empty: House) -> None:
    job = empty.job(JobState.IN_PROGRESS, stop_requested_at="2026-01-01T00:00:00Z")
    assert stopping.stop_remote(job.pk) is False
    assert reconciling.overdue().stop == [job.pk]


@pytest.mark.django_db
def test_polls_leave_a_part_of_the_bucket_to_those_who_create_and_stop() -> None:
    call_count = 0
    while CallBudget.take("here", rate=0.01, size=8, leave=2):
        call_count += 1
    assert call_count == 6
    assert [CallBudget.take("here", rate=0.01, size=8) for _ in range(3)] == [True, True, False]
    assert CallBudget.has_one("here", rate=0.01, size=8) is False
    assert CallBudget.take("elsewhere", rate=0.01, size=8)


@pytest.mark.django_db
def test_a_clock_that_was_set_back_stops_nobody() -> None:
    CallBudget.objects.create(place="here", full_at=time.time() + 3600)
    assert CallBudget.has_one("here", rate=10, size=20)
    assert CallBudget.take("here", rate=10, size=20)
    assert CallBudget.objects.get().full_at < time.time() + 60


@pytest.mark.django_db
def test_connections_share_a_bucket_by_account_and_region_or_engine(house: House, other_house: House) -> None:
    assert house.connection.place == other_house.connection.place

    def aws(account: str, region: str = "eu-west-1", **fields: Any) -> Connection:
        return Connection(kind="aws", region=region, account_id=account, **fields)

    assert aws("1" * 12, pk=8).place == aws("1" * 12, pk=9).place
    assert aws("1" * 12).place not in {aws("1" * 12, "us-east-1").place, aws("2" * 12).place}
    assert aws("", pk=8).place != aws("", pk=9).place


@pytest.mark.django_db
def test_calls_that_a_person_waits_for_are_not_held(empty: House) -> None:
    with FakeAccount(["job"]) as account, asking(Connection(kind="engine", endpoint_url=account.url)) as to:
        assert transforms.describe(to, "job") is not None


@pytest.mark.django_db
def test_no_more_is_listed_than_there_is_room_for_and_the_next_poll_sees_the_rest(
    house: House, settings: Any
) -> None:
    names = [f"job-{number}" for number in range(3)]
    with FakeAccount(names) as account:
        Connection.objects.update(endpoint_url=account.url)
        house.connection.refresh_from_db()
        for name in names:
            house.job(JobState.IN_PROGRESS, name=name)
        account.jobs |= dict.fromkeys(names, ("Failed", 1760000100.0))
        settings.ENGINE_RATE = 0.01
        assert poll_now(house.connection).cut_short
        settings.ENGINE_RATE = 1000
        assert len(poll_now(house.connection).ended) == len(names)
    assert not TransformJob.objects.filter(state=JobState.IN_PROGRESS).exists()


def test_the_steps_end_before_a_task_is_ended_for_them(settings: Any) -> None:
    assert pacing.STEP + pacing.PATIENCE < settings.CELERY_TASK_SOFT_TIME_LIMIT
    assert Pace.AFTER.value > Pace.FIRST.value
    assert polling.SECONDS < pacing.STEP
