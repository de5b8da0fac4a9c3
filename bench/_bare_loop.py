"""The lower bound: ready-made requests to a model server, a given number in flight, answers dropped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast


class _Line(asyncio.Protocol):
    """One connection: sends the next request as soon as the last is answered. Knows Content-Length only."""

    def __init__(self, requests: Iterator[bytes], end: asyncio.Future[None]) -> None:
        self._requests = requests
        self._end = end
        self._heard = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._end.set_result(None)
        else:
            self._transport.write(request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._end.done():
            self._end.set_exception(error or ConnectionError("closed in the middle"))

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        assert self._heard.startswith(b"HTTP/1.1 200"), bytes(self._heard[:200])
        head = bytes(self._heard[:end]).lower()
        start = head.index(b"content-length:") + len(b"content-length:")
        if len(self._heard) - end >= int(head[start : head.index(b"\r\n", start)]):
            self._heard.clear()
            self._next()


def request(body: bytes) -> bytes:
    """One whole request."""
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nAccept: text/csv\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def seconds(requests: Sequence[Sequence[bytes]], ports: Sequence[int], in_flight: int) -> float:
    """Seconds until every server has answered its share of the requests."""
    loop = asyncio.get_running_loop()
    ends = []
    began = time.perf_counter()
    for share, port in zip(requests, ports, strict=True):
        remaining = iter(share)
        for _ in range(in_flight):
            end: asyncio.Future[None] = loop.create_future()
            await loop.create_connection(partial(_Line, remaining, end), "127.0.0.1", port)
            ends.append(end)
    await asyncio.gather(*ends)
    return time.perf_counter() - began
