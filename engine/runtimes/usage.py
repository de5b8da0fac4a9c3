"""Resource usage of a process and its descendants, from Linux's /proc."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path

#: Fields of /proc/PID/stat, counted behind the name, which may contain blanks and brackets (proc_pid_stat(5)).
_PARENT, _USER_TICKS, _SYSTEM_TICKS, _PAGES = 1, 11, 12, 21

#: Seconds for which the list of processes is reused when a job's instances are measured one after the other.
_REUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """CPU seconds since the start of the processes, and their current memory in bytes."""

    cpu_seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    usage: ProcessUsage


class _ProcessList:
    """The latest list of all processes, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken_at = float("-inf")
        self._processes: dict[int, _Process] = {}

    def processes(self) -> dict[int, _Process]:
        """All processes by number, at most `_REUSE_SECONDS` seconds old."""
        with self._lock:
            if time.monotonic() - self._taken_at > _REUSE_SECONDS:
                self._processes = _read_processes()
                self._taken_at = time.monotonic()
            return self._processes


_latest = _ProcessList()


def usage_below(process: int) -> ProcessUsage | None:
    """Total usage of a process and its descendants; None if it has ended or there is no /proc.

    Shared memory is counted for each process. The CPU time of ended descendants is not included.
    """
    processes = _latest.processes()
    usages = [processes[number].usage for number in _tree(processes, process)]
    if not usages:
        return None
    return ProcessUsage(sum(usage.cpu_seconds for usage in usages), sum(usage.memory for usage in usages))


def processes_below(process: int) -> list[int]:
    """The current process numbers of all descendants of a process; empty without /proc."""
    return _tree(_read_processes(), process)[1:]


def memory_below(process: int) -> int:
    """Memory in bytes of a process and its descendants, shared memory counted once."""
    return sum(_proportional_memory(number) for number in _tree(_latest.processes(), process))


def unlinked_bytes_below(process: int) -> int:
    """Bytes of open and of mapped files without a name, such as memory files, of a process and its descendants."""
    opened: dict[tuple[int, int], int] = {}
    mapped: dict[int, int] = {}
    for number in _tree(_latest.processes(), process):
        for path in Path(f"/proc/{number}/fd").glob("*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    opened[status.st_dev, status.st_ino] = status.st_blocks * 512
        mapped.update(_mapped_without_name(number))
    # By the number of the file alone, since the lists of mappings name another device on some file systems.
    opened_files = {file for _, file in opened}
    return sum(opened.values()) + sum(size for file, size in mapped.items() if file not in opened_files)


def _mapped_without_name(process: int) -> dict[int, int]:
    """The bytes of the files that a process has mapped and that have no name, by their numbers (proc_pid_maps(5)).

    As root the files' sizes on disk, else the sizes of the mappings.
    """
    sizes: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/maps").read_text(errors="replace").splitlines():
            if not line.endswith(" (deleted)"):
                continue
            place, _, _, _, file, _ = line.split(maxsplit=5)
            start, end = (int(address, 16) for address in place.split("-"))
            size = end - start
            with contextlib.suppress(OSError):
                size = Path(f"/proc/{process}/map_files/{place}").stat().st_blocks * 512
            sizes[int(file)] = max(size, sizes.get(int(file), 0))
    return sizes


def _tree(processes: dict[int, _Process], root: int) -> list[int]:
    """The numbers of a process and its descendants; empty if it does not exist."""
    children: dict[int, list[int]] = {}
    for number, process in processes.items():
        children.setdefault(process.parent, []).append(number)
    numbers = [root] if root in processes else []
    for number in numbers:
        numbers += children.get(number, [])
    return numbers


def _proportional_memory(process: int) -> int:
    """The "Pss" of a process in bytes (proc_pid_smaps(5)); 0 if it cannot be read."""
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
