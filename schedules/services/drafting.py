"""A schedule that is being typed: its next runs, and what is wrong with which field, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.utils.timezone import now

from jobs.services.errors import InvalidFields
from schedules.lifecycle.times import times_of
from schedules.models import Schedule
from schedules.services import next_runs
from schedules.services.checking import TIMES, check_times, fill
from schedules.services.next_runs import NextRun
from teams.models import Membership


@dataclass(slots=True)
class ScheduleDraft:
    """The next runs as far as they can be told, without paths where these are wrong; sentences by field."""

    schedule: Schedule
    runs: list[NextRun] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)


def try_out(member: Membership, values: Mapping[str, Any], schedule: Schedule | None = None) -> ScheduleDraft:
    """What these values would make of a new schedule, or of this one, which stays as it is."""
    trial = copy(schedule) if schedule else Schedule(team=member.team)
    draft = ScheduleDraft(trial)
    try:
        fill(trial, values)
    except InvalidFields as error:
        draft.problems |= error.fields
    if not trial.expression or draft.problems.keys() & set(TIMES):
        return draft
    if schedule is None or any(getattr(trial, name) != getattr(schedule, name) for name in TIMES):
        trial.since = trial.start_at or now()
    _find_runs(draft, member)
    return draft


def _find_runs(draft: ScheduleDraft, member: Membership) -> None:
    trial = draft.schedule
    times = times_of(trial).next_times(now(), next_runs.PREVIEWED)
    draft.runs = [NextRun(at.astimezone(trial.zone)) for at in times]
    try:
        check_times(trial)
        if trial.preset is not None:
            draft.runs = next_runs.preview(trial, member)
    except InvalidFields as error:
        for name, texts in error.fields.items():
            draft.problems.setdefault(name, texts)
