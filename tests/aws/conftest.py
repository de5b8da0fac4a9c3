"""Fixtures of tests/jobs: the first team, and keys for a closed port."""

from tests.jobs.conftest import engine_keys, house

__all__ = ["engine_keys", "house"]
