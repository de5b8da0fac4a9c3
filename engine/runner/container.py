"""One running model container, spoken to over HTTP: ping, execution parameters, invocations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from engine.runner.failures import PING_FAILED, JobFailed
from engine.runner.http_client import Answer, HttpClient, NoAnswer
from engine.runner.parameters import read_offer
from engine.runner.protocols import Server

#: Seconds one /ping may take, and the pause between two (developer guide; seen in the field).
_PING_TIMEOUT = 2.0
_PING_PAUSE = 0.05
_PING_LONGEST_PAUSE = 1.0

#: A container that ends while it serves is started again this often before its job is given up.
_RESTARTS = 1


class Container:
    """A model server and how to have it again: `start` makes a fresh one."""

    def __init__(self, start: Callable[[], Awaitable[Server]], ping_deadline: float) -> None:
        self._start = start
        self._ping_deadline = ping_deadline
        self._server: Server | None = None
        self._client: HttpClient | None = None
        self._restarts_left = _RESTARTS
        self._reviving = asyncio.Lock()

    async def start(self) -> None:
        """Start the server and wait until it is healthy. Raises JobFailed if it ends first, or never is."""
        self._server = await self._start()
        self._client = HttpClient(*self._server.address)
        deadline = asyncio.get_running_loop().time() + self._ping_deadline
        pause = _PING_PAUSE
        while not await self._healthy():
            if self._server.exit_status is not None:
                raise JobFailed(
                    "AlgorithmError: The model container ended before it was ready "
                    f"({_how_it_ended(self._server.exit_status)}). Its log says why"
                )
            if asyncio.get_running_loop().time() > deadline:
                raise JobFailed(PING_FAILED)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _PING_LONGEST_PAUSE)

    async def execution_parameters(self) -> dict[str, Any]:
        """What the container offers; nothing if it has no such path."""
        try:
            answer = await self._request("GET", "/execution-parameters", {}, b"", _PING_TIMEOUT)
        except (NoAnswer, TimeoutError):
            return {}
        return read_offer(answer.body) if answer.status == 200 else {}

    async def invoke(self, headers: dict[str, str], body: bytes, seconds: float) -> Answer:
        """One POST to /invocations. Raises NoAnswer or TimeoutError; a server found dead is started again."""
        try:
            return await self._request("POST", "/invocations", headers, body, seconds)
        except NoAnswer:
            await self._revive()
            raise

    async def stop(self) -> None:
        """End the server."""
        if self._client is not None:
            self._client.close()
        if self._server is not None:
            await self._server.stop()

    async def _request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, seconds: float
    ) -> Answer:
        assert self._client is not None, "started before it is used"
        return await self._client.request(method, path, headers, body, seconds)

    async def _healthy(self) -> bool:
        try:
            answer = await self._request("GET", "/ping", {}, b"", _PING_TIMEOUT)
        except (NoAnswer, TimeoutError):
            return False
        return answer.status == 200

    async def _revive(self) -> None:
        """If the server has ended, start it once more. Raises JobFailed when that was done before."""
        async with self._reviving:
            server = self._server
            if server is None or server.exit_status is None:
                return
            if self._restarts_left == 0:
                raise JobFailed(
                    "AlgorithmError: The model container ended while it served "
                    f"({_how_it_ended(server.exit_status)}), and again after a restart. Its log says why"
                )
            self._restarts_left -= 1
            await self.stop()
            await self.start()


def _how_it_ended(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
