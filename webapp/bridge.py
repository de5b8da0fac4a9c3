"""Runs a WSGI application in threads behind an event loop: a thread never waits for a client."""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import IO, Any
from weakref import WeakValueDictionary
from wsgiref.util import FileWrapper

from webapp.environ import wsgi_environ

Scope = MutableMapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[MutableMapping[str, Any]], Any]
Headers = list[tuple[str, str]]
#: Header fields and body of a refusal, by path, status and message.
ErrorAnswer = Callable[[str, int, str], tuple[Mapping[str, str], bytes]]

#: Bytes of a body that wait in memory; more wait in a temporary file.
_IN_MEMORY = 64 * 1024
#: Bytes beyond the largest body that are read and dropped, so that its client reads the refusal.
_DRAINED = 8 * 1024 * 1024
#: Answers that are sent as they are made, each by a thread of its own for as long as its client takes.
_STREAMS = 8
#: Bytes, and seconds, after which what a stream has made is sent.
_PIECE = 64 * 1024
_PIECE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class UploadBodies:
    """Requests with large bodies: bytes of one, how many are read at a time, and how long one may take.

    `takes` says of a scope whether it is such a request. A further one waits before its body is read, and one sender
    has half of the places at most. `sender` says in a thread who sends it, None for a stranger, whose request gets no
    place and is bounded as any other: else a few strangers that send slowly would keep everybody from uploading.
    """

    takes: Callable[[Scope], bool]
    sender: Callable[[Scope], str | None]
    largest: int
    at_once: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The application's answer; `body` is bytes, an open file, or an iterable that is produced as it is read."""

    status: int
    headers: Headers
    body: bytes | FileWrapper | Iterable[bytes]


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


_STRANGER = _Refused(401, "Sign in, or give a token, before you send a file.")


