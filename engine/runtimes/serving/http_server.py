"""A minimal HTTP/1.1 server for one model.

A general server needs as long for a small request as the model does; this one about 0.02 ms. It listens on this
machine only: no TLS, no limits, no routes. See decision 6.
"""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httptools

#: Backlog of the listening socket; the runner opens many connections at once.
BACKLOG = 2048
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP request. Header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


#: The function that answers requests.
Answer = Callable[[HttpRequest], Awaitable[Reply]]


async def listen(answer: Answer, listener: socket.socket) -> None:
    """Answer requests until cancelled. An exception of `answer` becomes a 500, with its traceback in the log."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answer), sock=listener, backlog=BACKLOG)
    await server.serve_forever()


class _Connection(asyncio.Protocol):
    """A connection, whose requests are answered one after the other."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[HttpRequest] = deque()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(_written(Reply(400, b"Invalid HTTP request"), keep_alive=False))
            self._transport.close()

    async def _answer_all(self) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            reply = await self._reply(request)
            self._transport.write(_written(reply, keep_alive=request.keep_alive))
            if not request.keep_alive:
                self._transport.close()
                break
        self._task = None

    async def _reply(self, request: HttpRequest) -> Reply:
        try:
            return await self._answer(request)
        except Exception:  # Errors of the model's code fail only their request.
            traceback.print_exc()
            return Reply(500, b"Internal Server Error")

    # httptools.HttpRequestParser

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(_CONTINUE)

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        method, path = self._parser.get_method().decode(), self._url.partition(b"?")[0].decode("latin-1")
        keep_alive = self._parser.should_keep_alive()
        self._waiting.append(HttpRequest(method, path, self._headers, b"".join(self._body), keep_alive))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer_all())


def _written(reply: Reply, *, keep_alive: bool) -> bytes:
    lines = (
        f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
        # A script's own text, which must not break the head.
        f"Content-Type: {' '.join(reply.content_type.split())}",
        f"Content-Length: {len(reply.body)}",
        "" if keep_alive else "Connection: close\r\n",
    )
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n" + reply.body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
