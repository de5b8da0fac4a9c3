"""Looks once a second at what is due, and starts it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time

from engine.operations.context import Context
from engine.orchestration.calls import Call
from engine.orchestration.schedules import sources
from engine.orchestration.schedules.invoking import invoke

log = logging.getLogger(__name__)

_PAUSE = 1.0


class ScheduleClock:
    """Moves timers that are due and invokes their targets, in a task of the engine's event loop."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._task: asyncio.Task[None] | None = None

    def start(self, ctx: Context) -> None:
        """Start the task. What runs pipelines must have been started."""
        self._task = asyncio.create_task(self._run(ctx), name="schedules")

    async def close(self) -> None:
        """End the task. What it was about to invoke is invoked after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, ctx: Context) -> None:
        while True:
            try:
                await self._look(ctx)
            except sqlite3.Error as error:  # Such as a full disk; the next look tries again.
                log.warning("Rules and schedules wait: %s", error)
            except Exception:
                log.exception("Rules and schedules wait for the next look")
            await asyncio.sleep(_PAUSE)

    async def _look(self, ctx: Context) -> None:
        for arn, due in ctx.store.timers.due(time.time()):
            sources.fire(ctx, arn, due, time.time())
        for firing in ctx.store.timers.ready_firings(time.time()):
            await invoke(ctx, self._call, firing)
            sources.delete_if_complete(ctx, firing.source)
