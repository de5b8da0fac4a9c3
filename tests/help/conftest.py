"""The two teams of tests/cast.py."""

from tests.jobs.conftest import house, other_house

__all__ = ["house", "other_house"]
