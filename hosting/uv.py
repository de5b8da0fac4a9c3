"""Where uv is: the program that installs packages faster than pip."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def find_uv() -> str | None:
    """The program uv beside this Python or on the path; None without it, which leaves pip."""
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")
