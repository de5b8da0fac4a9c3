"""Where a manifest that Batchdeck makes is written: in the output's bucket, where it is nobody's input."""

from __future__ import annotations

from transform import keys


def place_of_manifest(data: str, output_path: str, name: str, *, is_manifest: bool) -> tuple[str, str] | None:
    """Bucket and key of the manifest `name` for a job with this input and output; None if the whole bucket is input.

    It is below the output path, unless that is input too. The key ends in .manifest, which no output does. Raises
    ValueError for a malformed URI.
    """
    bucket, output_prefix = keys.parse_s3_uri(output_path)
    input_bucket, input_prefix = keys.parse_s3_uri(data)
    file = f".batchdeck/{name}.manifest"
    for place in (keys.output_folder(output_prefix) + file, file):
        if is_manifest or bucket != input_bucket or not place.startswith(input_prefix):
            return bucket, place
    return None
