"""The engine's places for running jobs, shared between owners: one whose jobs hang cannot keep the others out."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """`count` places for anybody, and `spare` ones for owners who have no job running.

    A free place goes to the waiting owner who has the fewest jobs running, oldest job first. The spare places hold even
    where every other place is taken by jobs that never end. Used from one event loop.
    """

    def __init__(self, count: int, spare: int) -> None:
        self._count = count
        self._spare = spare
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[tuple[int, asyncio.Future[None]]]] = {}
        self._numbers = 0

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """A place for one of the owner's jobs, as soon as there is one, until the block ends."""
        await self._take(owner)
        try:
            yield
        finally:
            self._leave(owner)

    def reason_to_wait(self, owner: str) -> str:
        """Why a job of this owner has no place now, as a sentence."""
        own, total = self._running[owner], self._running.total()
        jobs = f"{total} job runs" if total == 1 else f"{total} jobs run"
        if not owner:
            return f"Waits for a free place on the engine: {jobs}."
        if own == total:
            return f"Waits for a free place on the engine: {jobs}, all of this team."
        other_jobs = f"{total - own} job" if total - own == 1 else f"{total - own} jobs"
        also = f" and {own} of this team" if own else ""
        verb = "runs" if total == 1 else "run"
        return f"Waits for a free place on the engine: {other_jobs} of other teams{also} {verb}."

    async def _take(self, owner: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._numbers += 1
        entry = (self._numbers, turn)
        self._waiting.setdefault(owner, deque()).append(entry)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(owner)
            else:
                self._withdraw(owner, entry)
            raise

    def _withdraw(self, owner: str, entry: tuple[int, asyncio.Future[None]]) -> None:
        self._waiting[owner].remove(entry)
        if not self._waiting[owner]:
            del self._waiting[owner]

    def _leave(self, owner: str) -> None:
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]
        self._admit()

    def _order(self, owner: str) -> tuple[int, int]:
        """How many jobs of the owner run, then the number of its oldest waiting job."""
        oldest, _ = self._waiting[owner][0]
        return self._running[owner], oldest

    def _admit(self) -> None:
        """Give every place that is free to a job that waits."""
        while self._waiting:
            owner = min(self._waiting, key=self._order)
            spare = 0 if self._running[owner] else self._spare
            if self._running.total() >= self._count + spare:
                return
            entry = self._waiting[owner][0]
            self._withdraw(owner, entry)
            self._running[owner] += 1
            entry[1].set_result(None)
