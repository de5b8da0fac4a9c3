"""Django's answers reach a browser as they are, whoever else is slow."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from wsgiref.util import FileWrapper

import uvicorn

from hosting.http_server import BoundedServer
from tests.support.sockets import HALF_A_BODY, answer_on, exchange
from webapp.bridge import Bridge, UploadBodies
from webapp.refusals import error_answer
from webapp.worker import WebProtocol

LARGEST = 1000
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#: More than the buffers of both ends of a connection hold.
FAR_TOO_MUCH = 64 * 1024 * 1024


class Stream:
    """A streaming answer in Django's terms: made as it is read, closed at its end."""

    streaming = True

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        self.closed.set()


class ImpatientProtocol(WebProtocol):
    """One that gives a client up as soon as the server looks."""

    stall_seconds = 0.0


@contextmanager
def served(
    body: Callable[[dict[str, Any]], Any],
    threads: int = 1,
    protocol: type[WebProtocol] = WebProtocol,
    **bounds: Any,
) -> Iterator[int]:
    """The port of a server whose application answers 200 with `body` of the environ."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return body(environ)

    bridge = Bridge(application, threads, LARGEST, error_answer, **bounds)
    options: dict[str, Any] = {"loop": "none", "http": protocol, "ws": "none", "lifespan": "off"}
    server = BoundedServer(uvicorn.Config(bridge, log_config=None, timeout_graceful_shutdown=1, **options))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


def body_of(answer: bytes) -> bytes:
    """The body of an answer; a chunked one put together."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    whole = io.BytesIO(body)
    pieces = []
    while size := int(whole.readline(), 16):
        pieces.append(whole.read(size))
        whole.readline()
    return b"".join(pieces)


def read_input(environ: dict[str, Any]) -> list[bytes]:
    """An application that answers with the body, as far as CONTENT_LENGTH says."""
    return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


def test_an_application_reads_a_chunked_body() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with served(read_input) as port:
        answer = exchange(port, head, b"3\r\nabc\r\n", b"4\r\ndefg\r\n0\r\n\r\n")
    assert body_of(answer) == b"abcdefg"


def test_a_body_that_is_too_large_is_refused_however_it_comes() -> None:
    whole = b"POST /api/v1/jobs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + b"a" * 1001
    chunked = b"POST /jobs/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with served(read_input) as port:
        api = exchange(port, whole)
        page = exchange(port, chunked, b"3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n")
    assert api.startswith(b"HTTP/1.1 413 ")
    error = json.loads(body_of(api))["error"]
    assert f"x-request-id: {error.pop('request_id')}".encode() in api.lower()
    assert error == {
        "code": "content_too_large",
        "message": "The request's body has more than 1000 bytes.",
        "fields": {},
    }
    assert page.startswith(b"HTTP/1.1 413 ")
    assert b"<h1>This request is too large</h1>" in page


def test_the_environ_is_that_of_pep_3333() -> None:
    request = (
        b"GET /jobs/caf%C3%A9%2Fx?q=%20a HTTP/1.1\r\nHost: a.example\r\nCookie: a=1\r\nCookie: b=2\r\n"
        b"X-Twice: 1\r\nX-Twice: 2\r\nX_Forwarded_Proto: https\r\nContent-Type: text/csv\r\nConnection: close\r\n\r\n"
    )
    names = ("PATH_INFO", "QUERY_STRING", "HTTP_HOST", "HTTP_COOKIE", "HTTP_X_TWICE", "CONTENT_TYPE")

    def chosen(environ: dict[str, Any]) -> list[bytes]:
        return [json.dumps([environ.get(name) for name in (*names, "HTTP_X_FORWARDED_PROTO")]).encode()]

    with served(chosen) as port:
        values = json.loads(body_of(exchange(port, request)))
    path = "/jobs/café/x".encode().decode("latin-1")
    assert values == [path, "q=%20a", "a.example", "a=1; b=2", "1,2", "text/csv", None]


def test_a_stream_comes_whole_and_is_closed() -> None:
    stream = Stream(b"%d\n" % number for number in range(50_000))
    with served(lambda _: stream) as port:
        body = body_of(exchange(port, GET))
    assert body == b"".join(b"%d\n" % number for number in range(50_000))
    assert stream.closed.is_set()


