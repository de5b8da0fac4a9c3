"""Whether the database was migrated by a later version of Batchdeck than this one, which could only spoil it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.migrations.loader import MigrationLoader

#: The apps whose migrations are numbered by us.
_APPS = ("jobs", "teams")


def newer_migrations() -> list[str]:
    """Applied migrations that come after the last of this version, such as "jobs.0042_more"; none is the rule.

    Told by their numbers: a name before our last one is of a migration that was replaced since. Raises
    DatabaseError when the database cannot be asked.
    """
    loader = MigrationLoader(connection)
    disk = loader.disk_migrations.keys()
    last = {app: max(_numbers(name for label, name in disk if label == app), default=0) for app in _APPS}
    applied = sorted(key for key in loader.applied_migrations if key not in disk)
    return [
        f"{app}.{name}"
        for app, name in applied
        if app in last and max(_numbers([name]), default=0) > last[app]
    ]


def sentence(newer: list[str]) -> str:
    """What to do about `newer_migrations`."""
    return (
        f"The database was migrated by a newer version of Batchdeck (up to {newer[-1]}, which this version does not "
        "have). Start the newer version again, or give this one a database or --data-dir of its own."
    )


def _numbers(names: Iterable[str]) -> list[int]:
    return [int(name[:4]) for name in names if name[:4].isdecimal()]
