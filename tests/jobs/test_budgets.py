"""Monthly budgets: what counts, who is told and how often, which jobs wait, and the forecast of the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from jobs import tasks
from jobs.lifecycle import budgets as lifecycle
from jobs.lifecycle import reconciling
from jobs.lifecycle.queue import starting
from jobs.models import MonthlyBudget, TransformJob
from jobs.services.connections import prices
from jobs.services.errors import InvalidFields
from jobs.services.listing import budgets, spending
from jobs.services.listing.display import for_display
from jobs.services.submitting import preflight
from jobs.states import JobState, WaitsFor
from schedules.models import ScheduledRun
from schedules.services.planned_costs import count_runs
from teams.announcing import Announcement, announced
from teams.models import Activity
from tests.cast import FIELDS, House
from tests.jobs.test_costs import C5, M5, ran

pytestmark = pytest.mark.django_db
BUDGET = "/api/v1/budget/"


@pytest.fixture
def announcements() -> Iterator[list[Announcement]]:
    """What was announced."""
    messages: list[Announcement] = []

    def listen(announcement: Announcement, **_: Any) -> None:
        messages.append(announcement)

    announced.connect(listen)
    yield messages
    announced.disconnect(listen)


@pytest.fixture
def priced(house: House) -> House:
    """An hour of an instance costs a dollar."""
    prices.change(house.connection, {M5: 1}, by=house.people["bob"])
    return house


def set_budget(house: House, amount: object, **fields: Any) -> None:
    budgets.set_budget(house.team, {"amount_usd": amount, **fields}, by=house.people["alice"])


def spend(house: House, dollars: float, **fields: Any) -> TransformJob:
    """A job that ended just now and cost so much."""
    return ran(house, round(dollars * 3600), **fields)


def waiting(house: House, **fields: Any) -> TransformJob:
    """A job that no worker has tried yet."""
    return house.job(JobState.WAITING, created_at=timezone.now() - timedelta(minutes=1), **fields)


def try_to_start(job: TransformJob) -> starting.Started:
    outcome = starting.start(job.pk)
    job.refresh_from_db()
    return outcome


def at_day(monkeypatch: pytest.MonkeyPatch, day: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: day)


def test_what_counts_is_what_the_cost_page_says(priced: House) -> None:
    spend(priced, 2)
    spend(priced, 3, state=JobState.FAILED)
    spend(priced, 7, ended_at=timezone.now() - timedelta(days=32))
    spend(priced, 9, instance_type=C5)
    priced.job(JobState.IN_PROGRESS, started_at=timezone.now() - timedelta(hours=4))
    month = lifecycle.this_month()
    whole = spending.whole([priced.team], spending.Period(month, month))
    spent = lifecycle.spent_by_team([priced.team.pk], month)
    assert budgets.standing(priced.team).spent == whole.amount == spent[priced.team.pk] == 5


def test_an_admin_sets_a_budget_and_the_record_has_it_before_and_after(priced: House) -> None:
    admin = priced.api("alice")
    assert admin.get(BUDGET).json()["amount_usd"] is None
    answer = admin.put(BUDGET, {"amount_usd": 100, "past_budget": "hold"}, "application/json").json()
    assert (answer["amount_usd"], answer["warn_percent"], answer["past_budget"]) == (100.0, 80, "hold")
    assert admin.put(BUDGET, {"warn_percent": 90}, "application/json").json()["amount_usd"] == 100.0
    assert admin.delete(BUDGET).status_code == 204
    assert priced.api("vera").get(BUDGET).json()["amount_usd"] is None
    first, changed, removed = Activity.objects.filter(verb__startswith="budget.").order_by("id")
    assert first.changes == {
        "amount_usd": {"from": None, "to": "100.00"},
        "warn_percent": {"from": None, "to": 80},
        "past_budget": {"from": None, "to": "hold"},
    }
    assert changed.changes == {"warn_percent": {"from": 80, "to": 90}}
    assert removed.changes["past_budget"] == {"from": "hold", "to": None}


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_who_is_no_admin_reads_the_budget_and_cannot_change_it(priced: House, name: str) -> None:
    client = priced.api(name)
    assert client.get(BUDGET).status_code == 200
    assert client.put(BUDGET, {"amount_usd": 1}, "application/json").status_code == 403
    assert client.delete(BUDGET).status_code == 403
    assert priced.page(name).post("/costs/budget/", {"amount_usd": 1}).status_code == 403
    assert not MonthlyBudget.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_usd", 0), ("amount_usd", -1), ("amount_usd", "1e400"), ("amount_usd", 1.005), ("amount_usd", True),
        ("amount_usd", None), ("amount_usd", "NaN"), ("amount_usd", [1]), ("warn_percent", 0), ("warn_percent", 101),
        ("warn_percent", "8O"), ("warn_percent", None), ("past_budget", "stop"), ("past_budget", None),
        ("past_budget", []),
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_by_the_name_of_its_field(
    priced: House, field: str, value: object
) -> None:
    with pytest.raises(InvalidFields) as refused:
        set_budget(priced, **{"amount": 5, field: value} if field != "amount_usd" else {"amount": value})
    assert list(refused.value.fields) == [field]
    answer = priced.api("alice").put(BUDGET, {"amount_usd": 5, field: value}, "application/json")
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not MonthlyBudget.objects.exists()


def test_the_share_and_the_whole_are_told_once_each(priced: House, announcements: list[Announcement]) -> None:
    set_budget(priced, 10)
    spend(priced, 7.9)
    assert lifecycle.announce_reached() == 0
    spend(priced, 0.2)
    assert [lifecycle.announce_reached() for _ in range(3)] == [1, 0, 0]
    spend(priced, 2)
    assert [lifecycle.announce_reached() for _ in range(3)] == [1, 0, 0]
    assert [message.facts["percent"] for message in announcements] == [80, 100]
    assert announcements[0].title.startswith("80 % of the budget of $10.00 for ")
    assert announcements[1].title.startswith("The budget of $10.00 for ")
    assert {message.kind for message in announcements} == {"budget.reached"}


def test_who_is_told_that_all_is_spent_is_not_told_of_the_share_too(
    priced: House, announcements: list[Announcement]
) -> None:
    set_budget(priced, 10)
    spend(priced, 12)
    assert [lifecycle.announce_reached() for _ in range(3)] == [1, 0, 0]
    assert [message.facts["percent"] for message in announcements] == [100]


def test_a_changed_budget_is_told_again_only_where_it_is_crossed_anew(
    priced: House, announcements: list[Announcement]
) -> None:
    set_budget(priced, 10)
    spend(priced, 9)
    lifecycle.announce_reached()
    set_budget(priced, 11)
    assert lifecycle.announce_reached() == 0, "9 of 11 is past 80 % as before"
    set_budget(priced, 20)
    assert lifecycle.announce_reached() == 0
    set_budget(priced, 10)
    assert lifecycle.announce_reached() == 1
    keys = [message.key for message in announcements]
    assert len(set(keys)) == len(keys) == 2


def test_a_new_month_is_told_anew(priced: House, announcements: list[Announcement]) -> None:
    set_budget(priced, 10)
    before = lifecycle.this_month() - timedelta(days=1)
    MonthlyBudget.objects.update(warned_month=before.replace(day=1), spent_month=before.replace(day=1))
    assert lifecycle.announce_reached() == 0
    spend(priced, 10)
    assert lifecycle.announce_reached() == 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_look_at_once_tell_it_once(priced: House, announcements: list[Announcement]) -> None:
    if database.vendor == "sqlite":
        pytest.skip("writers of SQLite wait for one another")
    set_budget(priced, 10)
    spend(priced, 9)
    barrier, counts = Barrier(4), []

    def look() -> None:
        barrier.wait()
        counts.append(lifecycle.announce_reached())
        database.close()

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 1]
    assert len(announcements) == 1


def test_a_worker_that_read_the_budget_before_it_was_changed_tells_nothing(
    priced: House, announcements: list[Announcement]
) -> None:
    set_budget(priced, 10)
    spend(priced, 9)
    read_before = MonthlyBudget.objects.select_related("team").get()
    set_budget(priced, 100)
    month = lifecycle.this_month()
    assert not lifecycle._announce_if_reached(read_before, Decimal(9), month)
    assert not announcements


def test_past_a_budget_that_only_warns_jobs_start(priced: House) -> None:
    set_budget(priced, 1)
    spend(priced, 2)
    assert try_to_start(waiting(priced)) is not starting.Started.HELD


def test_past_a_budget_that_holds_a_job_waits_and_says_so(priced: House) -> None:
    set_budget(priced, 10, past_budget="hold")
    spend(priced, 9.5)
    assert try_to_start(waiting(priced)) is not starting.Started.HELD
    spend(priced, 1)
    job = waiting(priced, name="held")
    assert try_to_start(job) is starting.Started.HELD
    assert (job.state, job.waits_for) == (JobState.WAITING, WaitsFor.BUDGET)
    assert job.pk not in reconciling.overdue().start
    says = for_display([job])[0].state_reason
    assert says.startswith("The team's budget for ")
    client = priced.page("vera")
    answer = priced.api("vera").get(f"/api/v1/jobs/{job.key}/").json()
    assert answer["state_reason"] == says
    for address in ("/jobs/", f"/jobs/{job.key}/"):
        assert "is spent. It starts when an admin raises the budget" in client.get(
            address
        ).content.decode().replace("&#x27;", "'"), address
    assert "1 for the budget" in client.get("/").content.decode()


def held(house: House) -> TransformJob:
    """A job that waits for a budget of 10, of which 11 are spent."""
    set_budget(house, 10, past_budget="hold")
    spend(house, 11)
    job = waiting(house)
    assert try_to_start(job) is starting.Started.HELD
    return job


def test_a_held_job_goes_on_when_the_budget_is_raised(priced: House) -> None:
    job = held(priced)
    tasks.follow_budgets()
    job.refresh_from_db()
    assert job.waits_for == WaitsFor.BUDGET
    set_budget(priced, 12)
    job.refresh_from_db()
    assert job.waits_for == WaitsFor.TURN
    assert job.pk in reconciling.overdue().start
    assert try_to_start(job) is not starting.Started.HELD


@pytest.mark.parametrize("change", ["warn", "remove"])
def test_a_held_job_goes_on_when_the_budget_holds_nothing_any_more(priced: House, change: str) -> None:
    job = held(priced)
    if change == "remove":
        budgets.remove_budget(priced.team, by=priced.people["alice"])
    else:
        set_budget(priced, 10, past_budget="warn")
    job.refresh_from_db()
    assert job.waits_for == WaitsFor.TURN


def test_a_held_job_goes_on_when_the_month_ends(priced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = held(priced)
    tasks.follow_budgets()
    at_day(monkeypatch, timezone.now() + timedelta(days=32))
    tasks.follow_budgets()
    job.refresh_from_db()
    assert job.waits_for == WaitsFor.TURN


def test_a_job_that_is_not_billed_and_one_of_another_team_are_not_held(
    priced: House, other_house: House
) -> None:
    held(priced)
    assert try_to_start(waiting(priced, instance_type=C5)) is not starting.Started.HELD
    assert try_to_start(waiting(other_house)) is not starting.Started.HELD


def test_a_held_job_can_be_withdrawn(priced: House) -> None:
    job = held(priced)
    answer = priced.api("bob").post(f"/api/v1/jobs/{job.key}/stop/")
    assert answer.status_code in (200, 202)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_preflight_says_that_the_job_would_wait(priced: House) -> None:
    body = {**FIELDS, "connection": "engine", "model": "churn"}

    def codes() -> list[str]:
        return [finding.code for finding in preflight.run(priced.team, body).findings]

    assert "budget_spent" not in codes()
    held(priced)
    report = preflight.run(priced.team, body)
    (finding,) = [finding for finding in report.findings if finding.code == "budget_spent"]
    assert finding.level == preflight.FindingLevel.NOTE
    assert finding.reason.startswith("The team's budget of $10.00 for ")
    assert "($11.00): the job will wait until" in finding.reason


def test_without_schedules_the_forecast_goes_by_the_days_before(
    priced: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    at_day(monkeypatch, now)
    for day in range(1, 11):
        spend(priced, 3, ended_at=now - timedelta(days=day))
    standing = budgets.standing(priced.team)
    assert standing.spent == 30
    assert standing.forecast is not None
    assert (standing.forecast.per_day, standing.forecast.runs) == (3, 0)
    assert standing.forecast.amount == 60
    assert (
        standing.forecast.way == "Forecast: what is spent and $3.00 a day for jobs, as in the last 35 days."
    )


def test_too_few_days_foretell_nothing(priced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    at_day(monkeypatch, datetime(2026, 11, 2, tzinfo=UTC))
    assert budgets.standing(priced.team).forecast is None
    spend(priced, 3, ended_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert budgets.standing(priced.team).forecast is None


def test_planned_runs_count_by_what_earlier_runs_cost_and_not_twice(
    priced: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    at_day(monkeypatch, now)
    schedule = priced.schedule
    schedule.paused_at, schedule.next_run_at = None, now + timedelta(hours=6)
    schedule.save()
    for day in range(1, 11):
        at = now - timedelta(days=day)
        job = spend(priced, 2, ended_at=at)
        ScheduledRun.objects.create(schedule=schedule, due_at=at, state="started", job=job)
        spend(priced, 1, ended_at=at)
    standing = budgets.standing(priced.team)
    assert standing.forecast is not None
    assert (standing.forecast.runs, standing.forecast.planned, standing.forecast.per_day) == (10, 20, 1)
    assert standing.forecast.amount == 30 + 20 + 10
    assert standing.forecast.way == (
        "Forecast: what is spent, 10 runs that are planned, at what earlier runs cost ($20.00) and $1.00 a day for "
        "other jobs, as in the last 35 days."
    )


def test_runs_of_a_schedule_are_counted_and_very_many_are_reckoned(house: House) -> None:
    schedule = house.schedule
    start = datetime(2026, 11, 1, tzinfo=UTC)
    schedule.paused_at, schedule.next_run_at, schedule.since = None, start, start
    schedule.expression = "rate(1 day)"
    assert count_runs(schedule, start + timedelta(days=30)) == 30
    assert count_runs(schedule, start) == 0
    schedule.expression = "rate(1 minute)"
    assert count_runs(schedule, start + timedelta(days=30)) == pytest.approx(43_200, abs=2)
    schedule.end_at = start + timedelta(days=1)
    assert count_runs(schedule, start + timedelta(days=30)) == pytest.approx(1440, abs=2)
