"""The teams of tests/jobs."""

from tests.jobs.conftest import engine_keys, house, other_house

__all__ = ["engine_keys", "house", "other_house"]
