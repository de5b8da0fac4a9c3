"""Folders for the outputs of one job, named by the time, so that it replaces no other job's outputs."""

from __future__ import annotations

import re
from datetime import datetime

from transform.keys import output_folder, parse_s3_uri

_DATED = re.compile(r"(?<=/)\d{8}-\d{6}(-[a-z0-9]+)?/$")


def dated(folder: str, at: datetime, suffix: str = "") -> str:
    """A job's folder below `folder`, which ends in a slash or is empty. `suffix` tells apart jobs of one second."""
    return f"{folder}{at:%Y%m%d-%H%M%S}{f'-{suffix}' if suffix else ''}/"


def undated(path: str) -> str:
    """The path without its last folder, if `dated` made that folder."""
    return _DATED.sub("", path)


def beside(output_path: str, at: datetime) -> str:
    """The URI of a job's folder beside this output path. Raises ValueError for a malformed URI."""
    bucket, prefix = parse_s3_uri(output_path)
    return f"s3://{bucket}/{dated(output_folder(undated(prefix)), at)}"
