"""The engine's places for running jobs, shared fairly between owners."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """`count` places for all owners, and `spare` places for owners without a running job.

    A free place goes to the waiting owner with the fewest running jobs, then to the oldest job. With the spare places,
    jobs that never end cannot block other owners. Used from one event loop.
    """

    def __init__(self, count: int, spare: int) -> None:
        self._count = count
        self._spare = spare
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[tuple[int, asyncio.Future[None]]]] = {}
        self._numbers = 0

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """Wait for a place for one of the owner's jobs, and hold it within the block."""
        await self._take(owner)
        try:
            yield
        finally:
            self._leave(owner)

    def reason_to_wait(self, owner: str) -> str:
        """Why a job of this owner is waiting, as a sentence."""
        team_count, total = self._running[owner], self._running.total()
        jobs = f"{total} job runs" if total == 1 else f"{total} jobs run"
        if not owner:
            return f"Waits for a free place on the engine: {jobs}."
        if team_count == total:
            return f"Waits for a free place on the engine: {jobs}, all of this team."
        other_jobs = f"{total - team_count} job" if total - team_count == 1 else f"{total - team_count} jobs"
        also = f" and {team_count} of this team" if team_count else ""
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
        """The sort key of waiting owners: the number of running jobs, then the number of the oldest waiting job."""
        oldest, _ = self._waiting[owner][0]
        return self._running[owner], oldest

    def _admit(self) -> None:
        """Give the free places to waiting jobs."""
        while self._waiting:
            owner = min(self._waiting, key=self._order)
            spare = 0 if self._running[owner] else self._spare
            if self._running.total() >= self._count + spare:
                return
            entry = self._waiting[owner][0]
            self._withdraw(owner, entry)
            self._running[owner] += 1
            entry[1].set_result(None)
