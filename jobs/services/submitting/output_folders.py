"""A folder of its own for one job's outputs, named by the time: an output replaces whatever has its name."""

from __future__ import annotations

import re
from datetime import datetime

from transform.keys import output_folder, parse_s3_uri

_DATED = re.compile(r"(?<=/)\d{8}-\d{6}/$")


def dated(folder: str, at: datetime) -> str:
    """The folder for one job below this one, which ends with a slash or is empty."""
    return f"{folder}{at:%Y%m%d-%H%M%S}/"


def undated(path: str) -> str:
    """The path without its last folder, if `dated` made that for one job."""
    return _DATED.sub("", path)


def beside(output_path: str, at: datetime) -> str:
    """The address of a folder for one job below this output path; ValueError for an address that is none."""
    bucket, prefix = parse_s3_uri(output_path)
    return f"s3://{bucket}/{dated(output_folder(undated(prefix)), at)}"
