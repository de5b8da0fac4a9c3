"""Processes of the dashboard that act at the same moment on one real database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tests.support.engine import CHECKOUT

_READY = "import django\ndjango.setup()\n"
_WAIT = "print('ready', flush=True)\ninput()\n"


def surroundings(data_dir: Path, **more: str) -> dict[str, str]:
    """An environment for processes on the tests' own PostgreSQL, else on a SQLite file in `data_dir`.

    The tests' SQLite is in memory, where no other process finds it.
    """
    env = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(CHECKOUT),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "BATCHDECK_DATA_DIR": str(data_dir),
        **more,
    }
    database = settings.DATABASES["default"]
    if "postgresql" not in database["ENGINE"]:
        return env
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    where = f"{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    return {**env, "DATABASE_URL": f"postgres://{database['USER']}{password}@{where}"}


def run(program: str, env: dict[str, str]) -> str:
    """What a program prints that runs with Django set up."""
    command = [sys.executable, "-c", _READY + program]
    return subprocess.run(command, env=env, check=True, timeout=120, capture_output=True, text=True).stdout


def run_at_once(prepare: str, act: str, env: dict[str, str], *arguments: str, count: int = 4) -> list[str]:
    """What several processes print that prepare, and act at the same moment once all are ready; each must end well."""
    command = [sys.executable, "-c", _READY + prepare + _WAIT + act, *arguments]
    pipe = subprocess.PIPE
    workers = [
        subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        for _ in range(count)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    printed = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * count
    return printed
