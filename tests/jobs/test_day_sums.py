"""Sums by day are those of the jobs, whatever happens to jobs in whatever order, and whoever writes meanwhile."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone

from jobs import queries
from jobs.filtering import JobFilter
from jobs.lifecycle import summing
from jobs.models import Connection, DaySum, Dimension, TransformJob
from jobs.services.attempts import archiving
from jobs.services.connections import prices
from jobs.services.listing import spending
from jobs.states import FAILURES, RAN, REMOTE, TERMINAL, JobState, Origin
from tests.cast import House
from tests.support.workers import run, run_at_once, surroundings

pytestmark = pytest.mark.django_db
TYPES = ("ml.m5.large", "ml.c5.xlarge", "ml.g5.xlarge")
CAUSES = ("wrong-columns", "out-of-memory", "unknown")
#: Ends of jobs around the turns of days and months of UTC.
ENDS = [
    datetime(2026, 5, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2026, 6, 1, tzinfo=UTC),
    datetime(2026, 6, 30, 22, 30, tzinfo=UTC),
    datetime(2026, 7, 1, 0, 0, 1, tzinfo=UTC),
]


class History:
    """Random events in the life of a team's jobs."""

    def __init__(self, house: House, luck: int) -> None:
        self.house = house
        self.dice = random.Random(luck)
        self.aws = Connection.objects.create(
            team=house.team, slug="aws", name="AWS", kind="aws", region="eu-west-1"
        )
        self.events = [
            self.submit,
            self.end,
            self.end,
            self.attempt,
            self.price,
            self.archive,
            self.explain,
            self.erase,
        ]

    def go_on(self, events: int) -> None:
        """Let this many things happen."""
        for _ in range(events):
            self.dice.choice(self.events)()

    def any_job(self, **columns: Any) -> TransformJob | None:
        jobs = list(TransformJob.objects.filter(team=self.house.team, **columns).order_by("id"))
        return self.dice.choice(jobs) if jobs else None

    def submit(self) -> None:
        spec = {
            "model_name": "churn",
            "tags": self.dice.choice([{}, {"team": "crm"}, {"team": "risk", "It's": 'ö"'}]),
        }
        self.house.job(
            self.dice.choice([JobState.WAITING, JobState.IN_PROGRESS, JobState.REJECTED]),
            name=f"job-{self.dice.getrandbits(60):x}",
            connection=self.dice.choice([self.house.connection, self.aws]),
            model_name=self.dice.choice(["churn", "fraud", "O'Hara"]),
            instance_type=self.dice.choice(TYPES),
            submitted_by=self.dice.choice([*self.house.people.values(), None]),
            origin=self.dice.choice([Origin.NEW, Origin.NEW, Origin.TRIAL]),
            ended_at=self.dice.choice([None, *ENDS]),
            spec=spec,
            records=self.dice.choice([None, 0, 12]),
        )

    def end(self) -> None:
        job = self.any_job(state__in=REMOTE)
        if job is None:
            return
        ended, started = self.dice.choice(ENDS), self.dice.random() < 0.8
        seconds = self.dice.choice([None, 60, 3601])
        cost = (
            Decimal(self.dice.randrange(1, 10**7)) / 10**6 if seconds and self.dice.random() < 0.6 else None
        )
        job.move(
            self.dice.choice(sorted(RAN)),
            from_=REMOTE,
            ended_at=ended,
            started_at=ended - timedelta(hours=1) if started else None,
            instance_seconds=seconds,
            cost_usd=cost,
        )

    def attempt(self) -> None:
        first = self.any_job(root=None, state__in=RAN)
        if first is None:
            return
        TransformJob.objects.create(
            team=first.team,
            connection=first.connection,
            model_name=first.model_name,
            name=f"again-{self.dice.getrandbits(60):x}",
            spec=first.spec,
            instance_type=self.dice.choice(TYPES),
            origin=Origin.RETRY,
            root=first,
            attempt=queries.attempts(first).count() + 1,
            state=JobState.IN_PROGRESS,
        )

    def price(self) -> None:
        connection = self.dice.choice([self.house.connection, self.aws])
        by = next(iter(self.house.people.values()))
        prices.change(connection, {self.dice.choice(TYPES): self.dice.choice([None, 0.115, 7])}, by=by)

    def archive(self) -> None:
        job = self.any_job(root=None, overall_state__in=TERMINAL)
        by = next(iter(self.house.people.values()))
        if job is not None:
            (archiving.restore if job.archived_at else archiving.archive)(job, by=by)

    def explain(self) -> None:
        job = self.any_job(state__in=FAILURES)
        if job is not None:
            TransformJob.objects.filter(pk=job.pk).update(cause=self.dice.choice(CAUSES))
            queries.settle(job)

    def erase(self) -> None:
        job = self.any_job(root=None, joint_state=None)
        if job is not None and self.dice.random() < 0.3:
            job.delete()


def expected_costs(house: House) -> Counter[tuple[date, str, str]]:
    """The attempts that ran, added up one by one."""
    costs: Counter[tuple[date, str, str]] = Counter()
    for job in TransformJob.objects.filter(team=house.team).select_related("connection"):
        if job.state in RAN and job.started_at and job.ended_at:
            month = job.ended_at.astimezone(UTC).date().replace(day=1)
            costs[month, job.model_name, job.connection.slug] += int((job.cost_usd or 0) * 10**6)
    return +costs


def read_costs(house: House) -> Counter[tuple[date, str, str]]:
    rows = spending.totals([house.team], ["month", "model", "connection"])
    return +Counter(
        {
            (row.keys["month"], row.keys["model"], row.keys["connection"]): int((row.amount or 0) * 10**6)
            for row in rows
        }
    )


