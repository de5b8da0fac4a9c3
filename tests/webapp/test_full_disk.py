"""The database cannot save, or cannot be reached: pages and API say why with status 503, and go on by themselves."""

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

from tests.support.engine import CHECKOUT
from tests.support.small_disk import SmallDisk, mounted

_ALWAYS = {"BATCHDECK_ALLOWED_HOSTS": "testserver", "DJANGO_SETTINGS_MODULE": "webapp.settings"}


class Dashboard:
    """The dashboard's code in a process of its own; see outages_inside."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.webapp.outages_inside"],
            cwd=CHECKOUT,
            env={**inherited, "BATCHDECK_DATA_DIR": str(data_dir), **_ALWAYS, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, word: str) -> dict[str, Any]:
        """What it prints to the word."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                return dict(json.loads(line))
        raise AssertionError(f"it ended with {self._process.wait()}")

    def end(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    with mounted(tmp_path_factory.mktemp("small") / "disk", 32) as disk:
        yield disk


@pytest.fixture(scope="module")
def dashboard(disk: SmallDisk) -> Iterator[Dashboard]:
    """A dashboard with a team on that disk."""
    dashboard = Dashboard(disk.folder / "data")
    dashboard.run("make")
    yield dashboard
    dashboard.end()


def checks(answers: dict[str, Any]) -> dict[str, Any]:
    """What /readyz says of the database and the disk."""
    checks = json.loads(answers["ready"]["text"])["checks"]
    return {name: checks[name] for name in ("database", "disk")}


def assert_unavailable(answers: dict[str, Any], sentence: str) -> None:
    """Nothing can be saved: page and API say so."""
    for name in ("submit", "page"):
        assert answers[name]["status"] == 503, answers[name]
        assert int(answers[name]["retry_after"]) > 0
        assert sentence in answers[name]["text"]
    assert json.loads(answers["submit"]["text"])["error"]["code"] == "unavailable"


def assert_well(answers: dict[str, Any]) -> None:
    assert [answers[name]["status"] for name in ("read", "submit", "page")] == [200, 201, 200], answers
    assert all(check["ok"] for check in checks(answers).values())


def test_a_full_disk_is_told_and_over_as_soon_as_there_is_space(
    dashboard: Dashboard, disk: SmallDisk
) -> None:
    assert_well(dashboard.run("ask"))
    disk.fill()
    # What the write-ahead log has left takes some changes.
    for _ in range(200):
        answers = dashboard.run("ask")
        if answers["submit"]["status"] != 201 and answers["page"]["status"] != 200:
            break
    assert_unavailable(answers, "The disk of the database is full")
    assert answers["read"]["status"] == 200
    assert answers["ready"]["status"] == 503
    assert checks(answers)["disk"] == {
        "ok": False,
        "detail": "the data folder cannot be written: No space left on device",
    }
    disk.empty()
    assert_well(dashboard.run("ask"))


def test_a_database_that_is_locked_for_long_is_told_with_when_to_come_again(
    dashboard: Dashboard, disk: SmallDisk
) -> None:
    dashboard.run("impatient")
    second_connection = sqlite3.connect(disk.folder / "data" / "batchdeck.sqlite3", isolation_level=None)
    second_connection.execute("BEGIN IMMEDIATE")
    answers = dashboard.run("ask")
    second_connection.execute("ROLLBACK")
    second_connection.close()
    assert_unavailable(answers, "The database is busy")
    assert answers["submit"]["retry_after"] == "5"
    assert answers["read"]["status"] == 200
    assert_well(dashboard.run("ask"))


def test_a_folder_that_became_read_only_is_told(dashboard: Dashboard, disk: SmallDisk) -> None:
    dashboard.run("close")
    subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
    try:
        answers = dashboard.run("ask")
        dashboard.run("close")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk.folder)], check=True)
    assert_unavailable(answers, "read-only")
    assert checks(answers)["disk"]["detail"] == "the data folder cannot be written: Read-only file system"
    assert_well(dashboard.run("ask"))


def test_a_database_server_that_is_away_is_told_on_pages_and_in_the_api(tmp_path: Path) -> None:
    dashboard = Dashboard(tmp_path / "data", DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
    answers = dashboard.run("ask")
    dashboard.end()
    assert_unavailable(answers, "The database cannot be reached")
    assert "127.0.0.1" not in answers["ready"]["text"]
    assert checks(answers)["database"]["detail"].startswith("The database cannot be reached")
    assert checks(answers)["disk"]["ok"]
