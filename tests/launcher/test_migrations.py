"""When a start may leave `migrate` out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from launcher.migrations import Migrated


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One with one migration."""
    folder = tmp_path / "checkout"
    (folder / "locks").mkdir(parents=True)
    (folder / "locks" / "runtime.txt").write_text("django==5\n")
    (folder / "jobs" / "migrations").mkdir(parents=True)
    (folder / "jobs" / "migrations" / "0001_initial.py").write_text("# first\n")
    return folder


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """One whose database has had it."""
    folder = tmp_path / "data"
    folder.mkdir()
    apply(folder, "0001_initial")
    return folder


def apply(data_dir: Path, name: str) -> None:
    with closing(sqlite3.connect(data_dir / "batchdeck.sqlite3")) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS django_migrations (app TEXT, name TEXT)")
        connection.execute("INSERT INTO django_migrations VALUES ('jobs', ?)", (name,))


def test_what_was_never_migrated_is_not_current(checkout: Path, data_dir: Path) -> None:
    assert not Migrated(checkout, data_dir, {}).is_current()


def test_nothing_new_is_current(checkout: Path, data_dir: Path) -> None:
    Migrated(checkout, data_dir, {}).remember()
    assert Migrated(checkout, data_dir, {}).is_current()


def add_migration(checkout: Path, data_dir: Path) -> None:
    (checkout / "jobs" / "migrations" / "0002_more.py").write_text("# second\n")


def edit_migration(checkout: Path, data_dir: Path) -> None:
    (checkout / "jobs" / "migrations" / "0001_initial.py").write_text("# other\n")


def change_packages(checkout: Path, data_dir: Path) -> None:
    (checkout / "locks" / "runtime.txt").write_text("django==6\n")


def remove_database(checkout: Path, data_dir: Path) -> None:
    (data_dir / "batchdeck.sqlite3").unlink()


def put_back_an_older_database(checkout: Path, data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "batchdeck.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM django_migrations")


def put_in_what_is_no_database(checkout: Path, data_dir: Path) -> None:
    (data_dir / "batchdeck.sqlite3").write_bytes(b"x" * 5000)


@pytest.mark.parametrize(
    "change",
    [
        add_migration,
        edit_migration,
        change_packages,
        remove_database,
        put_back_an_older_database,
        put_in_what_is_no_database,
    ],
)
def test_whatever_has_changed_since_asks_for_migrate(
    checkout: Path, data_dir: Path, change: Callable[[Path, Path], None]
) -> None:
    Migrated(checkout, data_dir, {}).remember()
    change(checkout, data_dir)
    assert not Migrated(checkout, data_dir, {}).is_current()


def test_a_database_elsewhere_is_always_asked(checkout: Path, data_dir: Path) -> None:
    environment = {"DATABASE_URL": "postgres://db/x"}
    Migrated(checkout, data_dir, {}).remember()
    Migrated(checkout, data_dir, environment).remember()
    assert not Migrated(checkout, data_dir, environment).is_current()
