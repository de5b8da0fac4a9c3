"""The house of a data directory: its lock, and the note by which other commands find it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hosting.private_files import make_private
from launcher import private


class AlreadyRunning(Exception):
    """Another house uses this data directory; the text says which."""


@dataclass(frozen=True)
class House:
    """The addresses of a running house. `redis_url` contains the broker's password."""

    pid: int
    url: str
    engine_url: str
    redis_url: str

    @staticmethod
    def note(data_dir: Path) -> Path:
        """The note's file."""
        return data_dir / "house.json"

    def write(self, data_dir: Path) -> None:
        """Write the note, whole or not at all, readable by its owner only."""
        private.write(self.note(data_dir), json.dumps(asdict(self)))

    @classmethod
    def read(cls, data_dir: Path) -> House | None:
        """The note in `data_dir`; None when it is missing or cannot be read."""
        try:
            return cls(**json.loads(cls.note(data_dir).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def find_running(data_dir: Path) -> House | None:
    """The house that runs on `data_dir` now, or None: a note alone proves nothing after a crash."""
    lock = data_dir / "house.lock"
    if not lock.exists():
        return None
    handle = os.open(lock, os.O_RDWR)
    try:
        # Held for an instant only; `hold` below is patient enough not to stumble over it.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return House.read(data_dir)
    finally:
        os.close(handle)
    return None


def hold(data_dir: Path, patience: float = 15.0) -> int:
    """Take the lock of `data_dir` and return its file descriptor. Raises AlreadyRunning when another house has it.

    After a kill -9 the guardian holds it for the few seconds in which it ends what was left: while the
    process that left the note is gone, we wait for it, up to `patience` seconds. Raises BadFolder when
    nothing can be kept in `data_dir`.
    """
    make_private(data_dir)
    handle = os.open(data_dir / "house.lock", os.O_RDWR | os.O_CREAT, 0o600)
    started = time.monotonic()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            house = House.read(data_dir)
            waited = time.monotonic() - started
            if waited > patience or (house is not None and waited > 1 and _is_process(house.pid)):
                os.close(handle)
                raise AlreadyRunning(_explain(data_dir, house)) from None
            time.sleep(0.1)
        else:
            return handle


def _is_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _explain(data_dir: Path, house: House | None) -> str:
    address = f" at {house.url} (process {house.pid})" if house else ""
    return f"A house already runs on {data_dir}{address}. Stop it with Ctrl-C there, or choose another --data-dir."
