"""What deployments and schedules announce, so that notifications can tell people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from deployments.models import PromotionState, StageRunState
from deployments.services import promoting, running
from schedules.lifecycle import starting
from schedules.models import ScheduledRun
from teams.announcing import Announcement, announced
from teams.models import Membership
from tests.cast import House
from tests.deployments.registry import (
    Registry,
    carry_to_end,
    look,
    make,
    run_to_end,
    stage_body,
    stage_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def announcements() -> Iterator[list[Announcement]]:
    """What is announced, in order."""
    announcements: list[Announcement] = []

    def note(announcement: Announcement, **_: Any) -> None:
        announcements.append(announcement)

    announced.connect(note)
    yield announcements
    announced.disconnect(note)


def member(house: House, name: str) -> Membership:
    return house.people[name].memberships.get(team=house.team)


def test_an_offer_and_a_request_for_approval_are_announced_once_with_the_page_that_decides(
    team: House, registry: Registry, announcements: list[Announcement]
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    promotion = look(deployment)
    look(deployment)
    assert promotion is not None
    carry_to_end(promoting.approve(promotion, member=member(team, "alice")))
    production = stage_of(deployment, "production")
    for _ in range(2):
        promoting.request(production, 1, member=member(team, "bob"), note="Two good weeks.")
    assert [(item.kind, item.person, item.reason) for item in announcements] == [
        ("stage.waiting", None, ""),
        ("stage.waiting", team.people["bob"], "Two good weeks."),
    ]
    for item, words in zip(announcements, ("is offered", "waits for approval"), strict=True):
        assert item.title.endswith(f"version 1 {words}")
        assert team.page("alice").get(item.path).status_code == 200
    assert announcements[0].key != announcements[1].key


def test_a_version_that_could_not_be_deployed_is_announced_with_the_problem(
    team: House, registry: Registry, announcements: list[Announcement]
) -> None:
    registry.add(archive="gone")
    stages = [stage_body("production", "live", registry.group, needs_approval=True)]
    deployment = make(team, registry.group, stages=stages)
    promotion = look(deployment)
    assert promotion is not None
    registry.delete_archive("gone")
    failed = carry_to_end(promoting.approve(promotion, member=member(team, "alice")))
    assert failed.state == PromotionState.FAILED
    assert [item.kind for item in announcements] == ["stage.waiting", "promotion.failed"]
    assert announcements[1].reason == failed.problem
    assert announcements[1].person == team.people["alice"]


def test_a_failed_run_is_announced_with_its_reason_and_a_stopped_one_is_not(
    team: House, registry: Registry, announcements: list[Announcement]
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    promotion = look(deployment)
    assert promotion is not None
    carry_to_end(promoting.approve(promotion, member=member(team, "alice")))
    staging = stage_of(deployment, "staging")
    announcements.clear()
    run = running.run_now(staging, by=team.people["bob"])
    running.stop(run, by=team.people["bob"])
    assert run_to_end(run).state == StageRunState.STOPPED
    assert announcements == []
    run = run_to_end(running.run_now(staging, by=team.people["bob"]))
    assert run.state == StageRunState.FAILED
    assert [(item.kind, item.reason, item.path) for item in announcements] == [
        ("run.failed", run.reason, run.get_absolute_url())
    ]


def test_a_scheduled_run_that_cannot_be_started_is_announced(
    team: House, registry: Registry, announcements: list[Announcement]
) -> None:
    registry.add()
    deployment = make(
        team,
        registry.group,
        stages=[stage_body("staging", "engine", registry.group, schedule={"expression": "rate(1 day)"})],
    )
    schedule = stage_of(deployment, "staging").schedule
    assert schedule is not None
    Membership.objects.filter(user=schedule.changed_by).delete()
    run = ScheduledRun.objects.create(schedule=schedule, due_at=timezone.now())
    starting.start(run.pk)
    run.refresh_from_db()
    assert [(item.kind, item.reason) for item in announcements] == [("run.failed", run.reason)]
    assert "has left the team" in run.reason
