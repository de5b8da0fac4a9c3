"""Jobs of one kind as tasks of the engine's event loop: they wait for a place, run, wait for space, and are stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from engine.disk import Disk, is_full
from engine.runner.places import Places
from engine.store import Store
from engine.store.clock import now
from engine.store.job_table import AnyJobRow

log = logging.getLogger(__name__)

#: The tag that names the owner of a job that the engine's own key created. Jobs with the same value share places.
OWNER_TAG = "batchdeck:team"
#: The first and the longest pause in seconds before a job is tried again on a full disk without new space.
_SHORTEST_PAUSE = 2.0
_LONGEST_PAUSE = 600.0
#: Seconds between two checks of the free space.
_CHECK_SECONDS = 1.0


class RunnableJob(Protocol):
    """A job that can be run once."""

    @property
    def reason_to_wait(self) -> str | None:
        """Why its containers do not run yet, as a sentence; None if they do."""

    async def run(self) -> None:
        """Run it and store its final status. Cancelling ends its containers and leaves the row unchanged.

        If the disk is full, raises the error (see `engine.disk.is_full`) and leaves the row unchanged.
        """


class JobKind(Protocol):
    """A kind of job: its rows, and how one is run."""

    #: Its word in logs, such as "job".
    title: str

    def row(self, name: str) -> AnyJobRow | None:
        """The job's row, or None."""

    def unfinished(self) -> Sequence[AnyJobRow]:
        """The rows of all jobs that are not finished, oldest first."""

    def job(self, name: str) -> RunnableJob | None:
        """The job, ready to run; None if there is no row any more."""

    def progress(self, name: str) -> int:
        """How much of the job is done and is not repeated when it is run again."""

    def set_stopped(self, name: str, at: float) -> None:
        """Store that a job with status Stopping is stopped, at that time (epoch seconds)."""


class JobTasks:
    """The jobs of one kind. All kinds share the places."""

    def __init__(self, kind: JobKind, store: Store, places: Places, disk: Disk) -> None:
        self._kind = kind
        self._store = store
        self._places = places
        self._disk = disk
        #: The owners of jobs that wait for a place, by job name; and the jobs that wait for space on the disk.
        self._queued: dict[str, str] = {}
        self._without_space: set[str] = set()
        self._running: dict[str, RunnableJob] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Run the unfinished jobs of an earlier engine; those that were stopping are stopped."""
        for row in self._kind.unfinished():
            if row.status == "Stopping":
                self._set_stopped(row.name)
            else:
                self.submit(row.name)

    def submit(self, job_name: str) -> None:
        """Run a job with status InProgress; returns at once."""
        task = asyncio.create_task(self._run(job_name), name=f"{self._kind.title} {job_name}")
        self._tasks[job_name] = task
        task.add_done_callback(lambda _: self._forget(job_name, task))
        task.add_done_callback(_report)

    def stop(self, job_name: str) -> None:
        """Stop a job with status Stopping; returns at once."""
        task = asyncio.create_task(self._stop(job_name), name=f"stop of {self._kind.title} {job_name}")
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

    async def close(self) -> None:
        """End all jobs. Rows of unfinished jobs stay unchanged; the next start resumes them."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._stopping, return_exceptions=True)

    def _forget(self, job_name: str, task: asyncio.Task[None]) -> None:
        # A deleted job's name may have been used again.
        if self._tasks.get(job_name) is task:
            del self._tasks[job_name]

    async def _run(self, job_name: str) -> None:
        row = self._kind.row(job_name)
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

    def _owner(self, row: AnyJobRow) -> str:
        """Whose places the job takes: those of the team key that created it, else of the team in its tag.

        Whoever creates a job chooses its tags, so that a team could name others in them.
        """
        if row.scope.is_everything:
            return self._store.tags.list(row.arn).get(OWNER_TAG, "")
        return " ".join((*row.scope.uris, *row.scope.names))

    async def _to_its_end(self, job_name: str) -> None:
        """Run the job. If the disk is full, wait for space and go on with what is not done."""
        progress, pause = -1, _SHORTEST_PAUSE
        while (row := self._kind.row(job_name)) is not None and row.status == "InProgress":
            job = self._kind.job(job_name)
            assert job is not None, "its row is there"
            try:
                self._running[job_name] = job
                await job.run()
            except Exception as error:
                if not is_full(error):
                    raise
                log.warning("%s %s waits: the disk is full (%s)", self._kind.title, job_name, error)
                earlier = progress
                progress = self._kind.progress(job_name)
                pause = _SHORTEST_PAUSE if progress > earlier else min(4 * pause, _LONGEST_PAUSE)
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
        self._disk.ensure(lambda: self._kind.set_stopped(job_name, now()))


def _report(task: asyncio.Task[None]) -> None:
    """Log an unexpected error of a task."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s broke off; it is taken up at the next start", task.get_name(), exc_info=error)
