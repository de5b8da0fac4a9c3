"""The two teams of tests/cast.py, and what the tests of pages ask of them."""

from tests.jobs.conftest import engine_keys, house, other_house, real

__all__ = ["engine_keys", "house", "other_house", "real"]
