"""What the engine remembers: models, the registry, jobs, tags and logs, in one SQLite file that survives kill -9."""

from __future__ import annotations

from pathlib import Path

from engine.sqlite import Database, StoreTooNew
from engine.store.changes import Changes
from engine.store.jobs import JobRow, Jobs
from engine.store.logs import Logs
from engine.store.metrics import Metrics
from engine.store.models import ModelRow, Models
from engine.store.packages import Packages
from engine.store.schema import MIGRATIONS
from engine.store.tags import Tags

__all__ = ["JobRow", "Jobs", "Logs", "ModelRow", "Models", "Store", "StoreTooNew", "Tags"]


class Store:
    """The engine's memory. May be used from any thread; every change is on disk when its call returns."""

    def __init__(self, path: Path) -> None:
        """Open the SQLite file at `path`, making it and its folder, or bringing an older schema up to date.

        Raises StoreTooNew if the file was written by a later engine.
        """
        self._database = Database(path, MIGRATIONS)
        self.models = Models(self._database)
        self.packages = Packages(self._database)
        self.jobs = Jobs(self._database)
        self.changes = Changes(self._database)
        self.tags = Tags(self._database)
        self.metrics = Metrics(self._database)
        self.logs = Logs(self._database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
