"""The control groups of a model server (cgroups(7)), which the engine makes: entering, ending and removing them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

#: Seconds between two attempts to remove a group, and their maximum number: the kernel ends processes in its own time.
_PAUSE, _ATTEMPTS = 0.01, 500


def enter(folders: Iterable[str]) -> None:
    """Move this process into the groups. Raises OSError."""
    for folder in folders:
        Path(folder, "cgroup.procs").write_text("0")


def end(folders: Iterable[str], events: tuple[str, str] | None) -> None:
    """End all processes of the groups and remove them.

    `events` are the file with the group's memory events, and where to keep a copy of it.
    """
    if events is not None:
        with contextlib.suppress(OSError):
            Path(events[1]).write_bytes(Path(events[0]).read_bytes())
    for folder in folders:
        with contextlib.suppress(OSError):
            # No process can start another one any more.
            Path(folder, "pids.max").write_text("0")
        for _ in range(_ATTEMPTS):
            _kill_all(folder)
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(_PAUSE)
            else:
                break


def _kill_all(folder: str) -> None:
    with contextlib.suppress(OSError):
        for number in Path(folder, "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(number), signal.SIGKILL)
