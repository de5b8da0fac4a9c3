"""One budget of memory for the requests and answers that all jobs together hold in the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial

#: Requests that all jobs together have in flight at most. Each needs a connection, of which a process has not many.
MOST_REQUESTS = 4096


class Budget:
    """The bytes that all jobs may hold. Each job has a share, and each payload of a job a holding.

    Bytes are counted when they are there. A job that holds more than what is left for others waits before it reads
    further payloads and answers, except for its oldest payload. That one can always be finished and written, so
    nothing waits for ever, and a job exceeds the budget by at most one payload with its answer. A payload counts as one
    of MOST_REQUESTS parts of the budget besides its bytes.
    """

    def __init__(self, size: int) -> None:
        self.left = size
        self.per_request = size // MOST_REQUESTS
        #: By what waits: whether it may go on, and how to wake it.
        self.waiting: dict[object, tuple[Callable[[], bool], Callable[[], None]]] = {}

    def share(self) -> Share:
        """The share of a further job."""
        return Share(self)

    def wait(self, key: object, may_go: Callable[[], bool], wake: Callable[[], None]) -> None:
        """Call `wake` once, as soon as `may_go` is true after a release."""
        self.waiting[key] = (may_go, wake)

    def forget(self, key: object) -> None:
        """Wake that one no more."""
        self.waiting.pop(key, None)

    def released(self) -> None:
        """Wake all that may go on now."""
        for key, (may_go, wake) in list(self.waiting.items()):
            if may_go():
                self.waiting.pop(key, None)
                wake()


class Share:
    """What one job holds of the budget."""

    __slots__ = ("budget", "held", "holdings")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.held = 0
        #: The holdings, oldest first.
        self.holdings: dict[Holding, None] = {}

    @property
    def is_over(self) -> bool:
        """Whether the job holds more than what is left for others."""
        return self.held > self.budget.left

    async def room(self) -> None:
        """Wait until the job may read a further payload."""
        while self.is_over and self.holdings:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.budget.wait(woken, lambda: not self.is_over or not self.holdings, partial(_wake, woken))
            try:
                await woken
            finally:
                self.budget.forget(woken)


class Holding:
    """The bytes of one payload: its request, then its answers, then its result, until that is written."""

    __slots__ = ("_share", "_size")

    def __init__(self, share: Share, size: int) -> None:
        """Of a job's holdings, an older one must never wait for a younger one."""
        budget = share.budget
        size += budget.per_request
        self._share = share
        self._size = size
        share.holdings[self] = None
        share.held += size
        budget.left -= size

    def add(self, size: int) -> None:
        """Count so many further bytes; fewer, if negative."""
        share = self._share
        budget = share.budget
        self._size += size
        share.held += size
        budget.left -= size
        if size <= 0 and budget.waiting:
            budget.released()

    def set(self, size: int) -> None:
        """Count so many bytes instead of those counted so far."""
        self.add(size + self._share.budget.per_request - self._size)

    def release(self) -> None:
        """Count nothing any more."""
        self._share.holdings.pop(self, None)
        self.add(-self._size)

    @property
    def must_wait(self) -> bool:
        """Whether no further bytes may be read for this payload now."""
        return self._share.is_over and next(iter(self._share.holdings), self) is not self

    def wait(self, wake: Callable[[], None]) -> None:
        """Call `wake` once, as soon as this need not wait."""
        self._share.budget.wait(self, lambda: not self.must_wait, wake)

    def forget(self) -> None:
        """Do not call `wake` any more."""
        self._share.budget.forget(self)


#: The holding of the payload that the current task sends.
current_holding: ContextVar[Holding | None] = ContextVar("current_holding", default=None)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
