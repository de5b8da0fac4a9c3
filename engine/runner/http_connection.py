"""An HTTP/1.1 connection to a model server, with one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import httptools

from engine.runner.budget import Holding, current_holding

#: Bodies up to this many bytes are written together with the head, which saves a packet.
_SMALL = 65536
#: Maximum interim answers (1xx) before the answer.
_MOST_INTERIM = 16
#: An answer may take this many times its maximum size on the wire, and at least this many bytes.
_OVERHEAD, _LEAST_RECEIVED = 4, 1024 * 1024
#: Maximum bytes of an answer's headers and trailers, each counted with what it takes in memory besides its text.
_LARGEST_HEAD, _PER_HEADER = 1024 * 1024, 128


class NoAnswer(Exception):
    """The server sent no complete HTTP answer: it refused, reset or closed the connection, or sent no HTTP."""


class Stale(NoAnswer):
    """The server closed a kept connection before the first byte of an answer."""


class AnswerTooLarge(Exception):
    """The answer exceeds the maximum size."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """An open connection."""

    def __init__(self) -> None:
        self._largest = 0
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._answer: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._holding: Holding | None = None
        self._used = False
        self._keep = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._size = 0
        self._head_size = 0
        self._received = 0
        self._interim = 0
        self._heard = False
        self._in_body = False

    @property
    def reusable(self) -> bool:
        """Whether the connection can be used for another request."""
        return self._keep and self._transport is not None and not self._transport.is_closing()

    async def exchange(
        self, head: bytes, body: bytes | Iterable[bytes], seconds: float, largest: int
    ) -> Answer:
        """Send a request and wait for the answer. `head` lacks the header for the body's length and the blank line.

        A body that is not bytes is sent in chunks. `largest` is the maximum size of the answer, head and body, in
        bytes. Raises NoAnswer, AnswerTooLarge, TimeoutError after `seconds`, not counting the time in which the engine
        has no memory for the answer, and what the body raises; the connection cannot be used afterwards.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Stale("the connection was closed")
        self._begin()
        self._largest = largest
        self._holding = current_holding.get()
        self._keep = False
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        # asyncio.timeout costs as much as the rest of a small request.
        self._timer = loop.call_later(seconds, self._late)
        try:
            if isinstance(body, bytes):
                self._send(transport, head, body)
            else:
                await self._stream(transport, head, body, self._answer)
            return await self._answer
        except BaseException:
            if self._holding is not None:
                self._holding.add(-self._received)
            raise
        finally:
            self._timer.cancel()
            if self._holding is not None:
                self._holding.forget()
            self._answer = self._holding = None
            self._used = True
            self._body = bytearray()

    def _send(self, transport: asyncio.Transport, head: bytes, body: bytes) -> None:
        head += b"Content-Length: %d\r\n\r\n" % len(body)
        if len(body) <= _SMALL:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)

    async def _stream(
        self,
        transport: asyncio.Transport,
        head: bytes,
        body: Iterable[bytes],
        answer: asyncio.Future[Answer],
    ) -> None:
        """Send the body in chunks, as fast as the server reads them; stops when the answer arrives."""
        transport.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for chunk in body:
            # Other tasks get a turn even if this server reads very fast.
            await asyncio.sleep(0)
            await self._writable.wait()
            if answer.done():
                break
            if chunk:
                transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if answer.done():
            # The answer, such as a refusal, came before the end of the body, which is not sent any more.
            self._keep = False
        else:
            transport.write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.abort()  # Data without a request.
            return
        self._heard = True
        self._received += len(data)
        if self._received > max(_OVERHEAD * self._largest, _LEAST_RECEIVED):
            self._fail(AnswerTooLarge(f"the answer takes far more than {self._largest} bytes to send"))
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(NoAnswer(f"not HTTP: {error}"))
            self.abort()
        if self._holding is not None:
            self._hold(self._holding, len(data))

    def _hold(self, holding: Holding, size: int) -> None:
        """Count what was received, and read no further as long as the engine has no memory for more."""
        holding.add(size)
        transport, timer = self._transport, self._timer
        unfinished = self._answer is not None and not self._answer.done()
        if unfinished and holding.must_wait and transport is not None and timer is not None:
            loop = asyncio.get_running_loop()
            # The server need not account for this time.
            seconds_left = timer.when() - loop.time()
            timer.cancel()
            transport.pause_reading()
            holding.wait(lambda: self._read_on(seconds_left))

    def _read_on(self, seconds: float) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._timer = asyncio.get_running_loop().call_later(seconds, self._late)
            self._transport.resume_reading()

    def eof_received(self) -> None:
        """Let the transport close itself."""

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._writable.set()
        if self._in_body and self._ends_with_connection():
            self.on_message_complete()
        elif self._used and not self._heard:
            self._fail(Stale("the connection was closed"))
        else:
            self._fail(NoAnswer(f"the connection was closed: {error or 'no whole answer'}"))
        # The parser refers back to this connection: without it no garbage collection is needed.
        del self._parser

    def _ends_with_connection(self) -> bool:
        """Whether the answer has neither length nor chunks, so that it ends with the connection."""
        chunked = "chunked" in self._headers.get("transfer-encoding", "")
        return not chunked and "content-length" not in self._headers

    def _late(self) -> None:
        self._fail(TimeoutError())
        self._writable.set()  # Ends `_stream`.

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._largest:
            self._fail(AnswerTooLarge(f"the answer has more than {self._largest} bytes"))
            self.abort()

    # httptools.HttpResponseParser

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            self.abort()  # A second answer to one request.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        self._head_size += len(name) + len(value) + _PER_HEADER
        if self._head_size > _LARGEST_HEAD:
            self._fail(AnswerTooLarge("the answer has headers without end"))
            self.abort()
            return
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_body = True

    def on_body(self, data: bytes) -> None:
        self._count(len(data))
        if self._size <= self._largest:
            self._body += data

    def on_message_complete(self) -> None:
        self._in_body = False
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._headers = {}
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                self._fail(NoAnswer("interim answers without end"))
                self.abort()
        elif self._answer is not None and not self._answer.done():
            self._keep = self._parser.should_keep_alive()
            # Not held twice until the request's task goes on.
            body, self._body = bytes(self._body), bytearray()
            self._answer.set_result(Answer(status, self._headers, body))
