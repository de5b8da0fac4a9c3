"""Files that only the user of the process can read: the database, objects, logs and keys. Standard library alone."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

#: Nothing for the group and nothing for others.
_UMASK = 0o077


class BadFolder(Exception):
    """A folder that cannot be used; the text names it and says what to do."""


def keep_files_private() -> None:
    """Make every file and folder that this process and its children create readable by their owner only."""
    os.umask(_UMASK)


def make_private(folder: Path) -> None:
    """Create `folder` and its parents if they are missing, and take from other users all rights to it.

    That protects its contents as well, whatever their modes are: older versions made folders that everybody
    can read. Raises BadFolder when it is not a folder, or cannot be created or written to.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close(folder)
    except (FileExistsError, NotADirectoryError):
        raise BadFolder(f"{folder} is not a folder; name another with --data-dir.") from None
    except OSError as error:
        raise BadFolder(f"{folder} cannot be used: {error.strerror}; name another with --data-dir.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadFolder(f"{folder} cannot be written to; name another with --data-dir.")


def _close(folder: Path) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    # A folder with the sticky bit, such as /tmp, is everybody's.
    if not mode & _UMASK or mode & stat.S_ISVTX:
        return
    try:
        folder.chmod(mode & ~_UMASK)
    except PermissionError:
        sys.stderr.write(
            f"{folder} belongs to another user and stays open to others; only new files in it are private.\n"
        )
