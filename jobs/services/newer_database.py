"""Databases that this version must not migrate: made by a later version, or by one from before a squash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

#: Our own apps. Migrations of other apps are not looked at.
_APPS = ("jobs", "teams")
_Name = tuple[str, str]


def database_problem() -> str:
    """A sentence that says why this version must not migrate the database; empty if it may.

    Raises DatabaseError when the database cannot be read.
    """
    loader = MigrationLoader(connection, load=False)
    loader.load_disk()
    applied = {name for name in MigrationRecorder(connection).applied_migrations() if name[0] in _APPS}
    replaced = {
        name: migration.replaces for name, migration in loader.disk_migrations.items() if name[0] in _APPS
    }
    if newer := _newer(applied, replaced):
        return (
            f"The database was migrated by a newer version of Batchdeck (up to {newer[-1]}, which this version does "
            "not have). Start the newer version again, or give this one a database or --data-dir of its own."
        )
    if missing := _missing_before_squash(applied, replaced):
        return (
            f"The database was last migrated by a version of Batchdeck that is too old for this one ({missing[0]} is "
            "missing, which this version does not have any more). Start version e5b26c9 once, then this one."
        )
    return ""


def _newer(applied: set[_Name], replaced: dict[_Name, Sequence[_Name]]) -> list[str]:
    """Applied migrations with a number after our last one, such as "jobs.0042_more".

    An unknown name with a lower number is of a migration that was replaced since.
    """
    own_names = {*replaced, *(name for names in replaced.values() for name in names)}
    last = {app: max(_numbers(name for label, name in own_names if label == app), default=0) for app in _APPS}
    return [
        f"{app}.{name}"
        for app, name in sorted(applied - own_names)
        if max(_numbers([name]), default=0) > last[app]
    ]


def _missing_before_squash(applied: set[_Name], replaced: dict[_Name, Sequence[_Name]]) -> list[str]:
    """Migrations that are not applied although others of the same squashed one are."""
    return [
        ".".join(name)
        for squashed, names in replaced.items()
        if squashed not in applied and applied.intersection(names)
        for name in names
        if name not in applied
    ]


def _numbers(names: Iterable[str]) -> list[int]:
    return [int(name[:4]) for name in names if name[:4].isdecimal()]
