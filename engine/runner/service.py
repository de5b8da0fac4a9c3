"""Starts jobs, stops them on request, and resumes them after a crash."""

from __future__ import annotations

import asyncio
import logging
import time

from engine.config import Config
from engine.disk import Disk, is_full
from engine.objects import ObjectStore
from engine.removing import remove_tree
from engine.runner.budget import Budget
from engine.runner.job import Job
from engine.runner.places import Places
from engine.runner.protocols import RuntimeProvider
from engine.store import JobRow, Store
from engine.store.clock import now

log = logging.getLogger(__name__)


#: The tag that names the owner of a job that the engine's own key created. Jobs with the same value share places.
OWNER_TAG = "batchdeck:team"
#: The first and the longest pause in seconds before a job is tried again on a full disk without new space.
_SHORTEST_PAUSE = 2.0
_LONGEST_PAUSE = 600.0
#: Seconds between two checks of the free space.
_CHECK_SECONDS = 1.0


class Runner:
    """Runs jobs as tasks of the engine's event loop, with a limited number at a time."""

    def __init__(
        self, config: Config, store: Store, objects: ObjectStore, runtimes: RuntimeProvider, disk: Disk
    ) -> None:
        self._disk = disk
        self._config = config
        self._store = store
        self._objects = objects
        self._runtimes = runtimes
        self._budget = Budget(config.limits.in_flight)
        self._places = Places(config.max_running_jobs, config.spare_places)
        #: The owners of jobs that wait for a place, by job name; and the jobs that wait for space on the disk.
        self._queued: dict[str, str] = {}
        self._without_space: set[str] = set()
        self._running: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """End servers of a killed engine and resume its unfinished jobs."""
        self._runtimes.end_leftovers()
        await asyncio.to_thread(remove_tree, self._config.jobs_dir)
        for row in self._store.jobs.unfinished():
            if row.status == "Stopping":
                self._set_stopped(row.name)
            else:
                self.submit(row.name)

    def submit(self, job_name: str) -> None:
        """Run a job with status InProgress; returns at once."""
        task = asyncio.create_task(self._run(job_name), name=f"job {job_name}")
        self._tasks[job_name] = task
        task.add_done_callback(lambda _: self._tasks.pop(job_name, None))
        task.add_done_callback(_report)

    def stop(self, job_name: str) -> None:
        """Stop a job with status Stopping; returns at once."""
        task = asyncio.create_task(self._stop(job_name), name=f"stop of job {job_name}")
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
        task.add_done_callback(_report)

    def reason_to_wait(self, job_name: str) -> str | None:
        """Why an InProgress job does not run yet, as a sentence; None if it runs."""
        if job_name in self._queued:
            return self._places.reason_to_wait(self._queued[job_name])
        if job_name in self._without_space:
            return (
                "Waits for space: the engine's disk is full. The job goes on by itself when there is space."
            )
        job = self._running.get(job_name)
        return job.reason_to_wait if job is not None else None

    def reason_against(self, image: str) -> str | None:
        """Why containers of the image cannot run, and what to do, as a sentence; None if they can."""
        return self._runtimes.reason_against(image)

    def library_of(self, image: str) -> str:
        """The library that predicts for the image, with its version; empty if unknown."""
        return self._runtimes.library_of(image)

    async def close(self) -> None:
        """End all instances. Rows of unfinished jobs stay unchanged; the next start resumes them."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._stopping, return_exceptions=True)

    async def _run(self, job_name: str) -> None:
        row = self._store.jobs.get(job_name)
        if row is None:
            return
        owner = self._owner(row)
        self._queued[job_name] = owner
        try:
            async with self._places.of(owner):
                del self._queued[job_name]
                await self._to_its_end(job_name)
        finally:
            self._queued.pop(job_name, None)

    def _owner(self, row: JobRow) -> str:
        """Whose places the job takes: those of the team key that created it, else of the team in its tag.

        Whoever creates a job chooses its tags, so that a team could name others in them.
        """
        if row.scope.is_everything:
            return self._store.tags.list(row.arn).get(OWNER_TAG, "")
        return " ".join((*row.scope.uris, *row.scope.names))

    async def _to_its_end(self, job_name: str) -> None:
        """Run the job. If the disk is full, wait for space and continue with the remaining objects."""
        finished_count, pause = -1, _SHORTEST_PAUSE
        while (row := self._store.jobs.get(job_name)) is not None and row.status == "InProgress":
            try:
                job = Job(self._config, self._store, self._objects, self._runtimes, self._budget, row)
                self._running[job_name] = job
                await job.run()
            except Exception as error:
                if not is_full(error):
                    raise
                log.warning("job %s waits: the disk is full (%s)", job_name, error)
                earlier_count = finished_count
                finished_count = len(self._store.jobs.finished_objects(job_name))
                pause = _SHORTEST_PAUSE if finished_count > earlier_count else min(4 * pause, _LONGEST_PAUSE)
                await self._space(job_name, pause)
            finally:
                self._running.pop(job_name, None)

    async def _space(self, job_name: str, pause: float) -> None:
        """Wait until the disk has more space than now, or any space after `pause` seconds."""
        self._without_space.add(job_name)
        free, due = self._disk.free, time.monotonic() + pause
        try:
            while True:
                await asyncio.sleep(_CHECK_SECONDS)
                if self._disk.has_room(free if time.monotonic() < due else 0):
                    return
        finally:
            self._without_space.discard(job_name)

    async def _stop(self, job_name: str) -> None:
        task = self._tasks.get(job_name)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._set_stopped(job_name)

    def _set_stopped(self, job_name: str) -> None:
        self._disk.ensure(
            lambda: self._store.jobs.move(job_name, "Stopped", ("Stopping",), ended=now()),
        )
        self._disk.ensure(lambda: self._store.jobs.forget_objects(job_name))


def _report(task: asyncio.Task[None]) -> None:
    """Log an unexpected error of a task."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s broke off; it is taken up at the next start", task.get_name(), exc_info=error)
