"""A database that version e5b26c9 made, before its migrations were squashed, is brought up to this version.

`tests/support/databases` has it as that version left it, for SQLite and PostgreSQL: a team, its connection and model,
and jobs that wait, ended with warnings, or have a second attempt.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.support.engine import CHECKOUT
from tests.support.workers import run, surroundings

DUMPS = CHECKOUT / "tests" / "support" / "databases"
JOBS = """
import json
from jobs.models import Heartbeat, TransformJob
jobs = TransformJob.objects.order_by("id").values("name", "state", "waits_for", "warnings", "joint", "overall_state")
print(json.dumps({"jobs": list(jobs), "heartbeats": sorted(Heartbeat.objects.values_list("name", flat=True))}))
"""
SCHEMA = """
import json
from django.db import connection
kinds = ("columns", "primary_key", "unique", "foreign_key", "index", "check")
schema = {}
with connection.cursor() as cursor:
    introspection = connection.introspection
    for table in introspection.table_names(cursor):
        if not table.startswith(("jobs_", "teams_")):
            continue
        columns = [(column.name, column.null_ok) for column in introspection.get_table_description(cursor, table)]
        constraints = introspection.get_constraints(cursor, table).values()
        schema[table] = [sorted(columns), sorted(repr([found[kind] for kind in kinds]) for found in constraints)]
print(json.dumps(schema))
"""


def manage(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKOUT / "manage.py"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=180, check=False)


def is_postgresql() -> bool:
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a dashboard on the database of e5b26c9."""
    env = surroundings(tmp_path)
    if not is_postgresql():
        with sqlite3.connect(tmp_path / "batchdeck.sqlite3") as database:
            database.executescript((DUMPS / "e5b26c9.sqlite.sql").read_text())
        database.close()
        yield env
        return
    yield from on_postgresql(env, (DUMPS / "e5b26c9.postgresql.sql").read_text(), "old")


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a dashboard on an empty database."""
    env = surroundings(tmp_path_factory.mktemp("fresh"))
    if is_postgresql():
        yield from on_postgresql(env, "", "fresh")
    else:
        yield env


def on_postgresql(env: dict[str, str], script: str, label: str) -> Iterator[dict[str, str]]:
    """A database of its own on the tests' server, filled by the script."""
    import psycopg

    # Several test processes share the server.
    name = f"batchdeck_{label}_{os.getpid()}"
    server, _, _ = env["DATABASE_URL"].rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name}")  # type: ignore[arg-type]
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            if script:
                with psycopg.connect(f"{server}/{name}") as database:
                    database.execute(script)  # type: ignore[arg-type]
            yield {**env, "DATABASE_URL": f"{server}/{name}"}
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.mark.django_db
def test_an_old_database_is_migrated_with_its_rows(old: dict[str, str]) -> None:
    answer = manage(old, "migrate", "--noinput")
    assert answer.returncode == 0, answer.stderr
    assert "Applying jobs.0001" not in answer.stdout
    answers = json.loads(run(JOBS, old))
    jobs: list[dict[str, Any]] = answers["jobs"]
    assert [job["name"] for job in jobs] == [f"job-{number}" for number in range(1, 10)]
    assert [job["waits_for"] for job in jobs] == ["", "turn", "calls", "next-try", "", "", "", "", ""]
    rows_differ = {"code": "rows-differ", "text": "1 row count differs: b (3 in, 2 out)."}
    assert [job["warnings"] for job in jobs[4:]] == [
        [
            {"code": "outputs-missing", "text": "1 of 4 outputs are missing: part-0.csv."},
            {"code": "rows-differ", "text": "2 row counts differ: a (2 in, 1 out), b (3 in, 2 out)."},
        ],
        [{"code": "not-counted", "text": "The outputs could not be counted: S3 cannot be reached."}],
        [],
        [rows_differ],
        [],
    ]
    assert jobs[6]["joint"]["warnings"] == [rows_differ]
    assert (jobs[6]["joint"]["attempts"], jobs[6]["overall_state"]) == (2, "COMPLETED")
    assert answers["heartbeats"] == ["beat", "images us-east-1", "worker"]


@pytest.mark.django_db
def test_an_old_database_gets_the_tables_of_a_new_one(old: dict[str, str], fresh: dict[str, str]) -> None:
    for env in (old, fresh):
        answer = manage(env, "migrate", "--noinput")
        assert answer.returncode == 0, answer.stderr
    assert json.loads(run(SCHEMA, old)) == json.loads(run(SCHEMA, fresh))


@pytest.mark.django_db
def test_a_database_of_before_is_refused_and_told_the_version_to_start_first(old: dict[str, str]) -> None:
    forget = "from django.db.migrations.recorder import MigrationRecorder\nfrom django.db import connection\n"
    run(f"{forget}MigrationRecorder(connection).record_unapplied('jobs', '0026_allowed')", old)
    answer = manage(old, "migrate", "--noinput")
    assert answer.returncode != 0
    assert "jobs.0026_allowed is missing" in answer.stderr
    assert "Start version e5b26c9 once" in answer.stderr
