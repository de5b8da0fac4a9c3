"""What a run does when its turn comes: it submits one job, waits, is skipped, or says why it cannot start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import TransformJob
from jobs.states import JobState
from schedules.lifecycle import starting
from schedules.models import Schedule, ScheduledRun
from schedules.services import scheduling
from schedules.states import PauseCause, RunState
from teams.models import Activity, Membership, Role
from tests.cast import House

pytestmark = pytest.mark.django_db
Make = Callable[..., Schedule]


def due(schedule: Schedule, at: datetime | None = None) -> ScheduledRun:
    """A run of the schedule that is due."""
    return ScheduledRun.objects.create(schedule=schedule, due_at=at or timezone.now())


def start(run: ScheduledRun) -> ScheduledRun:
    """Try to start the run, and read it again."""
    starting.start(run.pk)
    run.refresh_from_db()
    return run


def test_a_run_submits_the_presets_job_for_the_person_who_changed_the_schedule_last(
    make_schedule: Make, house: House
) -> None:
    schedule = make_schedule(by="bob")
    scheduling.change(schedule, {"name": "Mornings"}, by=house.people["alice"])
    run = start(due(schedule, datetime(2026, 12, 2, 6, tzinfo=UTC)))
    assert run.state == RunState.STARTED
    assert run.job.submitted_by == house.people["alice"]
    assert run.job.preset == house.preset
    assert run.job.output_path == f"s3://bucket/out/20261202-0600-{run.key[:6]}/"
    assert run.job.events.get().reason == "Submitted by the schedule Mornings."


def test_dates_in_paths_are_those_of_the_due_time_in_the_schedules_zone(make_schedule: Make) -> None:
    schedule = make_schedule(
        timezone="America/New_York",
        data="s3://bucket/in/{date-1d}/",
        output_path="s3://bucket/out/{date}/{hour}/",
    )
    run = start(due(schedule, datetime(2026, 12, 2, 3, tzinfo=UTC)))
    assert run.job.data == "s3://bucket/in/2026-11-30/"
    assert run.job.output_path == "s3://bucket/out/2026-12-01/22/"


def test_a_run_that_is_delivered_twice_submits_one_job(make_schedule: Make) -> None:
    run = start(due(make_schedule()))
    assert starting.start(run.pk) is None
    assert TransformJob.objects.count() == 1


@pytest.mark.parametrize(
    ("overlap", "state"),
    [("skip", RunState.SKIPPED), ("wait", RunState.WAITING), ("run", RunState.STARTED)],
)
def test_the_policy_decides_while_the_run_before_has_not_ended(
    make_schedule: Make, overlap: str, state: RunState
) -> None:
    schedule = make_schedule(overlap=overlap)
    first = start(due(schedule))
    second = start(due(schedule))
    assert second.state == state
    if state != RunState.STARTED:
        assert first.job.name in second.reason
        assert TransformJob.objects.count() == 1


def test_a_waiting_run_starts_once_the_one_before_has_ended(make_schedule: Make) -> None:
    schedule = make_schedule(overlap="wait")
    first, second = start(due(schedule)), start(due(schedule))
    first.job.move(JobState.CANCELLED, from_={JobState.WAITING})
    assert start(second).state == RunState.STARTED
    assert second.reason == ""


def test_no_second_run_waits_behind_one_that_waits(make_schedule: Make) -> None:
    schedule = make_schedule(overlap="wait")
    start(due(schedule))
    start(due(schedule))
    third = start(due(schedule))
    assert third.state == RunState.SKIPPED
    assert "waits already" in third.reason


def test_a_run_is_skipped_while_the_one_before_is_still_to_be_started(make_schedule: Make) -> None:
    schedule = make_schedule()
    due(schedule)
    assert start(due(schedule)).state == RunState.SKIPPED


@pytest.mark.parametrize(
    ("lose", "word"),
    [
        (lambda member: member.delete(), "has left the team"),
        (lambda member: Membership.objects.filter(pk=member.pk).update(role=Role.VIEWER), "is viewer now"),
        (lambda member: _switch_off(member), "may no longer sign in"),
    ],
)
def test_a_person_who_lost_the_right_to_run_pauses_the_schedule(
    make_schedule: Make, house: House, lose: Callable[[Membership], Any], word: str
) -> None:
    schedule = make_schedule(by="bob")
    lose(Membership.objects.get(user=house.people["bob"]))
    run = start(due(schedule))
    assert run.state == RunState.FAILED
    assert word in run.reason
    schedule.refresh_from_db()
    assert schedule.pause_cause == PauseCause.NO_RIGHT
    assert schedule.next_run_at is None
    assert schedule.pause_reason == run.reason
    act = Activity.objects.get(verb="schedule.paused")
    assert act.automatic
    assert not TransformJob.objects.exists()


def _switch_off(member: Membership) -> None:
    member.user.is_active = False
    member.user.save()


def test_whoever_resumes_it_is_the_person_it_runs_for(make_schedule: Make, house: House) -> None:
    schedule = make_schedule(by="bob")
    Membership.objects.filter(user=house.people["bob"]).delete()
    start(due(schedule))
    assert scheduling.resume(schedule, by=house.people["alice"])
    run = start(due(schedule))
    assert run.job.submitted_by == house.people["alice"]


def test_a_deleted_preset_pauses_the_schedule(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    house.preset.delete()
    run = start(due(schedule))
    assert run.state == RunState.FAILED
    schedule.refresh_from_db()
    assert schedule.pause_cause == PauseCause.NO_TARGET
    assert "preset" in schedule.pause_reason


def test_a_field_that_the_preset_locks_meanwhile_is_not_replaced(make_schedule: Make, house: House) -> None:
    schedule = make_schedule(by="bob")
    preset = house.preset
    preset.rules = {"output_path": "locked"}
    preset.save()
    run = start(due(schedule))
    assert run.state == RunState.FAILED
    assert "output_path: It is locked by the preset" in run.reason
    schedule.refresh_from_db()
    assert not schedule.is_paused


def test_a_request_that_became_wrong_fails_to_start_with_its_field(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    preset = house.preset
    preset.body = {**preset.body, "instance_count": 0}
    preset.save()
    run = start(due(schedule))
    assert run.state == RunState.FAILED
    assert "instance_count" in run.reason


def test_a_run_of_a_schedule_that_is_paused_before_it_starts_is_skipped(
    make_schedule: Make, house: House
) -> None:
    schedule = make_schedule()
    run = due(schedule)
    scheduling.pause(schedule, by=house.people["bob"], reason="Month end.")
    assert start(run).state == RunState.SKIPPED
    assert not TransformJob.objects.exists()


def test_a_deleted_schedule_runs_nothing_and_leaves_its_jobs(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    started, pending = start(due(schedule)), due(schedule)
    scheduling.delete(schedule, by=house.people["bob"])
    assert starting.start(pending.pk) is None
    assert TransformJob.objects.get() == started.job


def test_run_now_is_for_the_person_who_asks_and_works_while_paused(make_schedule: Make, house: House) -> None:
    schedule = make_schedule(by="bob")
    scheduling.pause(schedule, by=house.people["bob"])
    run = start(scheduling.run_now(schedule, by=house.people["alice"]))
    assert run.job.submitted_by == house.people["alice"]
    assert run.job.events.get().reason.endswith("as alice asked.")
    schedule.refresh_from_db()
    assert schedule.is_paused


def test_a_connection_that_does_not_answer_is_asked_again_for_an_hour(make_schedule: Make) -> None:
    """The team's engine is a closed port, and new objects can only be found by listing."""
    schedule = make_schedule(incremental=True)
    run = start(due(schedule))
    assert run.state == RunState.DUE
    assert run.reason
    assert run.try_at > timezone.now()
    ScheduledRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(hours=2))
    assert start(run).state == RunState.FAILED
    assert run.reason.startswith("It was tried for an hour")
