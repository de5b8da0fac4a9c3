"""Deletion of expired log events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time

from engine.store import Store

log = logging.getLogger(__name__)

#: Seconds between two runs.
_PAUSE = 3600.0


class LogRetention:
    """Deletes expired events once an hour."""

    def __init__(self, store: Store, days: int) -> None:
        """`days` is the retention of log groups without their own policy; 0 means for ever."""
        self._store = store
        self._days = days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="log retention")

    async def close(self) -> None:
        """Stop the task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(sqlite3.Error):  # Such as a full disk; the next run tries again.
                await delete_old_events(self._store, self._days, time.time())
            await asyncio.sleep(_PAUSE)


async def delete_old_events(store: Store, days: int, now: float) -> None:
    """Delete all events that are expired at `now` (epoch seconds). Raises sqlite3.Error."""
    for group, stream, oldest in store.logs.expired_streams(int(now * 1000), days):
        await asyncio.to_thread(store.logs.delete_events, group, stream, before=oldest)
