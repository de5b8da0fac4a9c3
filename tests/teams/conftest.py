"""The two teams of tests/cast.py."""

from tests.jobs.conftest import house, other

__all__ = ["house", "other"]
