"""The disk space of layers: which of them jobs use, and the removal of those that none uses.

A job holds a shared lock on a file beside its layer. Whoever removes the layer holds that lock alone.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path

from engine.disk import bytes_below
from engine.removing import remove_tree
from engine.runtimes.environments import READY, UNUSED_SECONDS, lock_file

_USE = ".use"
#: The errors of a folder in which nothing may be written, and so nothing removed.
_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def hold_layer(layer: Path, layer_holds: contextlib.ExitStack) -> None:
    """Keep the layer from removal until `layer_holds` is closed. Waits while it is being removed.

    Called in a thread.
    """
    path = _use_file(layer)
    while True:
        with contextlib.ExitStack() as opened:
            try:
                file = opened.enter_context(path.open("w"))
            except OSError as error:
                if error.errno in _READ_ONLY:
                    return
                raise
            fcntl.flock(file, fcntl.LOCK_SH)
            # The lock on a file that was removed meanwhile keeps nobody off.
            if _is_at(path, file.fileno()):
                layer_holds.push(opened.pop_all())
                return


def remove_idle_layers(directory: Path, most_bytes: int) -> int:
    """Remove layers that no job uses, the least recently used first, until all in the folder has `most_bytes` at most.

    Removes those too that are incomplete, or that no job has used for UNUSED_SECONDS. Returns the bytes that remain.
    Called in a thread.
    """
    remaining_bytes = bytes_below(directory)
    oldest = time.time() - UNUSED_SECONDS
    for used_at, layer in sorted((_used_at(layer), layer) for layer in _layers(directory)):
        if used_at < oldest or remaining_bytes > most_bytes:
            size = bytes_below(layer)
            if _remove(layer):
                remaining_bytes -= size
    return remaining_bytes


def _layers(directory: Path) -> set[Path]:
    complete = {marker.parent for marker in directory.glob(f"*/{READY}")}
    return complete | {path.with_suffix("") for path in directory.glob(f"*{_USE}")}


def _used_at(layer: Path) -> float:
    """When a job last used the layer, in epoch seconds; 0 if it is incomplete."""
    try:
        return (layer / READY).stat().st_mtime
    except OSError:
        return 0.0


def _remove(layer: Path) -> bool:
    """Remove the layer unless a job uses it; returns whether it is removed."""
    path = _use_file(layer)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not _is_at(path, file.fileno()):
            return False
        remove_tree(layer)
        lock_file(layer).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return True


def _use_file(layer: Path) -> Path:
    return layer.with_name(f"{layer.name}{_USE}")


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is the one at that path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
