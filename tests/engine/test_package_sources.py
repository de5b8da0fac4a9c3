"""What an index may make the engine fetch, and to whom its password goes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

import pytest

from engine.wire import package_sources
from engine.wire.package_sources import find_files, open_file
from tests.engine.wheels import wheel


class _Index(BaseHTTPRequestHandler):
    """Answers with what the test has put into `answers`, and notes each request's password."""

    answers: dict[str, tuple[int, str, bytes]]
    requests: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        status, kind, body = self.answers.get(self.path, (404, "text/plain", b""))
        self.requests.append((self.path, self.headers.get("Authorization")))
        self.send_response(status)
        self.send_header("Location" if 300 <= status < 400 else "Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


Server = tuple[str, type[_Index]]


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """Two servers: their addresses and handlers."""
    pairs = []
    for _ in range(2):
        handler = type("Index", (_Index,), {"answers": {}, "requests": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pairs.append((server, (f"127.0.0.1:{server.server_port}", handler)))
    yield pairs[0][1], pairs[1][1]
    for server, _ in pairs:
        server.shutdown()
        server.server_close()


def test_the_password_of_an_index_goes_to_it_alone(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    (host, index), (other_host, other_index) = servers
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://me:s%3Acret@{host}/simple")
    page = f'<a href="/files/a-1.whl">x</a><a href="/files/a-2.whl">x</a><a href="http://{other_host}/a-3.whl">x</a>'
    index.answers["/simple/a/"] = (200, "text/html", page.encode())
    index.answers["/files/a-1.whl"] = (200, "text/plain", b"one")
    index.answers["/files/a-2.whl"] = (302, f"http://{other_host}/a-2.whl", b"")
    other_index.answers |= {
        "/a-2.whl": (200, "text/plain", b"two"),
        "/a-3.whl": (200, "text/plain", b"three"),
    }
    files = find_files("a")
    assert [open_file(file.place).body.read() for file in files] == [b"one", b"two", b"three"]
    assert not any("cret" in file.place for file in files)
    assert {password for _, password in index.requests} == {"Basic bWU6czpjcmV0"}
    assert {password for _, password in other_index.requests} == {None}


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:text/plain,x"])
def test_no_link_and_no_redirect_leads_to_anything_but_the_web(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    (host, index), _ = servers
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{host}/simple")
    index.answers["/simple/a/"] = (200, "text/html", f'<a href="{target}">x</a><a href="/b">x</a>'.encode())
    index.answers["/b"] = (302, target, b"")
    (file,) = find_files("a")
    with pytest.raises(URLError):
        open_file(file.place)
    with pytest.raises(URLError):
        package_sources._OPENER.open(target)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"files": [1]}', b'{"files": [{"url": 1, "filename": 2}]}']
)
def test_an_index_that_answers_nonsense_has_no_files(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    (host, index), _ = servers
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{host}/simple")
    index.answers["/simple/a/"] = (200, package_sources.JSON_TYPE, body)
    assert find_files("a") == []
    index.answers["/simple/a/"] = (
        200,
        package_sources.JSON_TYPE,
        json.dumps({"files": [{"filename": "a-1.whl", "url": "a-1.whl"}]}).encode(),
    )
    assert [file.place for file in find_files("a")] == [f"http://{host}/simple/a/a-1.whl"]


def test_the_place_of_a_file_does_not_tell_the_folders_path(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    (host, _), _ = servers
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{host}/simple")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    path = wheel(tmp_path, "shelved", {"shelved.py": ""})
    (file,) = find_files("shelved")
    assert file.place == f"folder:0/{path.name}"
    opened = open_file(file.place)
    assert opened.body.read() == path.read_bytes()
    assert opened.size == path.stat().st_size
