"""What is due is taken once: on time, late, after days without Batchdeck, and by two rounds at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from kombu.transport.redis import PRIORITY_STEPS

from jobs.tasks import start_job
from schedules.lifecycle import taking
from schedules.models import Schedule, ScheduledRun
from schedules.services import scheduling
from schedules.states import PauseCause, RunState
from schedules.tasks import start_runs
from tests.cast import House
from tests.schedules.conftest import Clock

pytestmark = pytest.mark.django_db
Make = Callable[..., Schedule]
SIX = datetime(2026, 12, 2, 6, tzinfo=UTC)


def states(schedule: Schedule) -> list[tuple[str, datetime, int]]:
    """The schedule's runs, the oldest first: state, time, and the number of times each stands for."""
    return [(run.state, run.due_at, run.times) for run in schedule.runs.order_by("due_at")]


def test_nothing_is_taken_before_its_time(make_schedule: Make, clock: Clock) -> None:
    make_schedule()
    clock.at = SIX - timedelta(seconds=1)
    assert taking.take_due() is None
    assert not ScheduledRun.objects.exists()


def test_a_time_becomes_one_run_and_the_next_time_is_written(make_schedule: Make, clock: Clock) -> None:
    schedule = make_schedule()
    clock.at = SIX + timedelta(seconds=1)
    assert taking.take_due() == [schedule.runs.get().pk]
    assert taking.take_due() is None
    assert states(schedule) == [(RunState.DUE, SIX, 1)]
    schedule.refresh_from_db()
    assert schedule.next_run_at == SIX + timedelta(days=1)


def test_the_latest_of_missed_times_runs_once_and_the_others_are_told(
    make_schedule: Make, clock: Clock
) -> None:
    schedule = make_schedule()
    clock.at = SIX + timedelta(days=3, hours=2)
    taking.take_due()
    assert states(schedule) == [(RunState.MISSED, SIX, 3), (RunState.DUE, SIX + timedelta(days=3), 1)]
    missed, run = schedule.runs.order_by("due_at")
    assert run.late
    assert "2026-12-04 06:00 UTC, 3 times" in missed.reason
    schedule.refresh_from_db()
    assert schedule.next_run_at == SIX + timedelta(days=4)


def test_no_missed_time_runs_where_none_is_to_be_made_up_for(make_schedule: Make, clock: Clock) -> None:
    schedule = make_schedule(catch_up="none")
    clock.at = SIX + timedelta(days=3, hours=2)
    assert taking.take_due() == []
    assert states(schedule) == [(RunState.MISSED, SIX, 4)]
    schedule.refresh_from_db()
    assert schedule.next_run_at == SIX + timedelta(days=4)


def test_a_run_that_is_minutes_late_is_not_missed(make_schedule: Make, clock: Clock) -> None:
    schedule = make_schedule(catch_up="none")
    clock.at = SIX + timedelta(minutes=9)
    taking.take_due()
    assert states(schedule) == [(RunState.DUE, SIX, 1)]
    assert not schedule.runs.get().late


def test_a_year_of_missed_minutes_is_one_row(make_schedule: Make, clock: Clock) -> None:
    schedule = make_schedule(expression="rate(1 minute)")
    clock.at += timedelta(days=365, seconds=30)
    taking.take_due()
    missed, run = schedule.runs.order_by("due_at")
    assert (missed.state, missed.times) == (RunState.MISSED, 1000)
    assert "more than 1,000 times" in missed.reason
    assert run.due_at == clock.at - timedelta(seconds=30)
    schedule.refresh_from_db()
    assert schedule.next_run_at == run.due_at + timedelta(minutes=1)


def test_a_schedule_after_its_end_has_no_next_time(make_schedule: Make, clock: Clock) -> None:
    schedule = make_schedule(end_at=SIX + timedelta(hours=1))
    clock.at = SIX
    taking.take_due()
    schedule.refresh_from_db()
    assert schedule.next_run_at is None
    assert schedule.has_ended


def test_a_time_that_comes_again_after_a_change_is_not_run_again(make_schedule: Make, clock: Clock) -> None:
    schedule = make_schedule()
    clock.at = SIX + timedelta(seconds=1)
    taking.take_due()
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=SIX)
    assert taking.take_due() == []
    assert schedule.runs.count() == 1


def test_a_schedule_that_was_changed_meanwhile_is_left_to_the_next_round(
    make_schedule: Make, clock: Clock, house: House
) -> None:
    stale = make_schedule()
    clock.at = SIX + timedelta(seconds=1)
    stale.refresh_from_db()
    scheduling.change(stale, {"catch_up": "none"}, by=house.people["bob"])
    assert taking._take(stale, clock.at) == []
    assert taking.take_due() == [stale.runs.get().pk]


def test_a_paused_schedule_takes_nothing(make_schedule: Make, clock: Clock, house: House) -> None:
    schedule = make_schedule()
    assert scheduling.pause(schedule, by=house.people["bob"])
    clock.at = SIX + timedelta(days=1)
    assert taking.take_due() is None


def test_one_that_cannot_be_read_is_paused_and_holds_up_nobody(make_schedule: Make, clock: Clock) -> None:
    bad, good = make_schedule(), make_schedule(name="Good")
    Schedule.objects.filter(pk=bad.pk).update(expression="cron(broken)")
    clock.at = SIX
    assert taking.take_due() == [good.runs.get().pk]
    bad.refresh_from_db()
    assert bad.pause_cause == PauseCause.NO_TIMES
    assert "cron(broken)" in bad.pause_reason or "broken" in bad.pause_reason


def test_more_schedules_than_one_round_takes_are_taken_in_the_next(
    make_schedule: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "AT_ONCE", 2)
    for number in range(5):
        make_schedule(name=f"Schedule {number}")
    clock.at = SIX
    taken_ids = []
    while (run_ids := taking.take_due()) is not None:
        assert len(run_ids) <= 2
        taken_ids += run_ids
    assert len(taken_ids) == len(set(taken_ids)) == 5


def test_a_run_whose_message_was_lost_is_found_again_after_a_while(make_schedule: Make, clock: Clock) -> None:
    make_schedule()
    clock.at = SIX
    run_ids = taking.take_due()
    assert taking.overdue_runs() == []
    clock.at += taking.GRACE
    assert taking.overdue_runs() == run_ids
    assert taking.overdue_runs() == []
    clock.at += taking.GRACE
    assert taking.overdue_runs() == run_ids


def test_a_run_sent_again_does_not_wait_behind_the_starts_of_jobs() -> None:
    run, start = start_runs.priority, start_job.priority
    assert {run, start} <= set(PRIORITY_STEPS)
    assert run < start
