"""HTTP/1.1 connections with bounds on bytes, time, requests sent ahead, and their number."""

from __future__ import annotations

import asyncio
import http
import resource
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Connections of one process; half of the files it may open if that is less, for it has other files to open.
_MOST_CONNECTIONS = 4096
#: Seconds in which a refused client may read the answer before its connection is cut.
_LINGER_SECONDS = 2.0


class _Refusal(Exception):
    """Raised in the parser's callbacks to end the parsing."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds; without them it takes a head of any size and waits for it without end.

    httptools joins a header that comes in pieces by copying it again for each piece, so without a bound
    100 MB of one header cost minutes. A subclass says in `error_answer` how an error is written.
    """

    #: Bytes of a request line's target; beyond it 414.
    max_target = 8 * 1024
    #: Bytes of request line and header fields together, and between two pieces of a body (chunk heads, trailers).
    max_head = 32 * 1024
    #: Seconds that a head may take from its first byte, and a new connection until it has sent one.
    head_seconds = 20.0
    #: Seconds in which a client must take some of an answer that waits for it; None waits for ever.
    stall_seconds: float | None = None
    #: Requests that may wait for the answer to one before them on the same connection.
    max_pipelined = 16

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._outside_bodies = 0
        self._head_awaited_since: float | None = None
        self._stalled_since: float | None = None
        self._quiet_since = 0.0
        self._refusal: tuple[int, str] | None = None
        self._refused = False

    def error_answer(self, status: int, message: str) -> tuple[Mapping[str, str], bytes]:
        """Header fields and body of an error for a request that does not reach the application."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Wait for the first head; when there are too many connections, another waiting one is closed."""
        super().connection_made(transport)
        self._head_awaited_since = self._quiet_since = self.loop.time()
        if len(self.connections) > _most_connections():
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and refuse the request as soon as it passes a bound."""
        if self._refused:
            return
        self._outside_bodies += len(data)
        super().data_received(data)
        if self._outside_bodies > self.max_head and not self._refused:
            self._refuse(431, f"The request's head has more than {self.max_head} bytes.")

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        super().on_message_begin()
        self._head_awaited_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Pass the request to the application if its head is within bounds."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) > self.max_target:
            self._stop(414, f"The request's address has more than {self.max_target} bytes.")
        if size > self.max_head:
            self._stop(431, f"The request's head has more than {self.max_head} bytes.")
        if len(self.pipeline) >= self.max_pipelined:
            self._stop(400, f"More than {self.max_pipelined} requests were sent ahead of their answers.")
        self._outside_bodies = 0
        self._head_awaited_since = None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._outside_bodies = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for it."""
        self._quiet_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client reads its answer more slowly than we write it."""
        self._stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that the parser or one of our bounds refused."""
        self._refuse(*(self._refusal or (400, "The request is not valid HTTP.")))

    def end_if_late(self, now: float) -> None:
        """Refuse or close the connection if its client is too slow; `now` is by the loop's clock."""
        if self._stalled_since is not None and self.stall_seconds is not None:
            if now - self._stalled_since > self.stall_seconds:
                self.transport.abort()
            return
        if self._head_awaited_since is None or self._is_busy():
            return
        if now - self._head_awaited_since <= self.head_seconds:
            return
        if self._outside_bodies:
            self._refuse(408, f"The request's head did not come within {self.head_seconds:.0f} seconds.")
        else:
            self.transport.close()

    def _is_busy(self) -> bool:
        """Whether a request of this connection is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> None:
        # First those that never sent a request, then those that keep a connection for the next one.
        quiet = [
            connection
            for connection in self.connections
            if isinstance(connection, BoundedProtocol)
            and connection is not self
            and not connection._is_busy()
        ]
        longest = min(
            quiet, key=lambda waiting: (waiting.cycle is not None, waiting._quiet_since), default=self
        )
        self.connections.discard(longest)
        longest.transport.abort()

    def _stop(self, status: int, message: str) -> None:
        self._refusal = (status, message)
        raise _Refusal

    def _refuse(self, status: int, message: str) -> None:
        self._refused = True
        self._head_awaited_since = None
        self._unset_keepalive_if_required()
        if self._is_busy():
            # Another answer is on its way; a second one would be read as part of it.
            self.transport.abort()
            return
        headers, body = self.error_answer(status, message)
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"content-length: {len(body)}", "connection: close", "", ""]
        dated = b"".join(name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers)
        head = "\r\n".join(lines).encode("latin-1")
        status_line, _, header_lines = head.partition(b"\r\n")
        self.transport.write(status_line + b"\r\n" + dated + header_lines + body)
        # Closed at once, what the client still sends would be answered by a reset, which may overtake the answer.
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.abort)


def _most_connections() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(_MOST_CONNECTIONS, files // 2)
