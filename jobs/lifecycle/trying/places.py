"""The folder of a trial's own objects: beside the output path, where it is nobody's input or output."""

from __future__ import annotations

from transform.keys import output_folder, parse_s3_uri
from transform.scope import Scope

_NAME = "trials"


def place_of_trial(
    data: str, output_path: str, key: str, scope: Scope, *, is_manifest: bool
) -> tuple[str, str] | None:
    """Bucket and key prefix of the folder of the trial `key`; None if all allowed places are input of the job.

    `out-trials/KEY/` beside `out/`, or `out/trials/KEY/` where only the output path itself may be used. Raises
    ValueError for a malformed URI.
    """
    bucket, prefix = parse_s3_uri(output_path)
    input_bucket, input_prefix = parse_s3_uri(data)
    folder = output_folder(prefix)
    beside = [f"{folder.rstrip('/')}-{_NAME}/"] if folder else []
    for candidate in (*beside, f"{folder}{_NAME}/"):
        place = f"{candidate}{key}/"
        is_input = not is_manifest and bucket == input_bucket and place.startswith(input_prefix)
        if scope.allows(bucket, place) and not is_input:
            return bucket, place
    return None
