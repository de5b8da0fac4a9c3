"""A whole house, started as a person starts it: ./deck up, on free ports, with its own data directory."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from launcher.ports import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
#: Every process of a house inherits this, so that none can hide from `House.processes`.
_MARK = "BATCHDECK_TEST_HOUSE"


class House:
    """`./deck up` of one checkout on one data directory. Stop or kill it when done; both are safe to repeat."""

    def __init__(self, checkout: Path, data_dir: Path, **environment: str) -> None:
        """`environment`: variables to set for the house; a broker or database of the test run is not passed on."""
        self.checkout = checkout
        self.data_dir = data_dir
        self.port = free_port()
        self.engine_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine_url = f"http://127.0.0.1:{self.engine_port}"
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self._mark = secrets.token_hex(8)
        self._environment = environment
        self._deck: subprocess.Popen[bytes] | None = None

    def start(self, *flags: str, within: float = 900.0) -> House:
        """Start it and wait until it says that it is ready; AssertionError with its log when it does not."""
        self.log.write_bytes(b"")
        ports = ["--port", str(self.port), "--engine-port", str(self.engine_port)]
        with self.log.open("ab") as log:
            self._deck = subprocess.Popen(
                [self.checkout / "deck", "up", *ports, "--data-dir", self.data_dir, *flags],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._env(),
                start_new_session=True,
            )
        deck = self._deck
        wait_until(lambda: bool(self.link) or deck.poll() is not None, within, self.printed_text)
        assert deck.poll() is None, f"./deck up ended with {deck.returncode}:\n{self.printed_text()}"
        return self

    def printed_text(self) -> str:
        """Everything it has printed since its last start."""
        return self.log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process id of ./deck itself."""
        assert self._deck is not None, "the house has not been started"
        return self._deck.pid

    @property
    def link(self) -> str:
        """The one-time sign-in link that the last start printed; empty until then."""
        match = re.search(r"^ +Sign in +(\S+)$", self.printed_text(), re.MULTILINE)
        return match[1] if match else ""

    def deck(self, *arguments: str) -> str:
        """What another ./deck command about this house prints."""
        command: list[str | Path] = [self.checkout / "deck", "--data-dir", self.data_dir, *arguments]
        answer = subprocess.run(
            command, env=self._env(), capture_output=True, text=True, check=False, timeout=600
        )
        assert answer.returncode == 0, f"./deck {arguments} ended with {answer.returncode}:\n{answer.stderr}"
        return str(answer.stdout).strip()

    def token(self) -> str:
        """A new API token of the sample team's admin."""
        return self.deck("token")

    def client(self, service: str) -> Any:
        """A boto3 client of the house's engine, with what `./deck env` prints."""
        exports = dict(re.findall(r"export (\w+)='?([^\s']+)", self.deck("env")))
        connect: Any = boto3.client
        return connect(
            service,
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        )

    def status_of(self, path: str) -> int:
        """The HTTP status of GET `path` at the dashboard; 0 while nothing answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def stop(self) -> None:
        """Send SIGTERM and wait for the end."""
        if self._deck and self._deck.poll() is None:
            self._deck.send_signal(signal.SIGTERM)
            self._deck.wait(timeout=300)

    def kill(self) -> None:
        """Send SIGKILL to ./deck, as a crash would, and wait until its children have ended as well."""
        if self._deck and self._deck.poll() is None:
            self._deck.kill()
            self._deck.wait()
        wait_until(lambda: not self.processes(), 300, lambda: f"still there: {self.processes()}")

    def processes(self) -> dict[int, str]:
        """Every process of the house that lives, with its command line. Linux only."""
        mark = f"{_MARK}={self._mark}".encode()
        pids = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    pids[int(entry.name)] = command.decode(errors="replace")
            except OSError:
                # It ended while we looked, or belongs to someone else.
                continue
        return pids

    def _env(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
            and not name.startswith(("BATCHDECK_", "COV_", "PYTEST_"))
        }
        return {**inherited, **self._environment, _MARK: self._mark}


def copy_checkout(target: Path) -> Path:
    """What a fresh clone of this working tree would hold, in `target`: no environment, no data, no caches."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, check=True).stdout
    for name in filter(None, os.fsdecode(names).split("\0")):
        source, copy = CHECKOUT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    return target


def wait_until(question: Callable[[], bool], within: float, explain: Callable[[], str]) -> None:
    """Ask until the answer is yes; AssertionError with `explain()` after `within` seconds."""
    deadline = time.monotonic() + within
    while not question():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s:\n{explain()}")
        time.sleep(0.1)
