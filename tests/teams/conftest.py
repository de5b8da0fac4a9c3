"""The two teams of tests/cast.py, and a mail server."""

from tests.jobs.conftest import house, other_house
from tests.notifications.conftest import sink

__all__ = ["house", "other_house", "sink"]
