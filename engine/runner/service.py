"""The jobs that are running: begun when they are created, stopped on request, taken up again after a crash."""

from __future__ import annotations

import asyncio
import logging
import shutil

from engine.config import Config
from engine.objects import ObjectStore
from engine.runner.job import Job
from engine.runner.protocols import RuntimeProvider
from engine.store import Store
from engine.store.clock import now

log = logging.getLogger(__name__)


class Runner:
    """Runs jobs as tasks of the engine's event loop, a bounded number at once, oldest first."""

    def __init__(self, config: Config, store: Store, objects: ObjectStore, runtimes: RuntimeProvider) -> None:
        self._config = config
        self._store = store
        self._objects = objects
        self._runtimes = runtimes
        self._turns = asyncio.Semaphore(config.max_running_jobs)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """End what a killed engine left running, and take up its unfinished jobs."""
        self._runtimes.end_leftovers()
        await asyncio.to_thread(shutil.rmtree, self._config.jobs_dir, ignore_errors=True)
        for row in self._store.jobs.unfinished():
            if row.status == "Stopping":
                self._set_stopped(row.name)
            else:
                self.submit(row.name)

    def submit(self, job_name: str) -> None:
        """Run a job whose row says InProgress; returns at once."""
        task = asyncio.create_task(self._run(job_name), name=f"job {job_name}")
        self._tasks[job_name] = task
        task.add_done_callback(lambda _: self._tasks.pop(job_name, None))
        task.add_done_callback(_report)

    def stop(self, job_name: str) -> None:
        """Stop a job whose row says Stopping; returns at once."""
        task = asyncio.create_task(self._stop(job_name), name=f"stop of job {job_name}")
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
        task.add_done_callback(_report)

    async def close(self) -> None:
        """End all instances. The jobs' rows stay as they are: the next start goes on with them."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._stopping, return_exceptions=True)

    async def _run(self, job_name: str) -> None:
        async with self._turns:
            row = self._store.jobs.get(job_name)
            if row is not None and row.status == "InProgress":
                await Job(self._config, self._store, self._objects, self._runtimes, row).run()

    async def _stop(self, job_name: str) -> None:
        task = self._tasks.get(job_name)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._set_stopped(job_name)

    def _set_stopped(self, job_name: str) -> None:
        self._store.jobs.move(job_name, "Stopped", ("Stopping",), ended=now())
        self._store.jobs.forget_objects(job_name)


def _report(task: asyncio.Task[None]) -> None:
    """Tell the engine's log of an error that no job could be blamed for, such as a full disk."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s broke off; it is taken up at the next start", task.get_name(), exc_info=error)
