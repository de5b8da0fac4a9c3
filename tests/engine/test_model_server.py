"""The HTTP server on which the built-in runtimes stand, spoken to byte by byte."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import CHECKOUT, free_port

#: Says back what it was sent, but for the words on which it fails or keeps others waiting.
PROGRAM = """
import asyncio
from model_server import Reply, serve

async def invoke(body, headers):
    if body == b"fail":
        raise ValueError("no such luck")
    if body == b"slow":
        # All that could be answered meanwhile has its turn.
        for _ in range(1000):
            await asyncio.sleep(0)
    if body == b"never":
        await asyncio.Event().wait()
    return Reply(200, body + headers.get("x-end", "").encode())

serve(invoke)
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the program prints."""
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="module")
def port(log: Path) -> Iterator[int]:
    """Where the program listens."""
    chosen = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT / "engine" / "runtimes" / "serving"),
        "SAGEMAKER_BIND_TO_PORT": str(chosen),
    }
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stderr=file)
    try:
        wait_for(chosen, process, log)
        yield chosen
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until somebody listens there."""
    for _ in range(1000):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("it does not listen")


def answer_lines(port: int, *pieces: bytes) -> list[bytes]:
    """What the server answers to these bytes, sent piece by piece, until it closes the connection: in lines."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.02)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.split(b"\r\n")


def post(body: bytes, *headers: bytes) -> bytes:
    """A request to /invocations."""
    head = [b"POST /invocations HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


CLOSE = b"Connection: close"


def test_requests_sent_at_once_are_answered_in_their_order(port: int) -> None:
    answers = answer_lines(port, post(b"slow") + post(b"second") + post(b"third", CLOSE))
    assert [line for line in answers if line.startswith((b"slow", b"second", b"third"))] == [
        b"slowHTTP/1.1 200 OK",
        b"secondHTTP/1.1 200 OK",
        b"third",
    ]


def test_a_request_may_come_in_pieces(port: int) -> None:
    request = post(b"whole", b"X-End: !", CLOSE)
    assert (
        answer_lines(port, *(request[start : start + 7] for start in range(0, len(request), 7)))[-1]
        == b"whole!"
    )


def test_a_chunked_body_is_put_together(port: int) -> None:
    head = b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert answer_lines(port, head, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")[-1] == b"abcde"


def test_who_asks_whether_to_send_the_body_is_told_to(port: int) -> None:
    head, _, body = post(b"yes", b"Expect: 100-continue", CLOSE).partition(b"\r\n\r\n")
    answers = answer_lines(port, head + b"\r\n\r\n", body)
    assert (answers[0], answers[2], answers[-1]) == (b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK", b"yes")


def test_a_failure_is_a_500_with_its_traceback_in_the_log_and_the_next_request_is_answered(
    port: int, log: Path
) -> None:
    answers = answer_lines(port, post(b"fail"), post(b"after", CLOSE))
    assert answers[0] == b"HTTP/1.1 500 Internal Server Error"
    assert answers[-1] == b"after"
    assert b"no such luck" in log.read_bytes()


def test_ping_is_healthy_and_any_other_path_is_not_there(port: int) -> None:
    assert answer_lines(port, b"GET /ping?x=1 HTTP/1.0\r\n\r\n")[0] == b"HTTP/1.1 200 OK"
    assert answer_lines(port, b"GET /invocations HTTP/1.0\r\n\r\n")[0] == b"HTTP/1.1 404 Not Found"


def test_what_is_not_http_is_refused(port: int) -> None:
    assert answer_lines(port, b"hello?\r\n\r\n")[0] == b"HTTP/1.1 400 Bad Request"


def test_a_client_that_leaves_disturbs_nobody(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(post(b"never"))
    assert answer_lines(port, post(b"still here", CLOSE))[-1] == b"still here"
