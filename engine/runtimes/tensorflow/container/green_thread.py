"""Runs user code in the main thread, one request at a time except while it waits for HTTP answers.

So does the image, whose web server switches between requests when they wait for TensorFlow Serving: requests of a
batch are at the model together, and scripts need not be safe for threads.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

import greenlet
from requests.adapters import HTTPAdapter


class GreenThread:
    """Calls functions in the main thread; those that wait let others run."""

    def __init__(self, executor: Executor) -> None:
        """`executor` runs what is waited for."""
        self._executor = executor
        self._steps: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._main = greenlet.getcurrent()

    async def call(self, function: Callable[[], Any]) -> Any:
        """Call `function` in the main thread and return its result. Raises its exceptions."""
        future: Future[Any] = Future()
        self._steps.put(greenlet.greenlet(functools.partial(_run, future, function), self._main).switch)
        return await asyncio.wrap_future(future)

    def wait(self, function: Callable[[], Any]) -> Any:
        """Call `function` in another thread; meanwhile this thread goes on with other requests.

        Outside of requests it is called here.
        """
        current = greenlet.getcurrent()
        if current is self._main or current.parent is not self._main:
            return function()
        awaited = self._executor.submit(function)
        awaited.add_done_callback(lambda _: self._steps.put(current.switch))
        self._main.switch()
        return awaited.result()

    def run(self, serve: Callable[[], None]) -> None:
        """Run `serve` in another thread and this object's calls in this one. Raises SystemExit if `serve` ends."""
        self._let_requests_wait()
        threading.Thread(target=self._serve, args=(serve,), name="server", daemon=True).start()
        while (step := self._steps.get()) is not None:
            step()
        raise SystemExit(1)

    def _let_requests_wait(self) -> None:
        """Make `requests` wait as `wait` does."""
        send = HTTPAdapter.send
        wait = self.wait

        @functools.wraps(send)
        def send_and_wait(self: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
            return wait(functools.partial(send, self, *arguments, **options))

        HTTPAdapter.send = send_and_wait  # type: ignore[method-assign]

    def _serve(self, serve: Callable[[], None]) -> None:
        try:
            serve()
        except BaseException:
            traceback.print_exc()
        finally:
            self._steps.put(None)


def _run(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return  # The client has closed its connection.
    try:
        result = function()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
