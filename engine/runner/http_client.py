"""The HTTP/1.1 client of the hot path: one model server, connections kept alive, nothing it does not need.

General clients spend 0.1 to 1 ms a request, more than a small model takes to answer; this one spends about
0.01 ms. It speaks to model servers on this machine only: no TLS, no redirects, no proxies.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import httptools

#: An answer may have this many bytes; more is a model server gone wrong, not a prediction.
MAX_ANSWER = 1024**3


class NoAnswer(Exception):
    """The server gave no whole HTTP answer: it refused, reset or closed the connection, or talked nonsense."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpClient:
    """Requests to one server. As many at once as the caller makes; connections are opened as needed."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: deque[_Connection] = deque()

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Answer:
        """Send one request and read its answer.

        Raises NoAnswer, or TimeoutError after `seconds`. A kept connection that the server had closed before
        it said anything is no failure: the request goes again on a fresh one.
        """
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        async with asyncio.timeout(seconds):
            while self._idle:
                connection = self._idle.pop()
                try:
                    return await self._exchange(connection, head, body)
                except _Stale:
                    continue
            return await self._exchange(await self._connect(), head, body)

    def close(self) -> None:
        """Close the connections that wait for a next request."""
        while self._idle:
            self._idle.pop().abort()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(_Connection, self._host, self._port)
        except OSError as error:
            raise NoAnswer(f"cannot connect: {error}") from error
        return connection

    async def _exchange(self, connection: _Connection, head: bytes, body: bytes) -> Answer:
        try:
            answer = await connection.exchange(head, body)
        except BaseException:
            connection.abort()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.abort()
        return answer


class _Stale(NoAnswer):
    """A kept connection was closed before the first byte of an answer."""


class _Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._used = False
        self.reusable = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._heard = False
        self._done = False

    async def exchange(self, head: bytes, body: bytes) -> Answer:
        """Send a request; the answer, or NoAnswer."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise _Stale("the connection was closed")
        self._answer = asyncio.get_running_loop().create_future()
        if len(body) < 65536:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        try:
            return await self._answer
        finally:
            self._answer = None
            self._used = True

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()  # It speaks out of turn: nobody can say what that belongs to.
            return
        self._heard = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(NoAnswer(f"not HTTP: {error}"))
            self.abort()

    def eof_received(self) -> None:
        """Let the transport close itself."""

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.reusable = False
        if self._heard and not self._done and self._ends_with_connection():
            self.on_message_complete()
        elif self._used and not self._heard:
            self._fail(_Stale("the connection was closed"))
        else:
            self._fail(NoAnswer(f"the connection was closed: {error or 'no answer'}"))

    def _ends_with_connection(self) -> bool:
        """An answer with neither length nor chunks lasts until the server closes."""
        chunked = "chunked" in self._headers.get("transfer-encoding", "")
        return bool(self._headers) and not chunked and "content-length" not in self._headers

    def _fail(self, error: NoAnswer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    # httptools.HttpResponseParser

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_ANSWER:
            self._fail(NoAnswer(f"its answer has more than {MAX_ANSWER} bytes"))
            self.abort()
            return
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self._done:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._headers = {}
            return
        self._done = True
        self.reusable = self._transport is not None and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(status, self._headers, b"".join(self._body)))
        self._begin()
