"""A minimal HTTP/1.1 client for requests to one model server, with keep-alive connections.

General clients spend 0.1 to 1 ms per request, more than a small model takes to answer; this one about 0.01 ms. It
speaks only to model servers on this machine: no TLS, redirects or proxies. See decision 6.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from engine.runner.http_connection import Answer, AnswerTooLarge, Connection, NoAnswer, Stale

__all__ = ["Answer", "AnswerTooLarge", "Body", "HttpClient", "NoAnswer"]

#: A request's body: bytes, or, for large bodies, a function that returns its chunks each time it is called. Those
#: are sent with chunked encoding.
Body = bytes | Callable[[], Iterable[bytes]]


class HttpClient:
    """Sends requests to one server, any number concurrently; opens connections as needed."""

    def __init__(self, host: str, port: int, largest_answer: int) -> None:
        """`largest_answer` is the maximum size of an answer in bytes."""
        self._host = host
        self._port = port
        self._largest = largest_answer
        self._idle: deque[Connection] = deque()

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Body,
        seconds: float,
        largest: int | None = None,
    ) -> Answer:
        """Send one request and read its answer, of at most `largest` bytes if that is given.

        Repeats the request if the server had closed the kept connection before it answered.
        Raises NoAnswer, AnswerTooLarge, TimeoutError after `seconds`, and what a streamed body raises.
        """
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n").encode("latin-1")
        largest = self._largest if largest is None else largest
        while self._idle:
            try:
                return await self._exchange(self._idle.pop(), head, body, seconds, largest)
            except Stale:
                continue
        async with asyncio.timeout(seconds):
            connection = await self._connect()
        return await self._exchange(connection, head, body, seconds, largest)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().abort()

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(Connection, self._host, self._port)
        except OSError as error:
            raise NoAnswer(f"cannot connect: {error}") from error
        return connection

    async def _exchange(
        self, connection: Connection, head: bytes, body: Body, seconds: float, largest: int
    ) -> Answer:
        try:
            sent = body if isinstance(body, bytes) else body()
            answer = await connection.exchange(head, sent, seconds, largest)
        except BaseException:
            connection.abort()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.abort()
        return answer
