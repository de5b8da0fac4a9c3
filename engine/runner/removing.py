"""Removing a job's folder, whatever its model's code has done to what lies in it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it. Folders that were made unreadable are opened first; links are not followed."""

    def open_and_retry(
        remove: Callable[..., Any], path: str, _: tuple[type[BaseException], BaseException, TracebackType]
    ) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            if not os.path.islink(path) and os.path.isdir(path):
                os.chmod(path, 0o700)
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)

    shutil.rmtree(folder, onerror=open_and_retry)
    shutil.rmtree(folder, ignore_errors=True)
