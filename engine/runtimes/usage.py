"""What a process and those below it use, as Linux's /proc tells it; elsewhere nothing is known."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path

#: Places in /proc/PID/stat behind the name, which may have blanks and brackets in it (proc_pid_stat(5)).
_PARENT, _USER_TICKS, _SYSTEM_TICKS, _PAGES = 1, 11, 12, 21

#: Seconds for which one look at all processes serves: the instances of a job are asked one after the other.
_FRESH = 0.1


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """CPU seconds since the processes' start, and bytes of memory now."""

    cpu_seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    usage: ProcessUsage


class _Look:
    """The latest look at all processes, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken_at = float("-inf")
        self._processes: dict[int, _Process] = {}

    def processes(self) -> dict[int, _Process]:
        """All processes by number, as of a moment ago at most."""
        with self._lock:
            if time.monotonic() - self._taken_at > _FRESH:
                self._processes = _read_processes()
                self._taken_at = time.monotonic()
            return self._processes


_latest = _Look()


def usage_below(process: int) -> ProcessUsage | None:
    """What a process and all that it started use together; None if it has ended, and without a /proc.

    Memory that processes share is counted for each. The CPU time of one that has ended is gone.
    """
    processes = _latest.processes()
    usages = [processes[number].usage for number in _tree(processes, process)]
    if not usages:
        return None
    return ProcessUsage(sum(usage.cpu_seconds for usage in usages), sum(usage.memory for usage in usages))


def processes_below(process: int) -> list[int]:
    """The numbers of all processes that a process has started, however far down, as of now; none without a /proc."""
    return _tree(_read_processes(), process)[1:]


def memory_below(process: int) -> int:
    """The bytes of memory of a process and all that it started, each its share of what several use."""
    return sum(_proportional_memory(number) for number in _tree(_latest.processes(), process))


def unlinked_bytes_below(process: int) -> int:
    """The bytes of files without a name that the processes of a server hold open, memory files among them."""
    sizes: dict[tuple[int, int], int] = {}
    for number in _tree(_latest.processes(), process):
        for path in Path(f"/proc/{number}/fd").glob("*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


def _tree(processes: dict[int, _Process], root: int) -> list[int]:
    """The numbers of a process and all below it; empty if it is not there."""
    children: dict[int, list[int]] = {}
    for number, process in processes.items():
        children.setdefault(process.parent, []).append(number)
    numbers = [root] if root in processes else []
    for number in numbers:
        numbers += children.get(number, [])
    return numbers


def _proportional_memory(process: int) -> int:
    """The "Pss" of a process in bytes (proc_pid_smaps(5)); 0 where it cannot be read."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _read_processes() -> dict[int, _Process]:
    processes: dict[int, _Process] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            parent, pages = int(fields[_PARENT]), int(fields[_PAGES])
            ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
        except (OSError, IndexError):
            continue  # It ended while we looked.
        usage = ProcessUsage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))
        processes[int(path.parent.name)] = _Process(parent, usage)
    return processes
