"""Limits an instance's concurrent requests and waiting answers, and keeps answers in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from engine.runner.budget import Holding, Share, current_holding

P = TypeVar("P")
Send = Callable[[P], Awaitable[bytes]]
Write = Callable[[bytes], None]


def _length(payload: object) -> int:
    return len(payload) if isinstance(payload, bytes) else 0


class Window(Generic[P]):
    """Shared by all objects of an instance: `size` requests in flight and one further payload in preparation.

    Up to `size` answers may wait for an earlier one. A place is taken before a payload is read from its object and
    released when its answer is written. So memory is limited by the window, whatever the size of the input and the
    delay of the first answer, and besides by the job's share of the engine's budget. Answers are written as soon as
    all earlier ones of their object are, whatever their object waits for, so places always become free.
    """

    def __init__(self, size: int, share: Share, size_of: Callable[[P], int] = _length) -> None:
        """`size_of` is the size of a payload in bytes."""
        self._places = asyncio.Semaphore(2 * size + 1)
        self._payloads = asyncio.Semaphore(size + 1)
        self._flight = asyncio.Semaphore(size)
        self._share = share
        self._size_of = size_of

    async def run(self, payloads: Iterator[P], send: Send[P], write: Write) -> None:
        """Send all payloads and write their answers in the same order.

        The first error cancels this object's other requests and is raised.
        """
        answers = _Answers(write, self._payloads, self._places)
        try:
            while await self._send_next(payloads, send, answers):
                pass
            await answers.written()
        finally:
            await answers.give_up()

    async def _send_next(self, payloads: Iterator[P], send: Send[P], answers: _Answers) -> bool:
        """Read the next payload as soon as there is a place and send it; False at the end of the object."""
        await self._places.acquire()
        try:
            await self._payloads.acquire()
            try:
                if self._share.is_over:
                    await self._share.room()
                answers.check()
                payload = next(payloads, None)
                if payload is not None:
                    # Right after reading, so that requests are sent in the order of their holdings.
                    holding = Holding(self._share, self._size_of(payload))
                    task = asyncio.create_task(self._send(send, payload, holding))
            except BaseException:
                self._payloads.release()
                raise
        except BaseException:
            self._places.release()
            raise
        if payload is None:
            self._payloads.release()
            self._places.release()
            return False
        answers.add(task, holding)
        return True

    async def _send(self, send: Send[P], payload: P, holding: Holding) -> bytes:
        async with self._flight:
            current_holding.set(holding)
            result = await send(payload)
        holding.set(len(result))
        return result


class _Answers:
    """The answers of one object, which are written in the order of their payloads."""

    def __init__(self, write: Write, payloads: asyncio.Semaphore, places: asyncio.Semaphore) -> None:
        """Each answer releases one of `payloads` when it is there, and one of `places` when it is written."""
        self._write = write
        self._payloads = payloads
        self._places = places
        self._waiting: deque[tuple[asyncio.Task[bytes], Holding]] = deque()
        self._error: BaseException | None = None

    def add(self, task: asyncio.Task[bytes], holding: Holding) -> None:
        """The next answer, as the result of a task."""
        self._waiting.append((task, holding))
        # Not in the task's coroutine, which is never entered if it is cancelled before its first step.
        task.add_done_callback(self._finished)

    def check(self) -> None:
        """Raise the error of an answer, or of its writing."""
        if self._error is not None:
            raise self._error

    async def written(self) -> None:
        """Wait until all answers are written. Raises as `check`."""
        while self._waiting:
            await asyncio.wait([self._waiting[0][0]])
        self.check()

    async def give_up(self) -> None:
        """Cancel what is not finished, and write nothing more."""
        if self._waiting:
            self._fail(asyncio.CancelledError())
            await asyncio.gather(*(task for task, _ in self._waiting), return_exceptions=True)

    def _finished(self, _: asyncio.Task[bytes]) -> None:
        """Write the first answers as far as they are finished."""
        self._payloads.release()
        while self._waiting and self._waiting[0][0].done():
            task, holding = self._waiting.popleft()
            try:
                if self._error is None:
                    self._write(task.result())
                elif not task.cancelled():
                    task.exception()  # Seen: an earlier answer's error is raised.
            except BaseException as error:
                self._fail(error)
            holding.release()
            self._places.release()

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        for task, _ in self._waiting:
            task.cancel()
