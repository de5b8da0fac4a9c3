"""Runs each execution as a task of the engine's event loop, and resumes executions at the engine's start."""

from __future__ import annotations

import asyncio
import logging

from engine.disk import is_full
from engine.operations.context import Context
from engine.orchestration.calls import Call
from engine.orchestration.pipelines.execution import Execution

log = logging.getLogger(__name__)

#: Seconds until an execution goes on that met a full disk.
_FULL_DISK_PAUSE = 2.0


class PipelineService:
    """Implements `engine.operations.context.PipelineRunner`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._ctx: Context | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake: dict[str, asyncio.Event] = {}

    def start(self, ctx: Context) -> None:
        """Resume the unfinished executions. The runners of jobs must have been started."""
        self._ctx = ctx
        for row in ctx.store.executions.unfinished():
            self.submit(row.arn)

    def submit(self, execution_arn: str) -> None:
        """Go on with an execution whose row was added or changed; returns at once."""
        if execution_arn in self._tasks:
            self._wake[execution_arn].set()
            return
        self._wake[execution_arn] = asyncio.Event()
        name = f"pipeline execution {execution_arn}"
        self._tasks[execution_arn] = asyncio.create_task(self._run(execution_arn), name=name)

    async def close(self) -> None:
        """End all tasks. Rows stay unchanged; the next start resumes the executions."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, arn: str) -> None:
        assert self._ctx is not None, "started before an execution is submitted"
        execution, wake = Execution(self._ctx, self._call, arn), self._wake[arn]
        try:
            # Nothing is awaited between the last step and the removal of the task, so that no change is missed.
            while (pause := await self._advance(execution)) is not None:
                try:
                    await asyncio.wait_for(wake.wait(), pause)
                except TimeoutError:
                    continue
                finally:
                    wake.clear()
        finally:
            del self._tasks[arn], self._wake[arn]

    async def _advance(self, execution: Execution) -> float | None:
        """Let the execution go on; returns the seconds until the next look, None if it has ended."""
        assert self._ctx is not None
        try:
            return await execution.advance()
        except Exception as error:
            if is_full(error):
                log.warning("%s waits: the disk is full (%s)", execution.arn, error)
                return _FULL_DISK_PAUSE
            log.exception("%s failed in the engine itself", execution.arn)
            reason = "InternalFailure: The engine failed; its log says more."
            execution.give_up(reason)
            return None
