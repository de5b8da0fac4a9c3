"""Status changes of jobs that were not yet sent as events, oldest first."""

from __future__ import annotations

from dataclasses import dataclass

from engine.sqlite import Database

#: Maximum number of unsent changes; beyond it the oldest are deleted.
_MAX_CHANGES = 10_000

_RECORD_CHANGE = (
    "BEGIN "  # noqa: S608 - the number is ours
    "INSERT INTO job_changes (job, status, failure_reason, started, ended, at) VALUES "
    "(new.name, new.status, new.failure_reason, new.started, new.ended, new.modified); "
    f"DELETE FROM job_changes WHERE id <= last_insert_rowid() - {_MAX_CHANGES}; "
    "END"
)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change to `status` at the time `at`, with the job's other fields then. Times are epoch seconds."""

    id: int
    job: str
    status: str
    failure_reason: str | None
    started: float | None
    ended: float | None
    at: float


class Changes:
    """The table of changes; it stays empty until `keep` is called."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self) -> None:
        """Record every change from now on, within its own transaction, until the store is closed."""
        with self._database.transaction() as connection:
            connection.execute(f"CREATE TEMP TRIGGER job_created AFTER INSERT ON jobs {_RECORD_CHANGE}")
            connection.execute(
                "CREATE TEMP TRIGGER job_moved AFTER UPDATE OF status ON jobs "
                f"WHEN new.status <> old.status {_RECORD_CHANGE}"
            )

    def first(self) -> ChangeRow | None:
        """The oldest change, or None."""
        rows = self._database.read(
            "SELECT id, job, status, failure_reason, started, ended, at FROM job_changes ORDER BY id LIMIT 1"
        )
        return ChangeRow(*rows[0]) if rows else None

    def drop(self, change_id: int) -> None:
        """Delete a change that was sent or given up."""
        self._database.write("DELETE FROM job_changes WHERE id = ?", (change_id,))
