"""The values of a schedule: what each must be, alone and together with the preset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.utils.dateparse import parse_datetime
from django.utils.timezone import now

from jobs.models import Preset
from jobs.services.errors import InvalidFields
from jobs.services.submitting.presets import find_preset
from jobs.services.texts import trouble_with
from schedules.lifecycle.times import times_of
from schedules.models import Schedule
from schedules.models.schedule import PRESET
from schedules.states import CatchUp, Overlap
from teams.models import Team
from teams.names import trouble_with_name
from transform.schedule_expressions import BadExpression, parse_expression

ZONES = frozenset(available_timezones())
#: Every field that a person may give.
FIELDS = (
    *("name", "preset", "expression", "timezone", "start_at", "end_at"),
    *("overlap", "catch_up", "data", "output_path", "incremental", "replace_outputs"),
)
#: The fields that decide the times.
TIMES = ("expression", "timezone", "start_at", "end_at")
_CHOICES = {"overlap": Overlap, "catch_up": CatchUp}
_LONGEST_PATH = 1024


def fill(schedule: Schedule, values: Mapping[str, Any]) -> None:
    """Set these fields of the schedule, which is not saved. Raises InvalidFields with each that cannot be used."""
    problems: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            setattr(schedule, name, _value(schedule.team, name, value))
        except ValueError as error:
            problems[name] = [str(error)]
    if problems:
        raise InvalidFields(problems)
    if schedule.start_at and schedule.end_at and schedule.end_at <= schedule.start_at:
        raise InvalidFields({"end_at": ["It must be after start_at."]})
    if schedule.incremental and schedule.overlap == Overlap.RUN:
        raise InvalidFields(
            {
                "overlap": [
                    "It must be skip or wait while only new objects are taken: two runs would take the same."
                ]
            }
        )
    if schedule.kind == PRESET and schedule.preset is None:
        raise InvalidFields({"preset": ["It is required: the slug of one of the team's presets."]})


def check_times(schedule: Schedule) -> None:
    """Raise InvalidFields if no time comes from now on."""
    if times_of(schedule).next_time(now()) is None:
        bounds = " between start_at and end_at" if schedule.start_at or schedule.end_at else ""
        raise InvalidFields({"expression": [f"{schedule.expression} has no time from now on{bounds}."]})


def _value(team: Team, name: str, value: Any) -> Any:
    """The column's value for a field's; ValueError with a sentence for one that cannot be used."""
    if name not in FIELDS:
        raise ValueError(f"There is no such field. There are {', '.join(FIELDS)}.")
    if trouble := trouble_with(value if not isinstance(value, datetime) else None):
        raise ValueError(f"It {trouble}")
    if name in ("start_at", "end_at"):
        return _moment(value)
    if name in ("incremental", "replace_outputs"):
        if not isinstance(value, bool):
            raise ValueError("It must be true or false.")
        return value
    if not isinstance(value, str):
        raise ValueError("It must be a text.")
    return _text(team, name, value.strip())


def _text(team: Team, name: str, text: str) -> Any:
    if name in _CHOICES:
        words = _CHOICES[name].values
        if text not in words:
            raise ValueError(f"It must be one of {', '.join(words)}.")
    elif name == "name" and (trouble := trouble_with_name(text)):
        raise ValueError(trouble)
    elif name == "timezone" and text not in ZONES:
        raise ValueError(
            f"{text[:64]!r} is no time zone. It must be an IANA name such as Europe/Berlin or UTC."
        )
    elif name == "expression":
        # BadExpression is a ValueError with a sentence.
        parse_expression(text)
    elif name in ("data", "output_path") and len(text) > _LONGEST_PATH:
        raise ValueError(f"It must be at most {_LONGEST_PATH} characters.")
    return _preset(team, text) if name == "preset" else text


def _preset(team: Team, text: str) -> Preset:
    preset = find_preset(team, text) if text else None
    if preset is None:
        raise ValueError("It must be the slug of one of the team's presets.")
    return preset


def _moment(value: Any) -> datetime | None:
    """An aware time out of a datetime or its text; None for null or an empty text."""
    if value is None or value == "":
        return None
    try:
        moment = parse_datetime(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("It must be a time with a zone, such as 2026-12-01T06:00:00Z.")
    if not 2000 <= moment.year <= 9000:
        raise ValueError("Its year must be from 2000 to 9000.")
    return moment


__all__ = ["FIELDS", "TIMES", "ZONES", "BadExpression", "check_times", "fill"]
