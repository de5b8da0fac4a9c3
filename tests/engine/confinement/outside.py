"""A script that tries to get out of its confinement, and the things outside that it must not reach."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from engine.limits import Limits
from tests.engine.serving import RUNTIMES
from tests.support.engine import CHECKOUT, EngineProcess

SCRIPT = Path(__file__).with_name("inference.py").read_bytes()
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ORDINARY_USER = [sys.executable, str(CHECKOUT / "tests" / "support" / "ordinary_user.py")]
PROCESSES = 64


class Outside:
    """Things beside the engine that model code must not reach."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.secret = folder / "secret_key"
        self.secret.write_text("secret")
        self.secret.chmod(0o644)
        self.listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.datagrams.bind(("127.0.0.1", 0))
        self.abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        self.abstract.bind(f"\0batchdeck-test-{os.getpid()}")
        self.abstract.listen()
        self.socket = stack.enter_context(socket.socket(socket.AF_UNIX))
        self.socket_path = folder / "socket"
        self.socket.bind(str(self.socket_path))
        self.socket_path.chmod(0o777)
        self.socket.listen()

    def targets(self, engine: EngineProcess, engine_pid: int) -> dict[str, Any]:
        """What the script is to reach."""
        names = ("credentials.json", "engine.sqlite3", "objects/index.sqlite3")
        return {
            "files": [str(self.secret), *(str(engine.data_dir / name) for name in names)],
            "folders": [str(engine.data_dir), str(engine.data_dir / "jobs"), str(self.secret.parent)],
            "code": [str(RUNTIMES), str(CHECKOUT / "engine")],
            "engine_pid": engine_pid,
            "ports": [self.listener.getsockname()[1], engine.port],
            "udp_port": self.datagrams.getsockname()[1],
            "abstract": f"batchdeck-test-{os.getpid()}",
            "socket": str(self.socket_path),
            "too_much_memory": 2 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "too_many_processes": 4 * PROCESSES,
            "too_large_file": Limits().of_server("ml.m5.large")["file_size"] + 1,
        }
