"""One running model container, spoken to over HTTP: ping, execution parameters, invocations."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.runner.failures import PING_FAILED, JobFailed
from engine.runner.http_client import Answer, AnswerTooLarge, Body, HttpClient, NoAnswer
from engine.runner.parameters import read_offer
from engine.runner.protocols import RunningServer, ServerUsage

#: Seconds one /ping may take (developer guide), and the pauses between two: short, for the user waits.
_PING_TIMEOUT = 2.0
_PING_PAUSE = 0.02
_PING_LONGEST_PAUSE = 0.25

#: A server that breaks a connection may be about to end; for so many seconds it is given time to.
_GRACE = 0.25

#: A container that ends while it serves is started again this often before its job is given up.
_RESTARTS = 1


class Container:
    """A model server and how to have it again: `start` makes a fresh one."""

    def __init__(
        self, start: Callable[[], Awaitable[RunningServer]], ping_deadline: float, largest_answer: int
    ) -> None:
        """`ping_deadline` is in seconds, `largest_answer` in bytes."""
        self._start = start
        self._ping_deadline = ping_deadline
        self._largest_answer = largest_answer
        self._server: RunningServer | None = None
        self._client: HttpClient | None = None
        self._restarts_left = _RESTARTS
        self._reviving = asyncio.Lock()

    async def start(self) -> None:
        """Start the server and wait until it is healthy. Raises JobFailed if it ends first, or never is."""
        self._server = server = await self._start()
        self._client = HttpClient(*server.address, self._largest_answer)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._ping_deadline
        pause = _PING_PAUSE
        while not await self._healthy():
            if server.exit_status is not None:
                raise JobFailed(
                    "AlgorithmError: The model container ended before it was ready "
                    f"({_how_it_ended(server.exit_status)}). Its log says why"
                )
            if loop.time() > deadline:
                raise JobFailed(PING_FAILED)
            await self._ends_within(pause)
            pause = min(2 * pause, _PING_LONGEST_PAUSE)

    async def execution_parameters(self) -> dict[str, Any]:
        """What the container offers; nothing if it has no such path."""
        try:
            answer = await self._request("GET", "/execution-parameters", {}, b"", _PING_TIMEOUT)
        except (NoAnswer, AnswerTooLarge, TimeoutError):
            return {}
        return read_offer(answer.body) if answer.status == 200 else {}

    async def invoke(self, headers: Mapping[str, str], body: Body, seconds: float) -> Answer:
        """One POST to /invocations. A server found dead is started again before NoAnswer is raised.

        Raises NoAnswer, AnswerTooLarge, TimeoutError, JobFailed, and what a streamed body raises.
        """
        try:
            return await self._request("POST", "/invocations", headers, body, seconds)
        except NoAnswer:
            await self._revive()
            raise

    def usage(self) -> ServerUsage | None:
        """What the server uses; None while there is none, or nobody can tell. Called in a thread."""
        return self._server.usage() if self._server is not None else None

    def exact_memory(self) -> int:
        """The bytes of memory that the server uses, 0 where nobody can tell. Called in a thread."""
        return self._server.exact_memory() if self._server is not None else 0

    def unlinked_bytes(self) -> int:
        """Bytes of its open files that have no name any more. Called in a thread."""
        return self._server.unlinked_bytes() if self._server is not None else 0

    async def stop(self) -> None:
        """End the server."""
        if self._client is not None:
            self._client.close()
        if self._server is not None:
            await self._server.stop()

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: Body, seconds: float
    ) -> Answer:
        assert self._client is not None, "started before it is used"
        return await self._client.request(method, path, headers, body, seconds)

    async def _healthy(self) -> bool:
        try:
            answer = await self._request("GET", "/ping", {}, b"", _PING_TIMEOUT)
        except (NoAnswer, AnswerTooLarge, TimeoutError):
            return False
        return answer.status == 200

    async def _ends_within(self, seconds: float) -> bool:
        """Wait for the server's end, or until the time is over; says which."""
        server = self._server
        assert server is not None, "started before it is waited for"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), seconds)
        return server.exit_status is not None

    async def _revive(self) -> None:
        """If the server has ended, start it once more. Raises JobFailed when that was done before."""
        server = self._server
        # A reset can arrive before the news of the end that caused it.
        if server is None or not await self._ends_within(_GRACE):
            return
        async with self._reviving:
            if server is not self._server:
                return  # Another request that met the same end has seen to it.
            if self._restarts_left == 0:
                raise JobFailed(
                    "AlgorithmError: The model container ended while it served "
                    f"({_how_it_ended(server.exit_status or 0)}), and again after a restart. Its log says why"
                )
            self._restarts_left -= 1
            await self.stop()
            await self.start()


def _how_it_ended(status: int) -> str:
    if status < 0 or status > 128:
        return f"signal {-status if status < 0 else status - 128}"
    return f"exit status {status}"
