"""Processing jobs as a kind of job: one that was interrupted starts again from its beginning."""

from __future__ import annotations

from engine.config import Config
from engine.credentials import Credentials
from engine.objects import ObjectStore
from engine.runner.processing.job import ProcessingJob
from engine.runner.protocols import ScriptProvider
from engine.store import ProcessingJobRow, Store


class ProcessingKind:
    """The processing jobs of the store."""

    title = "processing job"

    def __init__(
        self,
        config: Config,
        store: Store,
        objects: ObjectStore,
        scripts: ScriptProvider,
        credentials: Credentials,
    ) -> None:
        self._config = config
        self._store = store
        self._objects = objects
        self._scripts = scripts
        self._credentials = credentials

    def row(self, name: str) -> ProcessingJobRow | None:
        """The job's row, or None."""
        return self._store.processing.get(name)

    def unfinished(self) -> list[ProcessingJobRow]:
        """The rows of all jobs that are not finished, oldest first."""
        return self._store.processing.unfinished()

    def job(self, name: str) -> ProcessingJob | None:
        """The job, ready to run; None if there is no row any more."""
        row = self._store.processing.get(name)
        if row is None:
            return None
        return ProcessingJob(self._config, self._store, self._objects, self._scripts, self._credentials, row)

    def progress(self, name: str) -> int:
        """Nothing: a job is repeated from its beginning."""
        return 0

    def set_stopped(self, name: str, at: float) -> None:
        """Store that a stopping job is stopped, at that time (epoch seconds)."""
        self._store.processing.move(name, "Stopped", ("Stopping",), ended=at)
