"""What a poll asks of an account: calls grow with jobs / 100, and a Describe is for what changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bench._fake_account import CREATED, FakeAccount
from jobs.models import Connection, TransformJob
from jobs.states import JobState
from tests.cast import House
from tests.jobs.following import poll_now

pytestmark = pytest.mark.django_db
COUNT = 10_000
NAMES = [f"job-{number:05}" for number in range(COUNT)]


@pytest.fixture
def account(house: House) -> Iterator[FakeAccount]:
    """An account in which 10,000 jobs run, all known as they are to the first team's connection."""
    with FakeAccount(NAMES) as account:
        Connection.objects.filter(pk=house.connection.pk).update(endpoint_url=account.url)
        template = house.job(JobState.IN_PROGRESS, name=NAMES[0])
        last_change = datetime.fromtimestamp(CREATED, UTC)
        TransformJob.objects.update(remote_modified_at=last_change, accepted_at=last_change)
        TransformJob.objects.bulk_create(
            TransformJob(
                team=house.team,
                connection=house.connection,
                model_name="churn",
                name=name,
                spec=template.spec,
                state=JobState.IN_PROGRESS,
                remote_modified_at=last_change,
                accepted_at=last_change,
            )
            for name in NAMES[1:]
        )
        yield account


def test_ten_thousand_quiet_jobs_take_a_list_call_for_each_hundred(
    house: House, account: FakeAccount
) -> None:
    assert poll_now(house.connection).problem == ""
    # A hundred full pages of those in progress, and one empty page of those that are stopping.
    assert account.calls == {"ListTransformJobs": COUNT // 100 + 1}


def test_only_the_jobs_that_changed_are_described(house: House, account: FakeAccount) -> None:
    account.jobs |= {
        NAMES[1]: ("InProgress", CREATED + 60),
        NAMES[2]: ("Failed", CREATED + 60),
        NAMES[3]: ("Stopping", CREATED + 60),
    }
    polled = poll_now(house.connection)
    assert polled.problem == ""
    assert account.calls["DescribeTransformJob"] == 3
    assert [TransformJob.objects.get(pk=pk).name for pk in polled.ended] == [NAMES[2]]
    assert TransformJob.objects.get(name=NAMES[3]).state == JobState.STOPPING
