"""Requests that are sent again, against a server that answers as told."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from batchdeck import Client, NotFound, RateLimited, Unavailable
from batchdeck.printing import cell, safe

#: What the server answers to the next requests: status, headers, body.
Answers = list[tuple[int, dict[str, str], Any]]


class Server(http.server.ThreadingHTTPServer):
    """A server that answers as told, and remembers what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: Answers = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        status, headers, body = self.server.answers.pop(0)
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PATCH = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with no answers yet."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Not now.", "fields": {}}}


@pytest.mark.parametrize(
    ("status", "code", "headers"),
    [
        (429, "throttled", {"Retry-After": "0"}),
        (503, "unavailable", {}),
        (409, "in_progress", {"Retry-After": "0"}),
    ],
)
def test_a_submission_is_sent_again_with_the_same_key(
    server: Server, status: int, code: str, headers: dict[str, str]
) -> None:
    server.answers = [(status, headers, _error(code)), (201, {}, {"id": "k3"})]
    with Client(server.url, "t") as client:
        assert client.jobs.submit({})["id"] == "k3"
    keys = [headers["Idempotency-Key"] for _, _, headers in server.requests]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_change_without_a_key_is_sent_once(server: Server) -> None:
    server.answers = [(503, {}, _error("unavailable"))]
    with Client(server.url, "t") as client, pytest.raises(Unavailable):
        client.transport.call("PATCH", "connections/engine/", body={})
    assert len(server.requests) == 1


def test_repeating_ends_with_the_last_answers_error(server: Server) -> None:
    server.answers = [(429, {"Retry-After": "0"}, _error("throttled"))] * 3
    with Client(server.url, "t", retries=2) as client, pytest.raises(RateLimited, match="Not now"):
        client.jobs.get("k3")
    assert len(server.requests) == 3


def test_the_next_page_is_asked_of_our_server_whatever_host_its_address_has(server: Server) -> None:
    following = "http://elsewhere.example/api/v1/jobs/?cursor=a%2Bb&limit=1"
    server.answers = [
        (200, {}, {"results": [1], "next": following}),
        (200, {}, {"results": [2], "next": None}),
    ]
    with Client(server.url, "t") as client:
        assert list(client.jobs.list(state="failed")) == [1, 2]
    assert [path for _, path, _ in server.requests] == [
        "/api/v1/jobs/?state=failed",
        "/api/v1/jobs/?cursor=a%2Bb&limit=1",
    ]


def test_an_answer_that_is_no_error_of_ours_still_has_its_status(server: Server) -> None:
    server.answers = [(404, {}, "nginx")]
    with Client(server.url, "t") as client, pytest.raises(NotFound, match="404"):
        client.jobs.get("k3")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x07", "a\\rb\\x07"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b2J", "\\x9b2J"),
        ("naïve 日本 👍", "naïve 日本 👍"),
    ],
)
def test_a_terminal_obeys_nothing_that_is_printed(text: str, printed: str) -> None:
    assert safe(text) == printed
    assert cell(f"{text}\n") == printed
