"""Times and states of schedules in templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime, now

from jobs.services.texts import zone_name
from jobs.states import Hold, JobState
from jobs.templatetags.deck import STATE_LOOKS, about, exact, icon
from schedules.models import Schedule
from schedules.services.listing import RunRow, ScheduleRow
from schedules.states import RunState
from teams.models import Team

register = template.Library()
#: Colour and icon of the states of a run that started nothing.
_LOOKS = {
    RunState.DUE: ("", "clock"),
    RunState.WAITING: ("", "clock"),
    RunState.STARTED: ("run", "progress"),
    RunState.SKIPPED: ("idle", "x"),
    RunState.MISSED: ("warn", "filled-alert-triangle"),
    RunState.FAILED: ("fail", "filled-circle-x"),
}


@register.simple_tag
def time_in(at: datetime, zone: str) -> SafeString:
    """A time with its weekday, in the schedule's zone; in the reader's own zone on hover."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        exact(at),
        f"{at:%a %Y-%m-%d %H:%M} {zone_name(at)}",
    )


@register.simple_tag
def time_of_day(at: datetime) -> SafeString:
    """The time of day in the reader's zone."""
    words = f"{localtime(at):%H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact(at), words)


@register.simple_tag
def until(at: datetime | None) -> SafeString | str:
    """A time to come as its distance from now, with the exact time on hover."""
    if at is None:
        return ""
    length = at - now()
    words = "now" if length < timedelta(seconds=1) else f"in {about(length)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact(at), words)


@register.simple_tag
def run_state(row: RunRow | ScheduleRow) -> SafeString:
    """What became of a run: the state of what it started, else its own."""
    if row.outcome is not None:
        if row.outcome.state == JobState.COMPLETED and row.outcome.hold == Hold.HELD:
            return format_html('<span class="st warn">{}Held</span>', icon("lock"))
        if row.outcome.state == JobState.COMPLETED and row.outcome.hold == Hold.REFUSED:
            return format_html('<span class="st fail">{}Refused</span>', icon("ban"))
        look, shape = STATE_LOOKS[JobState(row.outcome.state)]
        return format_html(
            '<span class="st {}">{}{}</span>', look, icon(shape), JobState(row.outcome.state).label
        )
    assert row.run is not None
    look, shape = _LOOKS[RunState(row.run.state)]
    return format_html('<span class="st {}">{}{}</span>', look, icon(shape), RunState(row.run.state).label)


@register.simple_tag
def schedule_state(schedule: Schedule, size: str = "") -> SafeString:
    """Whether the schedule runs, is paused or has no further time."""
    if schedule.is_paused:
        look, shape, word = "warn", "player-stop", "Paused"
    elif schedule.has_ended:
        look, shape, word = "idle", "filled-player-stop", "No further time"
    else:
        look, shape, word = "ok", "filled-circle-check", "On"
    return format_html('<span class="st {} {}">{}{}</span>', look, size, icon(shape), word)


@register.filter
def of(values: Mapping[int, Any], key: int) -> Any:
    """The value of a mapping by row id."""
    return values[key]


@register.simple_tag
def next_scheduled(team: Team, count: int = 4) -> list[Schedule]:
    """The team's schedules that run next, the earliest first; one query."""
    rows = Schedule.objects.for_team(team).filter(next_run_at__isnull=False)
    return list(rows.order_by("next_run_at", "id")[:count])
