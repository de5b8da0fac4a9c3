"""Control groups (cgroups(7)), which bound all memory that a model server's processes hold, however they hold it.

A group counts what no process shows: files in memory without a name, mappings, and the queues of sockets. The engine
makes groups below its own, where the system lets it; the keeper moves the server into them and removes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: The limits of a group by file, with the name of the limit; files of both versions of the interface. Only the first
#: of a version must exist.
_MEMORY_FILES = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes"),
    2: ("memory.max",),
}
_EVENTS_FILE = {1: "memory.oom_control", 2: "memory.events"}
_PREFIX = "batchdeck-"
_ENTER = "import sys; [open(f'{folder}/cgroup.procs', 'w').write('0') for folder in sys.argv[1:]]"


@dataclass(frozen=True, slots=True)
class Groups:
    """Where groups can be made: the folders of this engine's own group, in each hierarchy that has limits.

    The first folder's hierarchy has the memory limit.
    """

    version: int
    parents: tuple[Path, ...]

    def create(self, name: str, memory: int, processes: int) -> list[Path]:
        """Create the groups `name` with at most `memory` bytes and so many processes and threads. Raises OSError."""
        folders = [parent / name for parent in self.parents]
        for folder in folders:
            folder.mkdir(exist_ok=True)
        required_file, *optional_files = _MEMORY_FILES[self.version]
        (folders[0] / required_file).write_text(str(memory))
        for optional_file in optional_files:
            with contextlib.suppress(OSError):
                (folders[0] / optional_file).write_text(str(memory))
        if self.version == 2:
            with contextlib.suppress(OSError):
                (folders[0] / "memory.swap.max").write_text("0")
        with contextlib.suppress(OSError):
            # The first process of the namespaces is one more.
            (folders[-1] / "pids.max").write_text(str(processes + 1))
        return folders

    def events_file(self, folders: list[Path]) -> Path:
        """The file in which the kernel counts processes that it ended because the group had no memory left."""
        return folders[0] / _EVENTS_FILE[self.version]

    def leftovers(self, engine: str) -> list[Path]:
        """The groups that an engine with this name left behind."""
        return [folder for parent in self.parents for folder in parent.glob(f"{engine}-*")]


def engine_name(jobs_dir: Path) -> str:
    """The first part of the names of an engine's groups."""
    return f"{_PREFIX}{hashlib.sha256(str(jobs_dir).encode()).hexdigest()[:12]}"


def out_of_memory(events: Iterable[Path]) -> bool:
    """Whether the kernel ended a process of the group for lack of memory; of the files the first that exists counts."""
    for path in events:
        with contextlib.suppress(OSError):
            rows = dict(line.split(" ", 1) for line in path.read_text().splitlines() if " " in line)
            return int(rows.get("oom_kill", "0")) > 0
    return False


def find_groups() -> Groups | None:
    """Where this process can make groups with a memory limit; None if the system does not let it. Tries it."""
    try:
        own_folders = _own_folders()
    except (OSError, ValueError):
        return None
    candidates: list[Groups] = []
    if "memory" in own_folders:
        pids = (
            [own_folders["pids"]]
            if "pids" in own_folders and own_folders["pids"] != own_folders["memory"]
            else []
        )
        candidates += [Groups(1, (own_folders["memory"], *folders)) for folders in (pids, [])]
    elif "" in own_folders and _has_memory(own_folders[""]):
        candidates.append(Groups(2, (own_folders[""],)))
    elif "" in own_folders and os.geteuid() != 0 and _has_memory(own_folders[""].parent):
        # A service with a group for its processes, below the one that it was given (DelegateSubgroup= of systemd).
        candidates.append(Groups(2, (own_folders[""].parent,)))
    return next((groups for groups in candidates if _works(groups)), None)


def _own_folders() -> dict[str, Path]:
    """The folder of this process's group by controller, of version 2's hierarchy by "". Raises OSError, ValueError."""
    paths: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    folders: dict[str, Path] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, details = line.partition(" - ")
        root, point = mount.split()[3:5]
        kind, _, options = details.split(" ", 2)
        names = [""] if kind == "cgroup2" else options.split(",") if kind == "cgroup" else []
        for name in names:
            if name in paths:
                # In a container, the group that is mounted may be the container's.
                inner = os.path.relpath(paths[name], root)
                folders[name] = Path(point) / ("" if inner.startswith("..") else inner)
    return folders


def _has_memory(folder: Path) -> bool:
    """Whether groups below a group of version 2 have memory limits, or now have them."""
    control = folder / "cgroup.subtree_control"
    try:
        if "memory" in control.read_text().split():
            return True
        if "memory" not in (folder / "cgroup.controllers").read_text().split():
            return False
        _leave(folder)
        control.write_text("+memory +pids")
    except OSError:
        return False
    return True


def _leave(folder: Path) -> None:
    """Move this process into a group below its own if it is alone in it.

    The kernel gives limits only to groups below one that has no processes of its own. Raises OSError.
    """
    if (folder / "cgroup.procs").read_text().split() == [str(os.getpid())]:
        below = folder / f"{_PREFIX}engine"
        below.mkdir(exist_ok=True)
        (below / "cgroup.procs").write_text("0")


def _works(groups: Groups) -> bool:
    """Whether a group can be made and entered."""
    folders: list[Path] = []
    try:
        folders = groups.create(f"{_PREFIX}probe-{os.getpid()}", 64 * 1024**2, 64)
        command = [sys.executable, "-I", "-S", "-c", _ENTER, *map(str, folders)]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False
    finally:
        for folder in folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
