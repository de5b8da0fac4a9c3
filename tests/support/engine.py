"""The real engine as a process of its own, for tests to speak to as any client would."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

CHECKOUT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EngineProcess:
    """`python -m engine` on a free port with a data directory of its own."""

    def __init__(self, data_dir: Path, prefix: Sequence[str] = (), **environment: str) -> None:
        """`prefix` is a command that becomes the one behind it."""
        self.data_dir = data_dir
        self._prefix = prefix
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    def start(self) -> EngineProcess:
        """Start it and wait until it answers."""
        options = ["--port", str(self.port), "--data-dir", str(self.data_dir)]
        command = [*self._prefix, sys.executable, "-m", "engine", *options]
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "engine.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_healthy()
        return self

    @property
    def pid(self) -> int:
        """The engine's process number."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """kill -9 of the engine alone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit status. Raises TimeoutExpired if it takes more than five minutes."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(timeout=300)

    def restart(self) -> EngineProcess:
        """kill -9, and start again on the same data."""
        self.kill()
        return self.start()

    @property
    def access_key(self) -> str:
        """The access key id that the engine made."""
        return str(self._credentials()["access_key_id"])

    @property
    def secret_key(self) -> str:
        """Its secret."""
        return str(self._credentials()["secret_access_key"])

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that knows the engine's URL and keys."""
        plain = not options
        if plain and service in self._clients:
            return self._clients[service]
        # The types know each service by its own name, not by any str.
        connect: Any = boto3.client
        client = connect(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=options.pop("access_key", self.access_key),
            aws_secret_access_key=options.pop("secret_key", self.secret_key),
            config=Config(retries={"total_max_attempts": 1}, **options),
        )
        if plain:
            self._clients[service] = client
        return client

    def environment(self) -> dict[str, str]:
        """The variables that point any AWS client at this engine."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            # Of the two names, AWS's SDKs for JavaScript, Go and Java read this one alone.
            "AWS_REGION": REGION,
        }

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.data_dir / "engine.log").read_text(errors="replace")

    def _credentials(self) -> dict[str, str]:
        return dict(json.loads((self.data_dir / "credentials.json").read_text()))

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the engine ended with {self._process.returncode}:\n{self.log}")
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.url}/_engine/health", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"the engine did not answer within 30 s:\n{self.log}")