def test_the_first_piece_of_a_stream_does_not_wait_for_the_second() -> None:
    go_on = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        go_on.wait(60)
        yield b"second"

    with (
        served(lambda _: Stream(pieces())) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as client,
    ):
        client.sendall(GET)
        received = b""
        while b"first" not in received:
            received += client.recv(65536)
        go_on.set()
        assert body_of(received + answer_on(client)) == b"firstsecond"


def test_a_stream_ends_when_its_client_has_left() -> None:
    def pieces() -> Iterator[bytes]:
        while True:
            yield b"a" * 65536

    stream = Stream(pieces())
    with served(lambda _: stream) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(GET)
            client.recv(1)
        assert stream.closed.wait(30)


def test_a_stream_ends_when_its_client_does_not_read_it() -> None:
    stream = Stream(b"a" * 65536 for _ in range(FAR_TOO_MUCH // 65536 * 16))
    with (
        served(lambda _: stream, protocol=ImpatientProtocol) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as client,
    ):
        client.sendall(GET)
        assert stream.closed.wait(30)


def test_a_body_that_does_not_come_is_given_up() -> None:
    with served(read_input, body_seconds=0.1) as port:
        answer = exchange(port, HALF_A_BODY)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("the store is away")

    with served(lambda _: Stream(pieces())) as port:
        answer = exchange(port, GET)
    assert b"begun" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_clients_that_do_not_read_keep_no_answer_from_others() -> None:
    def slow(environ: dict[str, Any]) -> Any:
        if environ["PATH_INFO"] == "/file":
            return FileWrapper(io.BytesIO(b"a" * FAR_TOO_MUCH))
        if environ["PATH_INFO"] == "/page":
            return [b"a" * FAR_TOO_MUCH]
        if environ["PATH_INFO"] == "/stream":
            return Stream(b"a" * 65536 for _ in range(FAR_TOO_MUCH // 65536))
        return [b"quick"]

    with served(slow, threads=1) as port:
        clients = []
        for path in (b"/file", b"/page", b"/stream", b"/file", b"/page", b"/stream"):
            client = socket.create_connection(("127.0.0.1", port), timeout=30)
            client.sendall(GET.replace(b" / ", b" %s " % path))
            assert client.recv(12) == b"HTTP/1.1 200"
            clients.append(client)
        assert body_of(exchange(port, GET)) == b"quick"
        for client in clients:
            client.close()


#: Uploads of up to 5,000 bytes, four at a time; a header field says who sends one.
UPLOADS = UploadBodies(
    lambda scope: scope["method"] == "PUT",
    lambda scope: dict(scope["headers"]).get(b"x-sender", b"").decode() or None,
    largest=5000,
    at_once=4,
    seconds=60.0,
)


def put(size: int, sender: str = "") -> bytes:
    """The head of an upload of so many bytes."""
    named = f"X-Sender: {sender}\r\n" if sender else ""
    return f"PUT /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n{named}Connection: close\r\n\r\n".encode()


@contextmanager
def half_sent(port: int, number: int, sender: str = "") -> Iterator[None]:
    """So many uploads whose bodies do not come whole."""
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(put(4000, sender) + b"a" * 10)
        yield


def test_strangers_keep_nobody_from_uploading() -> None:
    with served(read_input, threads=2, uploads=UPLOADS) as port, half_sent(port, 20):
        assert body_of(exchange(port, put(4000, "ana"), b"a" * 4000)) == b"a" * 4000


def test_one_sender_has_half_of_the_places_for_uploads_at_most() -> None:
    with served(read_input, threads=2, uploads=UPLOADS) as port, half_sent(port, 20, "eve"):
        assert body_of(exchange(port, put(4000, "ana"), b"a" * 4000)) == b"a" * 4000


def test_a_stranger_who_sends_a_file_is_told_to_sign_in() -> None:
    with served(read_input, uploads=UPLOADS) as port:
        answer = exchange(port, put(4000), b"a" * 4000)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert json.loads(body_of(answer))["error"]["code"] == "not_authenticated"
