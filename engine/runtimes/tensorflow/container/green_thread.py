"""Runs user code in the main thread, one request at a time except while it waits for HTTP answers.

So does the image, whose web server switches between requests when they wait for TensorFlow Serving: requests of a
batch are at the model together, and scripts need not be safe for threads.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import greenlet
from main_thread import MainThread
from requests.adapters import HTTPAdapter


class GreenThread:
    """Calls functions in the main thread; those that wait let others run."""

    def __init__(self, executor: Executor) -> None:
        """`executor` runs what is waited for."""
        self._executor = executor
        self._main = greenlet.getcurrent()
        self._main_thread = MainThread(self._in_greenlet)

    async def call(self, function: Callable[[], Any]) -> Any:
        """Call `function` in the main thread and return its result. Raises its exceptions."""
        return await self._main_thread.call(function)

    def wait(self, function: Callable[[], Any]) -> Any:
        """Call `function` in another thread; meanwhile this thread goes on with other requests.

        Outside of requests it is called here.
        """
        current = greenlet.getcurrent()
        if current is self._main or current.parent is not self._main:
            return function()
        awaited = self._executor.submit(function)
        awaited.add_done_callback(lambda _: self._main_thread.put(current.switch))
        self._main.switch()
        return awaited.result()

    def run(self, serve: Callable[[], None]) -> None:
        """Run `serve` in another thread and this object's calls in this one. Raises SystemExit if `serve` ends."""
        self._let_requests_wait()
        self._main_thread.run(serve)

    def _in_greenlet(self, step: Callable[[], Any]) -> Callable[[], Any]:
        switch: Callable[[], Any] = greenlet.greenlet(step, self._main).switch
        return switch

    def _let_requests_wait(self) -> None:
        """Make `requests` wait as `wait` does."""
        send = HTTPAdapter.send
        wait = self.wait

        @functools.wraps(send)
        def send_and_wait(self: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
            return wait(functools.partial(send, self, *arguments, **options))

        HTTPAdapter.send = send_and_wait  # type: ignore[method-assign]
