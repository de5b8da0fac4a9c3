"""Deleting log events that are older than they are kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time

from engine.store import Store

log = logging.getLogger(__name__)

#: Seconds between two looks.
_PAUSE = 3600.0


class LogRetention:
    """Deletes old events once an hour while it runs."""

    def __init__(self, store: Store, days: int) -> None:
        """`days` holds for log groups without a retention policy of their own; 0 keeps their events for good."""
        self._store = store
        self._days = days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="log retention")

    async def close(self) -> None:
        """Stop between two steps."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(sqlite3.Error):  # A full disk, say: the next look tries again.
                await delete_old_events(self._store, self._days, time.time())
            await asyncio.sleep(_PAUSE)


async def delete_old_events(store: Store, days: int, now: float) -> None:
    """Delete every event that is older at `now` (epoch seconds) than its group keeps them. Raises sqlite3.Error."""
    for group, stream, oldest in store.logs.expired_streams(int(now * 1000), days):
        await asyncio.to_thread(store.logs.delete_events, group, stream, before=oldest)
