"""A model container: its server and the HTTP requests to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.runner.failures import PING_FAILED, JobFailed
from engine.runner.http_client import Answer, AnswerTooLarge, Body, HttpClient, NoAnswer
from engine.runner.parameters import read_offer
from engine.runner.protocols import RunningServer, ServerUsage
from transform.tracebacks import last_words

#: Seconds that one /ping may take (developer guide), and the first and the longest pause between two.
_PING_TIMEOUT = 2.0
_PING_PAUSE = 0.02
_PING_LONGEST_PAUSE = 0.25
#: Maximum bytes of an answer to /ping and /execution-parameters.
_LARGEST_STATUS = 64 * 1024

#: Seconds to wait for the end of a server that broke a connection; its end takes long to arrive on a busy machine.
_END_GRACE_SECONDS = 1.0

#: Characters of a server's last line that a failure reason quotes.
_LONGEST_WORDS = 600

#: How often a container that ends while it serves is started again before the job fails.
_RESTARTS = 1


class Container:
    """A model server that is started again if it ends; `start` starts a new one."""

    def __init__(
        self,
        start: Callable[[], Awaitable[RunningServer]],
        ping_deadline: float,
        largest_answer: int,
        name: str | None = None,
    ) -> None:
        """`ping_deadline` is in seconds, `largest_answer` in bytes. Only a pipeline's containers have a name."""
        self.name = name
        self._start = start
        self._ping_deadline = ping_deadline
        self._largest_answer = largest_answer
        self._server: RunningServer | None = None
        self._client: HttpClient | None = None
        self._restarts_left = _RESTARTS
        self._ran_out_of_memory = False
        self._reviving = asyncio.Lock()

    async def start(self) -> None:
        """Start the server and wait until it is healthy. Raises JobFailed if it ends or the deadline passes first."""
        self._server = server = await self._start()
        self._client = HttpClient(*server.address, self._largest_answer)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._ping_deadline
        pause = _PING_PAUSE
        while not await self._healthy():
            if server.exit_status is not None:
                how = self._how_it_ended(server.exit_status)
                raise JobFailed(
                    f"AlgorithmError: The model container ended before it was ready ({how})"
                    f"{await _said_by(server)}"
                )
            if loop.time() > deadline:
                raise JobFailed(f"{PING_FAILED} ({self.name})" if self.name else PING_FAILED)
            await self._ends_within(pause)
            pause = min(2 * pause, _PING_LONGEST_PAUSE)

    async def execution_parameters(self) -> dict[str, Any]:
        """The answer of /execution-parameters; empty if the container has none."""
        try:
            answer = await self._ask("/execution-parameters")
        except (NoAnswer, AnswerTooLarge, TimeoutError):
            return {}
        return read_offer(answer.body) if answer.status == 200 else {}

    async def invoke(self, headers: Mapping[str, str], body: Body, seconds: float) -> Answer:
        """Send one POST to /invocations. If the server has ended, it is started again before NoAnswer is raised.

        Raises NoAnswer, AnswerTooLarge, TimeoutError, JobFailed, and what a streamed body raises.
        """
        try:
            assert self._client is not None, "started before it is used"
            return await self._client.request("POST", "/invocations", headers, body, seconds)
        except NoAnswer:
            await self._revive()
            raise

    def usage(self) -> ServerUsage | None:
        """The server's usage; None if there is no server or the system cannot measure it. Called in a thread."""
        return self._server.usage() if self._server is not None else None

    def exact_memory(self) -> int:
        """The server's memory in bytes, shared memory counted once; 0 if unknown. Called in a thread."""
        return self._server.exact_memory() if self._server is not None else 0

    def unlinked_bytes(self) -> int:
        """Bytes of the server's open files without a name. Called in a thread."""
        return self._server.unlinked_bytes() if self._server is not None else 0

    def ran_out_of_memory(self) -> bool:
        """Whether the system ended a process of this server, or of an earlier one, for lack of memory."""
        return self._ran_out_of_memory or (self._server is not None and self._server.ran_out_of_memory())

    async def stop(self) -> None:
        """End the server."""
        if self._client is not None:
            self._client.close()
        if self._server is not None:
            await self._server.stop()
            self._ran_out_of_memory = self.ran_out_of_memory()

    async def _ask(self, path: str) -> Answer:
        """The answer to a question about the server itself. Raises NoAnswer, AnswerTooLarge, TimeoutError."""
        assert self._client is not None, "started before it is used"
        return await self._client.request("GET", path, {}, b"", _PING_TIMEOUT, _LARGEST_STATUS)

    async def _healthy(self) -> bool:
        try:
            answer = await self._ask("/ping")
        except (NoAnswer, AnswerTooLarge, TimeoutError):
            return False
        return answer.status == 200

    async def _ends_within(self, seconds: float) -> bool:
        """Wait up to that many seconds for the server's end; returns whether it has ended."""
        server = self._server
        assert server is not None, "started before it is waited for"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), seconds)
        return server.exit_status is not None

    async def _revive(self) -> None:
        """Start the server again if it has ended. Raises JobFailed if no restart is left."""
        server = self._server
        # A connection reset can arrive before the exit status of the server that caused it.
        if server is None or not await self._ends_within(_END_GRACE_SECONDS):
            return
        async with self._reviving:
            if server is not self._server:
                return  # Another request has restarted the server meanwhile.
            if self._restarts_left == 0:
                how = self._how_it_ended(server.exit_status or 0)
                raise JobFailed(
                    f"AlgorithmError: The model container ended while it served ({how}), and again after a restart"
                    f"{await _said_by(server)}"
                )
            self._restarts_left -= 1
            await self.stop()
            await self.start()

    def _how_it_ended(self, status: int) -> str:
        """How a process ended, behind the container's name where it has one."""
        return f"{self.name}, {_exit_text(status)}" if self.name else _exit_text(status)


async def _said_by(server: RunningServer) -> str:
    """The end of a failure reason: the line in which an ended server says why it ended."""
    await server.stop()  # Afterwards all its output is read.
    words = "".join(letter for letter in last_words(server.last_lines()) if letter.isprintable())
    if not words:
        return ". It printed nothing"
    # A program that a signal ended had no time to say why.
    introduction = ". Its last line: " if _signal(server.exit_status or 0) else ": "
    return f"{introduction}{words[:_LONGEST_WORDS]}"


def _exit_text(status: int) -> str:
    number = _signal(status)
    return f"signal {number}" if number else f"exit status {status}"


def _signal(status: int) -> int:
    """The number of the signal that ended a process; 0 if it ended by itself."""
    if status < 0:
        return -status
    return status - 128 if status > 128 else 0
