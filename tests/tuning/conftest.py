"""The teams of tests/cast.py."""

from __future__ import annotations

from tests.jobs.conftest import engine_keys, house, other_house

__all__ = ["engine_keys", "house", "other_house"]
