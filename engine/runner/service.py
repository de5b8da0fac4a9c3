"""Starts jobs, stops them on request, and resumes them after a crash."""

from __future__ import annotations

import asyncio

from engine.config import Config
from engine.credentials import Credentials
from engine.disk import Disk
from engine.objects import ObjectStore
from engine.removing import remove_tree
from engine.runner.budget import Budget
from engine.runner.job import Job
from engine.runner.job_tasks import OWNER_TAG, JobTasks
from engine.runner.places import Places
from engine.runner.processing.kind import ProcessingKind
from engine.runner.protocols import RuntimeProvider, ScriptProvider
from engine.store import JobRow, Store

__all__ = ["OWNER_TAG", "Runner"]


class Runner:
    """Runs transform and processing jobs, with a limited number at a time."""

    def __init__(
        self,
        config: Config,
        store: Store,
        objects: ObjectStore,
        runtimes: RuntimeProvider,
        scripts: ScriptProvider,
        credentials: Credentials,
        disk: Disk,
    ) -> None:
        self._config = config
        self._runtimes = runtimes
        places = Places(config.max_running_jobs, config.spare_places)
        transform = _TransformKind(config, store, objects, runtimes)
        self._transform = JobTasks(transform, store, places, disk)
        processing = ProcessingKind(config, store, objects, scripts, credentials)
        #: The processing jobs.
        self.processing = JobTasks(processing, store, places, disk)

    async def start(self) -> None:
        """End servers of a killed engine and resume its unfinished jobs."""
        self._runtimes.end_leftovers()
        await asyncio.to_thread(remove_tree, self._config.jobs_dir)
        self._transform.resume()
        self.processing.resume()

    def submit(self, job_name: str) -> None:
        """Run a transform job with status InProgress; returns at once."""
        self._transform.submit(job_name)

    def stop(self, job_name: str) -> None:
        """Stop a transform job with status Stopping; returns at once."""
        self._transform.stop(job_name)

    def reason_to_wait(self, job_name: str) -> str | None:
        """Why an InProgress transform job does not run yet, as a sentence; None if it runs."""
        return self._transform.reason_to_wait(job_name)

    def reason_against(self, image: str) -> str | None:
        """Why containers of the image cannot run, and what to do, as a sentence; None if they can."""
        return self._runtimes.reason_against(image)

    def library_of(self, image: str) -> str:
        """The library that predicts for the image, with its version; empty if unknown."""
        return self._runtimes.library_of(image)

    async def close(self) -> None:
        """End all instances. Rows of unfinished jobs stay unchanged; the next start resumes them."""
        await asyncio.gather(self._transform.close(), self.processing.close())


class _TransformKind:
    """Transform jobs, which go on with the objects that are not done."""

    title = "job"

    def __init__(self, config: Config, store: Store, objects: ObjectStore, runtimes: RuntimeProvider) -> None:
        self._config = config
        self._store = store
        self._objects = objects
        self._runtimes = runtimes
        self._budget = Budget(config.limits.in_flight)

    def row(self, name: str) -> JobRow | None:
        """The job's row, or None."""
        return self._store.jobs.get(name)

    def unfinished(self) -> list[JobRow]:
        """The rows of all jobs that are not finished, oldest first."""
        return self._store.jobs.unfinished()

    def job(self, name: str) -> Job | None:
        """The job, ready to run; None if there is no row any more."""
        row = self._store.jobs.get(name)
        if row is None:
            return None
        return Job(self._config, self._store, self._objects, self._runtimes, self._budget, row)

    def progress(self, name: str) -> int:
        """The number of objects that are done."""
        return len(self._store.jobs.finished_objects(name))

    def set_stopped(self, name: str, at: float) -> None:
        """Store that a stopping job is stopped, at that time (epoch seconds)."""
        self._store.jobs.move(name, "Stopped", ("Stopping",), ended=at)
        self._store.jobs.forget_objects(name)
