"""What the processes of a group use, as Linux's /proc tells it; elsewhere nothing is known."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

#: Places in /proc/PID/stat behind the name, which may have blanks and brackets in it (proc_pid_stat(5)).
_GROUP, _USER_TICKS, _SYSTEM_TICKS, _PAGES = 2, 11, 12, 21

#: Seconds for which one look at all processes serves: the instances of a job are asked one after the other.
_FRESH = 0.1


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the processes' start, and bytes of memory now."""

    cpu_seconds: float
    memory: int


class _Look:
    """The latest look at all processes, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = float("-inf")
        self._groups: dict[int, Usage] = {}

    def groups(self) -> dict[int, Usage]:
        """What each process group uses, as of a moment ago at most."""
        with self._lock:
            if time.monotonic() - self._taken > _FRESH:
                self._groups = _look()
                self._taken = time.monotonic()
            return self._groups


_latest = _Look()


def group_usage(group: int) -> Usage | None:
    """What the processes of that group use together; None if there are none, or no /proc.

    Memory that processes share is counted for each. The CPU time of one that has ended is gone.
    """
    return _latest.groups().get(group)


def _look() -> dict[int, Usage]:
    groups: dict[int, Usage] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            group = int(fields[_GROUP])
            ticks, pages = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS]), int(fields[_PAGES])
        except (OSError, IndexError):
            continue  # It ended while we looked.
        so_far = groups.get(group, Usage(0, 0))
        groups[group] = Usage(
            so_far.cpu_seconds + ticks / os.sysconf("SC_CLK_TCK"),
            so_far.memory + pages * os.sysconf("SC_PAGE_SIZE"),
        )
    return groups