class Bridge:
    """An ASGI application (HTTP only) that answers with a WSGI one.

    The event loop sends files and complete answers, threads of their own send streams: a client
    that reads slowly does not delay other clients.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        threads: int,
        largest_body: int,
        error_answer: ErrorAnswer,
        body_seconds: float = 60.0,
        uploads: UploadBodies | None = None,
    ) -> None:
        """`threads` run requests; a body may have `largest_body` bytes (413) and take `body_seconds` (408).

        `uploads` have bounds of their own.
        """
        self._application = application
        self._largest_body = largest_body
        self._error_answer = error_answer
        self._body_seconds = body_seconds
        self._uploads = uploads
        self._upload_slots = asyncio.Semaphore(uploads.at_once if uploads else 1)
        self._sender_slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._requests = ThreadPoolExecutor(threads, "request")
        self._streams = ThreadPoolExecutor(_STREAMS, "stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        uploads = self._uploads
        if uploads is None or not uploads.takes(scope):
            await self._answer(scope, receive, send, self._largest_body, self._body_seconds)
            return
        loop = asyncio.get_running_loop()
        sender = await loop.run_in_executor(self._requests, uploads.sender, scope)
        if sender is None:
            await self._answer(
                scope, receive, send, self._largest_body, self._body_seconds, too_large=_STRANGER
            )
            return
        own_slots = self._sender_slots.setdefault(sender, asyncio.Semaphore(max(1, uploads.at_once // 2)))
        async with AsyncExitStack() as slots:
            try:
                async with asyncio.timeout(uploads.seconds):
                    await slots.enter_async_context(own_slots)
                    await slots.enter_async_context(self._upload_slots)
            except TimeoutError:
                sentence = "Too many uploads come at a time. Try again soon."
                await self._refuse(scope, send, _Refused(503, sentence))
                return
            await self._answer(scope, receive, send, uploads.largest, uploads.seconds)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        largest_body: int,
        seconds: float,
        too_large: _Refused | None = None,
    ) -> None:
        """Read a body of up to `largest_body` bytes and answer; `too_large` is the refusal of a larger one."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
            try:
                size = await _read(receive, body, largest_body, seconds)
            except _Refused as refusal:
                instead = too_large if refusal.status == 413 and too_large else refusal
                await self._refuse(scope, send, instead)
                return
            if size is None:
                return
            body.seek(0)
            environ = wsgi_environ(scope, body, size)
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._requests, self._call, environ)
            await self._send(answer, receive, send)

    async def _refuse(self, scope: Scope, send: Send, refusal: _Refused) -> None:
        headers, body = self._error_answer(scope["path"], refusal.status, refusal.message)
        await _start(
            send, refusal.status, [*headers.items(), ("Connection", "close")], content_length=len(body)
        )
        await send({"type": "http.response.body", "body": body})

    def _call(self, environ: dict[str, Any]) -> Answer:
        """Run the application in this thread, and to the end of its answer unless that is a stream."""
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
            started[:] = [(int(status.split(" ", 1)[0]), headers)]
            return _no_write

        body: Any = self._application(environ, start_response)
        # Django's answers say what they are; a stream runs no line of the application before it is read.
        in_parts = isinstance(body, FileWrapper) or getattr(body, "streaming", False)
        if not in_parts:
            body = _whole(body)
        status, headers = started[0]
        return Answer(status, headers, body)

    async def _send(self, answer: Answer, receive: Receive, send: Send) -> None:
        if isinstance(answer.body, bytes):
            await _start(send, answer.status, answer.headers, content_length=len(answer.body))
            await send({"type": "http.response.body", "body": answer.body})
        elif isinstance(answer.body, FileWrapper):
            await _start(send, answer.status, answer.headers)
            await _send_file(answer.body, send)
        else:
            await _start(send, answer.status, answer.headers)
            await self._stream(answer.body, receive, send)

    async def _stream(self, body: Iterable[bytes], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        # After a whole request the server has nothing more to say but that the client has left.
        disconnect = asyncio.ensure_future(receive())

        def run() -> None:
            try:
                for piece in _pieces(body):
                    message = {"type": "http.response.body", "body": piece, "more_body": True}
                    asyncio.run_coroutine_threadsafe(send(message), loop).result()
                    if disconnect.done():
                        return
            finally:
                _close(body)

        try:
            await loop.run_in_executor(self._streams, run)
        finally:
            disconnect.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _read(receive: Receive, body: IO[bytes], largest: int, seconds: float) -> int | None:
    """Copy the body and return its size in bytes; None when the client has left. Raises _Refused."""
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                piece = message.get("body", b"")
                size += len(piece)
                if size <= largest:
                    body.write(piece)
                if not message.get("more_body", False) or size > largest + _DRAINED:
                    break
    except TimeoutError:
        sentence = f"The request's body did not come within {seconds:g} seconds."
        raise _Refused(408, sentence) from None
    if size > largest:
        raise _Refused(413, f"The request's body has more than {largest} bytes.")
    return size


async def _start(send: Send, status: int, headers: Headers, content_length: int | None = None) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if content_length is not None and status not in (204, 304) and not _has(raw, b"content-length"):
        raw.append((b"content-length", b"%d" % content_length))
    await send({"type": "http.response.start", "status": status, "headers": raw})


def _has(headers: list[tuple[bytes, bytes]], name: bytes) -> bool:
    return any(field == name for field, _ in headers)


async def _send_file(file: FileWrapper, send: Send) -> None:
    try:
        while piece := file.filelike.read(_PIECE):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            # Sending waits for a slow client only; one that keeps up must not keep the others waiting.
            await asyncio.sleep(0)
    finally:
        _close(file)
    await send({"type": "http.response.body", "body": b""})


def _whole(body: Iterable[bytes]) -> bytes:
    try:
        return b"".join(body)
    finally:
        _close(body)


def _pieces(body: Iterable[bytes]) -> Iterator[bytes]:
    """The body in pieces large enough to be sent; the first piece, and pieces that come slowly, at once."""
    buffer, sent_at = io.BytesIO(), 0.0
    for chunk in body:
        buffer.write(chunk)
        now = time.monotonic()
        if buffer.tell() >= _PIECE or now - sent_at > _PIECE_SECONDS:
            yield buffer.getvalue()
            buffer, sent_at = io.BytesIO(), now
    if buffer.tell():
        yield buffer.getvalue()


def _close(body: object) -> None:
    if (close := getattr(body, "close", None)) is not None:
        close()


def _no_write(_: bytes) -> None:
    raise NotImplementedError("an application returns its answer's body")
