"""The teams of tests/cast.py, and a schedule of Alice's team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from jobs.models import Preset
from schedules.models import Schedule
from schedules.services import scheduling
from tests.cast import FIELDS, House
from tests.jobs.conftest import engine_keys, house, other_house, real

__all__ = ["engine_keys", "house", "other_house", "real"]

OUTPUT = "s3://bucket/out/{run}/"


def whole_preset(house: House) -> Preset:
    """A preset of the team with all that a job needs."""
    preset = house.preset
    preset.body = {**FIELDS, "model": house.model.name, "connection": house.connection.slug}
    preset.save()
    return preset


@pytest.fixture
def make_schedule(house: House) -> Callable[..., Schedule]:
    """Makes a daily schedule of Alice's team, of Bob; values replace those here."""

    def make(by: str = "bob", **values: Any) -> Schedule:
        defaults = {
            "name": "Nightly",
            "preset": whole_preset(house).slug,
            "expression": "cron(0 6 * * ? *)",
            "output_path": OUTPUT,
        }
        return scheduling.create(house.team, {**defaults, **values}, by=house.people[by])

    return make


class Clock:
    """What schedules and their tests take for now."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time for schedules: noon of 1 December 2026 UTC until a test sets another."""
    clock = Clock(datetime(2026, 12, 1, 12, tzinfo=UTC))
    for module in (
        "schedules.lifecycle.times",
        "schedules.lifecycle.taking",
        "schedules.lifecycle.starting",
        "schedules.lifecycle.pausing",
        "schedules.services.scheduling",
        "schedules.services.checking",
        "schedules.services.next_runs",
    ):
        monkeypatch.setattr(f"{module}.now", clock)
    return clock