def check(house: House) -> None:
    assert summing.differences(house.team.pk) == []
    assert read_costs(house) == expected_costs(house)
    assert queries.failures_matching(house.team, JobFilter()) == queries.failures(
        queries.jobs(house.team, JobFilter(trial="false"))
    )


@pytest.mark.parametrize("luck", range(6))
def test_sums_are_those_of_the_jobs_after_any_history(house: House, other_house: House, luck: int) -> None:
    history = History(house, luck)
    for number in range(5):
        history.go_on(25)
        check(house)
        if number % 2:
            summing.merge()
            check(house)
    summing.merge()
    assert not DaySum.objects.filter(is_change=True).exists()
    keys = DaySum.objects.values_list("team", "dimension", "day", "model_name", "connection", "value")
    assert len(set(keys)) == len(keys), "one row for each sum"
    written = sorted(
        DaySum.objects.filter(attempts__gt=0).values_list(*[f.attname for f in DaySum._meta.fields][1:]),
        key=str,
    )
    summing.fill(house.team.pk)
    check(house)
    refilled = sorted(
        DaySum.objects.filter(attempts__gt=0).values_list(*[f.attname for f in DaySum._meta.fields][1:]),
        key=str,
    )
    assert written == refilled
    assert not DaySum.objects.for_team(other_house.team).exists()


def test_every_owner_type_and_tag_has_its_sums(house: House) -> None:
    ended = ENDS[1]
    for number, tags in enumerate([{"team": "crm"}, {"team": "crm", "run": "7"}, {}]):
        job = house.job(
            JobState.IN_PROGRESS, instance_type=TYPES[number % 2], spec={"model_name": "churn", "tags": tags}
        )
        cost: dict[str, Any] = {
            "started_at": ended,
            "ended_at": ended,
            "instance_seconds": 60,
            "cost_usd": Decimal("0.5"),
        }
        assert job.move(JobState.COMPLETED, from_=REMOTE, **cost)

    def of(dimension: Dimension) -> dict[str, tuple[int, int]]:
        rows = DaySum.objects.for_team(house.team).filter(dimension=dimension, day=date(2026, 6, 1))
        sums = rows.values_list("value").annotate(Sum("completed"), Sum("millionths"))
        return {value: (completed, millionths) for value, completed, millionths in sums}

    assert of(Dimension.TAG) == {"team=crm": (2, 1_000_000), "run=7": (1, 500_000)}
    assert of(Dimension.INSTANCE_TYPE) == {TYPES[0]: (2, 1_000_000), TYPES[1]: (1, 500_000)}
    assert of(Dimension.OWNER) == {str(house.people["alice"].pk): (3, 1_500_000)}
    assert of(Dimension.MODEL) == {"": (3, 1_500_000)}


def test_triggers_that_were_missing_are_made_and_the_sums_filled(house: House) -> None:
    summing._drop(summing._trigger_names())
    History(house, 3).go_on(40)
    summing.make_triggers()
    check(house)
    rows = DaySum.objects.count()
    assert rows
    summing.make_triggers()
    house.job(JobState.REJECTED, ended_at=timezone.now())
    check(house)


def test_the_command_names_sums_that_differ_and_repairs_them(house: House) -> None:
    History(house, 4).go_on(60)
    DaySum.objects.filter(team=house.team, dimension=Dimension.OWNER).first().delete()  # type: ignore[union-attr]
    out = StringIO()
    with pytest.raises(CommandError, match="--repair"):
        call_command("check_sums", stdout=out)
    assert "first: " in out.getvalue()
    assert "owner" in out.getvalue()
    call_command("check_sums", "--repair", stdout=out)
    call_command("check_sums", stdout=out)
    assert out.getvalue().endswith("All sums are those of the jobs.\n")


SEED = """
from django.core.management import call_command
from jobs.states import JobState
from tests.cast import make_house
call_command("migrate", verbosity=0)
house = make_house("crowd", {"ann": "admin"})
for number in range(60):
    house.job(JobState.IN_PROGRESS, name=f"crowd-{number}")
"""
PREPARE = """
from datetime import UTC, datetime
from decimal import Decimal
from jobs.lifecycle import summing
from jobs.models import TransformJob
from jobs.states import REMOTE, JobState
from teams.models import Team
team = Team.objects.get()
at = datetime(2026, 6, 1, tzinfo=UTC)
"""
WORK = """
for number, job in enumerate(TransformJob.objects.order_by("id")):
    cost = {"started_at": at, "ended_at": at, "instance_seconds": 60, "cost_usd": Decimal("0.25")}
    if job.move(JobState.COMPLETED, from_=REMOTE, **cost):
        TransformJob.objects.filter(pk=job.pk).update(cost_usd=Decimal("0.5"))
    if number % 3 == 0:
        summing.merge()
    if number % 10 == 0:
        summing.fill(team.pk)
"""
COUNT = """
from jobs.lifecycle import summing
from jobs.services.listing import spending
from teams.models import Team
team = Team.objects.get()
print(spending.whole([team]).amount, spending.whole([team]).jobs, summing.differences(team.pk))
"""


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_lose_nothing_while_sums_are_merged_and_filled(tmp_path: Path) -> None:
    env = surroundings(tmp_path)
    run(SEED, env)
    run_at_once(PREPARE, WORK, env)
    assert run(COUNT, env).split() == ["30.000000", "60", "[]"]
    run("from jobs.lifecycle import summing\nsumming.merge()", env)
    assert run(COUNT, env).split() == ["30.000000", "60", "[]"]
