"""The small programs that containers run beside the services: the password's maker, the probe, the exports."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from launcher import database_password, exports
from launcher.probe import problem
from tests.support.house import CHECKOUT

PARTS = {"worker": {"ok": True, "detail": "ok"}, "beat": {"ok": False, "detail": "no beat has reported yet"}}


class Dashboard(BaseHTTPRequestHandler):
    """Answers as the dashboard does: to its own names only."""

    def do_GET(self) -> None:
        """/healthz is well, /readyz is not."""
        if self.headers["Host"] not in ("localhost", "batch.example.com", "example.com"):
            status = 400
        else:
            status = 200 if self.path == "/healthz" else 503
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps({"checks": PARTS}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where it answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Dashboard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_a_password_is_made_once_and_both_files_have_it(tmp_path: Path) -> None:
    assert run("launcher.database_password", str(tmp_path)).returncode == 0
    first = (tmp_path / "password").read_text()
    assert len(first) >= 40
    database_password.make(tmp_path)
    assert (tmp_path / "password").read_text() == first
    assert (tmp_path / "pgpass").read_text() == f"*:*:*:*:{first}\n"


def test_the_password_can_be_read_by_its_owner_only_or_libpq_would_ignore_it(tmp_path: Path) -> None:
    database_password.make(tmp_path)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["password", "pgpass"]


def test_the_probe_is_content_with_200_and_with_nothing_else(url: str) -> None:
    assert problem(f"{url}/healthz", environment={}) == ""
    assert problem(f"{url}/readyz", environment={}) == f"{url}/readyz answered 503"


def test_the_probe_can_ask_about_one_part_alone(url: str) -> None:
    assert problem(f"{url}/readyz", "worker", environment={}) == ""
    assert problem(f"{url}/readyz", "beat", environment={}) == "beat: no beat has reported yet"
    assert "is not one of /readyz" in problem(f"{url}/readyz", "cook", environment={})


@pytest.mark.parametrize("hosts", ["batch.example.com,other", "example.com", ".example.com", "*", ""])
def test_the_probe_asks_under_a_name_that_the_dashboard_answers_to(url: str, hosts: str) -> None:
    assert problem(f"{url}/healthz", environment={"BATCHDECK_ALLOWED_HOSTS": hosts}) == ""


def test_the_probe_ends_with_1_and_a_sentence_when_nobody_listens() -> None:
    ended = run("launcher.probe", "http://127.0.0.1:9/healthz")
    assert ended.returncode == 1
    assert "http://127.0.0.1:9/healthz" in ended.stderr


def test_exports_are_lines_that_a_shell_can_take_whatever_the_keys_hold(tmp_path: Path) -> None:
    keys = tmp_path / "credentials.json"
    keys.write_text(json.dumps({"access_key_id": "AKID", "secret_access_key": "it's $HOME"}))
    script = exports.text("http://127.0.0.1:8070", keys) + 'printf "%s" "$AWS_SECRET_ACCESS_KEY"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout == "it's $HOME"
