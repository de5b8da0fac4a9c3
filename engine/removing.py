"""Removing a folder whose content untrusted code has written."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(folder: Path) -> None:
    """Remove a folder and its content; does nothing if it does not exist. Links are not followed.

    Works at any depth: instead of recursion or long paths, subfolders are moved up to the top one by one. Folders
    without permissions for their owner get them first. What cannot be removed stays.
    """
    with contextlib.suppress(OSError):
        folder.chmod(0o700, follow_symlinks=True)
    try:
        top = os.open(folder, _OPEN_FOLDER)
    except OSError:
        with contextlib.suppress(OSError):
            folder.unlink()
        return
    try:
        number = 0
        while names := _folders_after_cleaning(top):
            for name in names:
                number = _empty(top, name, number)
                with contextlib.suppress(OSError):
                    os.rmdir(name, dir_fd=top)
            if not set(names) - set(_folders_after_cleaning(top)):
                return  # None of them could be removed.
    finally:
        os.close(top)
        with contextlib.suppress(OSError):
            folder.rmdir()


def _empty(top: int, name: str, number: int) -> int:
    """Remove a folder's files and move its subfolders to `top` as moved-NUMBER; returns the next number."""
    with contextlib.suppress(OSError):
        os.chmod(name, 0o700, dir_fd=top)
    try:
        descriptor = os.open(name, _OPEN_FOLDER, dir_fd=top)
    except OSError:
        return number
    try:
        for below in _folders_after_cleaning(descriptor):
            with contextlib.suppress(OSError):
                # A folder that is moved must be writable: its ".." changes.
                os.chmod(below, 0o700, dir_fd=descriptor)
                os.rename(below, f"moved-{number}", src_dir_fd=descriptor, dst_dir_fd=top)
                number += 1
    finally:
        os.close(descriptor)
    return number


def _folders_after_cleaning(descriptor: int) -> list[str]:
    """Remove everything but subfolders from an open folder; returns the subfolders' names."""
    folders = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
                continue
            with contextlib.suppress(OSError):
                os.unlink(entry.name, dir_fd=descriptor)
    return folders
