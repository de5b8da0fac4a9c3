"""The web process, as gunicorn starts it, with many clients of which some mean no good."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.ports import free_port
from tests.support.house import CHECKOUT
from tests.support.sockets import HALF_A_BODY, HALF_A_HEAD, exchange, held

#: Generous, for a busy machine; without bounds there was no answer in two minutes.
PATIENCE = 20.0

pytestmark = pytest.mark.xdist_group("web")


class Web:
    """gunicorn as `./deck up` starts it, on a database of its own with one person's token."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self._env = {**os.environ, "BATCHDECK_DATA_DIR": str(data_dir)}
        self._env.pop("DATABASE_URL", None)
        self._log = data_dir / "web.log"
        self._manage("migrate", "--noinput")
        settings_code = (
            "from teams.models import *; from teams import tokens; team = Team.objects.create(name='t', slug='t');"
            "user = User.objects.create(username='u');"
            "Membership.objects.create(team=team, user=user, role='admin');"
            "print(tokens.create(team=team, user=user)[1])"
        )
        self.token = self._manage("shell", "--no-imports", "--command", settings_code).strip()
        server = ["--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "8", "--preload"]
        worker = ["--worker-class", "webapp.worker.WebWorker", "--no-control-socket"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self._python(), "-m", "gunicorn", *server, *worker, "webapp.wsgi:application"],
                cwd=CHECKOUT,
                env=self._env,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def is_healthy(self) -> bool:
        """Whether the dashboard's health answers in time."""
        url = f"http://127.0.0.1:{self.port}/healthz"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status == 200

    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    def _manage(self, *arguments: str) -> str:
        command = [*self._python(), "manage.py", *arguments]
        return subprocess.run(
            command, cwd=CHECKOUT, env=self._env, text=True, stdout=subprocess.PIPE, check=True
        ).stdout

    def _python(self) -> list[str]:
        return [str(CHECKOUT / ".venv" / "bin" / "python")]

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()
            try:
                if self.is_healthy():
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log())


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One web process for the module."""
    web = Web(tmp_path_factory.mktemp("web"))
    yield web
    web.process.terminate()
    web.process.wait(timeout=300)


@pytest.mark.parametrize(
    ("number", "sent"), [(1000, b""), (1000, HALF_A_HEAD), (200, HALF_A_BODY)], ids=["idle", "head", "body"]
)
def test_clients_that_fall_silent_keep_nobody_from_a_page(web: Web, number: int, sent: bytes) -> None:
    with held(web.port, number, sent):
        for _ in range(8):
            # Each may come to another process.
            assert web.is_healthy()
        answer = exchange(web.port, b"GET /signin/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_chunked_body_is_read(web: Web) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {web.token}", "Content-Type": "application/json"}
    pieces = iter([b'{"name":', b' "In pieces"}'])
    connection.request("POST", "/api/v1/views/", pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    assert json.load(answer)["name"] == "In pieces"


@pytest.mark.parametrize("path", ["/api/v1/jobs/", "/signin/"])
@pytest.mark.parametrize(
    ("status", "code", "request_of"),
    [
        (414, "uri_too_long", "GET {path}?q=" + "a" * 9000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (
            431,
            "header_fields_too_large",
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * 40_000 + "\r\n\r\n",
        ),
        (400, "bad_request", "GET {path} HTTP/1.1\r\nHost: localhost\r\nBad Name: 1\r\n\r\n"),
        (
            413,
            "content_too_large",
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n" + "a" * 3_000_000,
        ),
    ],
)
def test_what_is_too_much_is_refused_in_the_form_of_the_api_or_of_a_page(
    web: Web, path: str, status: int, code: str, request_of: str
) -> None:
    answer = exchange(web.port, request_of.replace("{path}", path).encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-security-policy: default-src 'self'" in head
    if path.startswith("/api/"):
        error = json.loads(body)["error"]
        assert (error["code"], error["fields"]) == (code, {})
    else:
        assert body.startswith(b"<!doctype html>")


def test_a_web_process_that_is_told_to_end_does_so_without_a_word(web: Web) -> None:
    children = Path(f"/proc/{web.process.pid}/task/{web.process.pid}/children").read_text().split()
    with held(web.port, 20):
        os.kill(int(children[0]), signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while Path(f"/proc/{children[0]}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not Path(f"/proc/{children[0]}").exists()
    assert web.is_healthy()
    assert "Traceback" not in web.log()
