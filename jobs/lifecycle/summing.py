"""Keeps the sums by day: makes the triggers that write them, merges what those wrote, and fills and compares them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from django.db import connection as database
from django.db import transaction

from jobs.models import DaySum
from jobs.models.day_sum import FIGURES, KEYS
from jobs.models.day_sum_sql import JOBS, PREFIX, TABLE, SumSql
from teams.models import Team

#: Sums of so many teams, dimensions and days are merged in one round.
_AT_ONCE = 500


def merge() -> int:
    """Add the changes of jobs up into one row for each sum; returns how many rows that has spared."""
    changes = DaySum.objects.filter(is_change=True).order_by()
    days: dict[int, list[tuple[str, date]]] = defaultdict(list)
    for team_id, dimension, day in changes.values_list("team_id", "dimension", "day").distinct()[:_AT_ONCE]:
        days[team_id].append((dimension, day))
    return sum(_merge_days(team_id, keys) for team_id, keys in days.items())


def _merge_days(team_id: int, keys: list[tuple[str, date]]) -> int:
    spared = 0
    with transaction.atomic():
        _lock(team_id)
        for dimension, day in keys:
            rows = list(DaySum.objects.filter(team_id=team_id, dimension=dimension, day=day))
            sums: dict[tuple[Any, ...], DaySum] = {}
            for row in rows:
                key = tuple(getattr(row, name) for name in KEYS)
                total = sums.setdefault(key, DaySum(**dict(zip(KEYS, key, strict=True))))
                for name in FIGURES:
                    setattr(total, name, getattr(total, name) + getattr(row, name))
            # By their ids: what other processes have added since stays.
            DaySum.objects.filter(pk__in=[row.pk for row in rows]).delete()
            totals = [total for total in sums.values() if any(getattr(total, name) for name in FIGURES)]
            DaySum.objects.bulk_create(totals)
            spared += len(rows) - len(totals)
    return spared


def fill(team_id: int) -> None:
    """Replace the team's sums by those of its jobs, whatever other processes write meanwhile."""
    with transaction.atomic(), database.cursor() as cursor:
        _lock(team_id)
        for statement in SumSql(database.vendor).fill(team_id):
            cursor.execute(statement)


def differences(team_id: int) -> list[str]:
    """The sums of the team that are not those of its jobs, each as its keys in words; empty if all is right."""
    with database.cursor() as cursor:
        cursor.execute(SumSql(database.vendor).differences(team_id))
        return [", ".join(str(value) for value in row[1:] if value) for row in cursor.fetchall()]


def remove_triggers() -> None:
    """Remove the triggers of SQLite, which would be in the way when a migration makes one of the tables anew."""
    if database.vendor == "sqlite":
        _drop(_trigger_names())


def make_triggers() -> None:
    """Make the triggers unless they are there, and then fill the sums of all teams, a team at a time."""
    tables = database.introspection.table_names()
    if TABLE not in tables or JOBS not in tables:
        return
    sums = SumSql(database.vendor)
    names = _trigger_names()
    if len(names) == len(sums.events) and all(name.endswith(sums.version) for name in names):
        return
    with transaction.atomic(), database.cursor() as cursor:
        _drop(names)
        for statement in sums.triggers():
            cursor.execute(statement)
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        fill(team_id)


def _lock(team_id: int) -> None:
    """Let no other process merge or fill the team's sums until the end of the transaction; jobs may be written."""
    list(Team.objects.select_for_update(no_key=True).filter(pk=team_id).values_list("pk"))


def _trigger_names() -> list[str]:
    table = "pg_trigger" if database.vendor == "postgresql" else "sqlite_master"
    column = "tgname" if database.vendor == "postgresql" else "name"
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {column} LIKE %s", [f"{PREFIX}%"])  # noqa: S608  # our own words
        return [name for (name,) in cursor.fetchall()]


def _drop(names: list[str]) -> None:
    on_table = f" ON {JOBS}" if database.vendor == "postgresql" else ""
    with database.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TRIGGER {name}{on_table}")
