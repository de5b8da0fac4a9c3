"""The engine's store: models, the registry, jobs, pipelines, tags, metrics and logs in one SQLite file."""

from __future__ import annotations

from pathlib import Path

from engine.sqlite import Database, StoreTooNew
from engine.store.change_sets import ChangeSets
from engine.store.changes import Changes
from engine.store.dashboards import Dashboards
from engine.store.execution_metrics import ExecutionMetrics
from engine.store.executions import Executions
from engine.store.jobs import JobRow, Jobs
from engine.store.logs import Logs
from engine.store.metrics import Metrics
from engine.store.models import ModelRow, Models
from engine.store.packages import Packages
from engine.store.parameters import ParameterStore
from engine.store.pending_events import PendingEvents
from engine.store.pipelines import Pipelines
from engine.store.processing_jobs import ProcessingJobRow, ProcessingJobs
from engine.store.request_tokens import RequestTokens
from engine.store.rules import Rules
from engine.store.schedules import Schedules
from engine.store.schema import MIGRATIONS
from engine.store.stacks import Stacks
from engine.store.tags import Tags
from engine.store.timers import Timers

__all__ = ["JobRow", "Jobs", "Logs", "ModelRow", "Models", "ProcessingJobRow", "Store", "StoreTooNew", "Tags"]


class Store:
    """All tables of the store. Thread-safe; a change is on disk when its method returns."""

    def __init__(self, path: Path) -> None:
        """Open the SQLite file at `path`, creating it or migrating an older schema.

        Raises StoreTooNew if a newer engine wrote the file.
        """
        self._database = Database(path, MIGRATIONS)
        self.models = Models(self._database)
        self.packages = Packages(self._database)
        self.jobs = Jobs(self._database)
        self.pipelines = Pipelines(self._database)
        self.request_tokens = RequestTokens(self._database)
        self.changes = Changes(self._database)
        self.pending_events = PendingEvents(self._database)
        self.processing = ProcessingJobs(self._database, self.pending_events)
        self.executions = Executions(self._database, self.pending_events)
        self.execution_metrics = ExecutionMetrics(self._database)
        self.tags = Tags(self._database)
        self.metrics = Metrics(self._database)
        self.logs = Logs(self._database)
        self.parameters = ParameterStore(self._database)
        self.rules = Rules(self._database)
        self.schedules = Schedules(self._database)
        self.timers = Timers(self._database)
        self.dashboards = Dashboards(self._database)
        self.stacks = Stacks(self._database)
        self.change_sets = ChangeSets(self._database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
