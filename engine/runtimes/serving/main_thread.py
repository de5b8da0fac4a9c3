"""Runs user code in the main thread while another thread serves requests."""

from __future__ import annotations

import asyncio
import functools
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

Step = Callable[[], Any]


def _same(step: Step) -> Step:
    return step


class MainThread:
    """Calls functions in the main thread, one after the other.

    Signal handlers, asyncio.run and process pools work there as in SageMaker's container.
    """

    def __init__(self, wrap: Callable[[Step], Step] = _same) -> None:
        """`wrap` returns the step that is run for a call, for example one that can be interrupted."""
        self._wrap = wrap
        self._steps: SimpleQueue[Step | None] = SimpleQueue()

    async def call(self, function: Callable[[], Any]) -> Any:
        """Call `function` in the main thread and return its result. Raises its exceptions."""
        future: Future[Any] = Future()
        self.put(self._wrap(functools.partial(_call, future, function)))
        return await asyncio.wrap_future(future)

    def put(self, step: Step) -> None:
        """Run `step`, which raises nothing, in the main thread after the steps that wait there."""
        self._steps.put(step)

    def run(self, serve: Callable[[], None]) -> None:
        """Run `serve` in another thread and this object's calls in this one. Raises SystemExit if `serve` ends."""
        threading.Thread(target=self._serve, args=(serve,), name="server", daemon=True).start()
        while (step := self._steps.get()) is not None:
            step()
        raise SystemExit(1)

    def _serve(self, serve: Callable[[], None]) -> None:
        try:
            serve()
        except BaseException:
            traceback.print_exc()
        finally:
            self._steps.put(None)


def _call(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return  # The client has closed its connection.
    try:
        result = function()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
