"""A folder of its own for one job's outputs, named by the time: an output replaces whatever has its name."""

from __future__ import annotations

import re
from datetime import datetime

_DATED = re.compile(r"(?<=/)\d{8}-\d{6}/$")


def dated(folder: str, at: datetime) -> str:
    """The folder for one job below this one, which ends with a slash or is empty."""
    return f"{folder}{at:%Y%m%d-%H%M%S}/"


def undated(path: str) -> str:
    """The path without its last folder, if `dated` made that for one job."""
    return _DATED.sub("", path)
