"""The folder of a trial's or a tuning's own objects: beside the output path, where it is nobody's input or output."""

from __future__ import annotations

from typing import Literal

from transform.keys import output_folder, parse_s3_uri
from transform.scope import Scope


def place_beside(
    data: str,
    output_path: str,
    key: str,
    scope: Scope,
    *,
    is_manifest: bool,
    kind: Literal["trials", "tuning"],
) -> tuple[str, str] | None:
    """Bucket and key prefix of the folder of `key` among those of its kind; None if all allowed places are input.

    `out-trials/KEY/` beside `out/`, or `out/trials/KEY/` where only the output path itself may be used. Raises
    ValueError for a malformed URI.
    """
    bucket, prefix = parse_s3_uri(output_path)
    input_bucket, input_prefix = parse_s3_uri(data)
    folder = output_folder(prefix)
    parents = [f"{folder.rstrip('/')}-{kind}/"] if folder else []
    for parent in (*parents, f"{folder}{kind}/"):
        place = f"{parent}{key}/"
        is_input = not is_manifest and bucket == input_bucket and place.startswith(input_prefix)
        if scope.allows(bucket, place) and not is_input:
            return bucket, place
    return None
