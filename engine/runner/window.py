"""How many requests an instance has in flight, and how many answers may wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

Send = Callable[[bytes], Awaitable[bytes]]


class Window:
    """Shared by all objects of an instance: `size` requests at once, and as many answers held back again.

    A place is taken before a payload is cut from its object and given back once its answer is written, so
    memory is bounded by the window, whatever the size of the input and however late the first answer comes.
    The oldest payload of every object is always in flight or next to be, so places always come free.
    """

    def __init__(self, size: int) -> None:
        self._places = asyncio.Semaphore(2 * size)
        self._flight = asyncio.Semaphore(size)

    async def run(self, payloads: Iterator[bytes], send: Send, write: Callable[[bytes], None]) -> None:
        """Send every payload; write the answers in the payloads' order.

        The first error ends it: what is in flight for this object is given up, and the error raised.
        """
        waiting: deque[asyncio.Task[bytes]] = deque()
        try:
            while True:
                await self._place(waiting, write)
                try:
                    payload = next(payloads, None)
                except BaseException:
                    self._places.release()
                    raise
                if payload is None:
                    self._places.release()
                    break
                waiting.append(asyncio.create_task(self._send(send, payload)))
            while waiting:
                await self._write_first(waiting, write)
        finally:
            await self._give_up(waiting)

    async def _place(self, waiting: deque[asyncio.Task[bytes]], write: Callable[[bytes], None]) -> None:
        """Take a place, writing this object's finished answers meanwhile: they may be what holds the places."""
        while waiting and waiting[0].done():
            await self._write_first(waiting, write)
        while self._places.locked() and waiting:
            await self._write_first(waiting, write)
        await self._places.acquire()

    async def _write_first(self, waiting: deque[asyncio.Task[bytes]], write: Callable[[bytes], None]) -> None:
        answer = await waiting[0]
        waiting.popleft()
        write(answer)
        self._places.release()

    async def _send(self, send: Send, payload: bytes) -> bytes:
        async with self._flight:
            return await send(payload)

    async def _give_up(self, waiting: deque[asyncio.Task[bytes]]) -> None:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for _ in waiting:
            self._places.release()
