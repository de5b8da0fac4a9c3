"""The keeper's descendants: waiting for a child, and ending all of them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path

#: Seconds between two checks of the processes that are being ended.
_PAUSE = 0.01
#: Checks after which processes that do not end, such as those that wait for a disk, are given up.
_LOOKS = 500


def wait_for(child: int, engine: int | None = None) -> int | None:
    """Wait until the child ends; returns its exit status as in shells, or None if the pipe `engine` ends first.

    Also reaps other children.
    """
    # Without a thread, since a process with a new process namespace cannot start threads.
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    watched = select.poll()
    for descriptor in (woken, *([] if engine is None else [engine])):
        watched.register(descriptor, select.POLLIN)
    while True:
        while (ended_process := os.waitpid(-1, os.WNOHANG))[0]:
            if ended_process[0] == child:
                code = os.waitstatus_to_exitcode(ended_process[1])
                return code if code >= 0 else 128 - code
        for descriptor, _ in watched.poll():
            if not os.read(descriptor, 1024) and descriptor == engine:
                return None


def end_descendants() -> None:
    """End all descendants of this process, also those that left its group and session.

    As their subreaper, this process becomes the parent of orphans. All are first stopped, so that none can start
    another process, then killed.
    """
    for number in (signal.SIGSTOP, signal.SIGKILL):
        signalled: set[int] = set()
        for _ in range(_LOOKS):
            fresh = descendants() - signalled
            if not fresh:
                break
            for process in fresh:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, number)
            signalled |= fresh
    for _ in range(_LOOKS):
        if not _reap() and not descendants():
            return
        time.sleep(_PAUSE)


def descendants() -> set[int]:
    """The process numbers of all descendants of this process; empty without /proc."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(path.parent.name))
    below: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        offspring = children.get(waiting.pop(), [])
        below.update(offspring)
        waiting += offspring
    return below


def tasks_of_user() -> int:
    """The number of processes and threads of this process's user, which RLIMIT_NPROC counts too."""
    count = 0
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if path.stat().st_uid == os.getuid():
                count += len(os.listdir(path / "task"))
    return count


def _reap() -> bool:
    """Reap ended children; returns whether other children are left."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True
