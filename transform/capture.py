"""DataCaptureConfig: the manifests that say which objects a job read and wrote.

"Capture data from batch transform job" in the developer guide: under `input/` and `output/`, in folders named
after the hour (UTC) in which the job started, manifests in place of copies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime


def capture_key(prefix: str, side: str, started: float, job: str) -> str:
    """The key of a job's manifest: `<prefix>/input/yyyy/mm/dd/hh/<job>.json`.

    `prefix` is the key part of DestinationS3Uri, `side` "input" or "output", `started` in epoch seconds.
    """
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    return f"{folder}{side}/{datetime.fromtimestamp(started, UTC):%Y/%m/%d/%H}/{job}.json"


def capture_manifest(bucket: str, prefix: str, keys: Iterable[str]) -> bytes:
    """The objects as a manifest: the folder that `prefix` ends in, then each key relative to it."""
    folder = prefix[: prefix.rfind("/") + 1]
    names = [key.removeprefix(folder) for key in keys]
    return json.dumps([{"prefix": f"s3://{bucket}/{folder}"}, *names], ensure_ascii=False).encode()
