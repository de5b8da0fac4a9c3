"""Runs each stack's operation as a task of the engine's event loop, and resumes operations at the engine's start."""

from __future__ import annotations

import asyncio
import logging

from engine.disk import is_full
from engine.operations.context import Context
from engine.orchestration.calls import Call
from engine.orchestration.stacks.deployment import Deployment

log = logging.getLogger(__name__)

_FULL_DISK_PAUSE = 2.0


class StackService:
    """Implements `engine.operations.context.StackRunner`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._ctx: Context | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, ctx: Context) -> None:
        """Resume the operations that have not ended. What runs jobs and pipelines must have been started."""
        self._ctx = ctx
        for row in ctx.store.stacks.unfinished():
            self.submit(row.id)

    def submit(self, stack_id: str) -> None:
        """Go on with a stack whose operation has begun; returns at once."""
        if stack_id not in self._tasks:
            self._tasks[stack_id] = asyncio.create_task(self._run(stack_id), name=f"stack {stack_id}")

    async def wait(self, stack_id: str, seconds: float) -> None:
        """Wait for the end of a stack's operation, at most that long."""
        if task := self._tasks.get(stack_id):
            await asyncio.wait([task], timeout=seconds)

    async def close(self) -> None:
        """End all tasks. The next start resumes the operations."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, stack_id: str) -> None:
        assert self._ctx is not None, "started before a stack is submitted"
        deployment = Deployment(self._ctx, self._call, stack_id)
        try:
            # Nothing is awaited between the last step and the removal of the task, so that no operation is missed.
            while await self._advance(deployment):
                pass
        finally:
            del self._tasks[stack_id]

    async def _advance(self, deployment: Deployment) -> bool:
        try:
            return await deployment.advance()
        except Exception as error:
            if is_full(error):
                log.warning("%s waits: the disk is full (%s)", deployment.stack_id, error)
                await asyncio.sleep(_FULL_DISK_PAUSE)
                return True
            log.exception("%s failed in the engine itself", deployment.stack_id)
            deployment.give_up("InternalFailure: The engine failed; its log says more.")
            return False
