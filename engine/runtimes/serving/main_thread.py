"""Runs user code in the main thread while another thread serves requests."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any


class MainThread:
    """Calls functions in the main thread, one after the other.

    Signal handlers, asyncio.run and process pools work there as in SageMaker's container.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    async def call(self, function: Callable[[], Any]) -> Any:
        """Call `function` in the main thread and return its result. Raises its exceptions."""
        future: Future[Any] = Future()
        self._calls.put((future, function))
        return await asyncio.wrap_future(future)

    def run(self, serve: Callable[[], None]) -> None:
        """Run `serve` in another thread and this object's calls in this one. Raises SystemExit if `serve` ends."""
        threading.Thread(target=self._serve, args=(serve,), name="server", daemon=True).start()
        while (queued := self._calls.get()) is not None:
            future, function = queued
            if not future.set_running_or_notify_cancel():
                continue  # The client has closed its connection.
            try:
                result = function()
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)
        raise SystemExit(1)

    def _serve(self, serve: Callable[[], None]) -> None:
        try:
            serve()
        except BaseException:
            traceback.print_exc()
        finally:
            self._calls.put(None)
