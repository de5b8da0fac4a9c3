"""Limits an instance's concurrent requests and waiting answers, and keeps answers in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

P = TypeVar("P")
Send = Callable[[P], Awaitable[bytes]]
Write = Callable[[bytes], None]


class Window(Generic[P]):
    """Shared by all objects of an instance: `size` requests in flight and one further payload in preparation.

    Up to `size` answers may wait for an earlier one. A place is taken before a payload is read from its object and
    released when its answer is written. So memory is limited by the window, whatever the size of the input and the
    delay of the first answer. An object never waits for a place while it holds finished answers, so places always
    become free.
    """

    def __init__(self, size: int) -> None:
        self._places = asyncio.Semaphore(2 * size + 1)
        self._payloads = asyncio.Semaphore(size + 1)
        self._flight = asyncio.Semaphore(size)

    async def run(self, payloads: Iterator[P], send: Send[P], write: Write) -> None:
        """Send all payloads and write their answers in the same order.

        The first error cancels this object's other requests and is raised.
        """
        waiting: deque[asyncio.Task[bytes]] = deque()
        try:
            while (task := await self._next(payloads, send, waiting, write)) is not None:
                waiting.append(task)
            while waiting:
                await self._write_first(waiting, write)
        finally:
            await self._give_up(waiting)

    async def _next(
        self, payloads: Iterator[P], send: Send[P], waiting: deque[asyncio.Task[bytes]], write: Write
    ) -> asyncio.Task[bytes] | None:
        """Read the next payload as soon as there is a place and send it; None at the end of the object."""
        await self._place(waiting, write)
        try:
            await self._payloads.acquire()
            try:
                payload = next(payloads, None)
            except BaseException:
                self._payloads.release()
                raise
            if payload is not None:
                task = asyncio.create_task(self._send(send, payload))
                # Not in the coroutine, which is never entered if it is cancelled before its first step.
                task.add_done_callback(self._sent)
                return task
            self._payloads.release()
        except BaseException:
            self._places.release()
            raise
        self._places.release()
        return None

    async def _place(self, waiting: deque[asyncio.Task[bytes]], write: Write) -> None:
        """Take a place. Writes this object's finished answers meanwhile, since they hold places."""
        while waiting and (waiting[0].done() or self._places.locked()):
            await self._write_first(waiting, write)
        await self._places.acquire()

    async def _write_first(self, waiting: deque[asyncio.Task[bytes]], write: Write) -> None:
        write(await waiting[0])
        waiting.popleft()
        self._places.release()

    async def _send(self, send: Send[P], payload: P) -> bytes:
        async with self._flight:
            return await send(payload)

    def _sent(self, _: asyncio.Task[bytes]) -> None:
        self._payloads.release()

    async def _give_up(self, waiting: deque[asyncio.Task[bytes]]) -> None:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for _ in waiting:
            self._places.release()
