"""S3 URIs, and the name of an output from the name of its input."""

from __future__ import annotations

import re

OUTPUT_SUFFIX = ".out"

# TransformS3DataSource.S3Uri in the service's model: `(https|s3)://([^/]+)/?(.*)`.
_S3_URI = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)
# "Methods for accessing a bucket" in the S3 user guide: the bucket in the host's name or at the path's beginning. Hosts
# are s3.amazonaws.com, and those of a region after a dot or, in the older form, a hyphen.
_HTTPS_URI = re.compile(
    r"https://(?:([a-z0-9][a-z0-9.-]+)\.)?s3(?:[.-](?:dualstack\.)?[a-z]{2}-[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
    r"(?:/(.*))?",
    re.DOTALL,
)

#: How the empty objects end by which consoles and Hadoop draw folders.
_MARKER_ENDS = ("/", "_$folder$")


def is_folder_marker(key: str, size: int) -> bool:
    """Whether an object with this key and size in bytes is a folder marker and not an input."""
    return size == 0 and key.endswith(_MARKER_ENDS)


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix, possibly empty) of `s3://bucket/key` or of an https address of S3.

    Raises ValueError with a sentence for the person when the text is not an S3 URI.
    """
    if match := _S3_URI.fullmatch(uri):
        return match[1], match[2]
    if match := _HTTPS_URI.fullmatch(uri):
        bucket, path = match[1], match[2] or ""
        if bucket:
            return bucket, path
        bucket, _, key = path.partition("/")
        if bucket:
            return bucket, key
    raise ValueError(f"{uri!r} is not an S3 URI; write it as s3://bucket/prefix")


def relative_key(prefix: str, key: str) -> str:
    """The part of `key` that its output keeps, when the job's input was the plain string `prefix`.

    The observed behaviour of the service: the prefix is removed, then a leading "/", and when nothing remains the
    last part of the name is kept. A prefix that ends inside a name (`in/part` for `in/part-1.csv`) keeps the
    whole name; no public source settles that case.
    """
    remainder = key[len(prefix) :] if key.startswith(prefix) else key
    ends_inside_a_name = remainder and prefix and not prefix.endswith("/") and not remainder.startswith("/")
    if not remainder or ends_inside_a_name:
        return key[prefix.rfind("/") + 1 :]
    return remainder.removeprefix("/")


def output_key(prefix: str, key: str, output_prefix: str) -> str:
    """The key of the output for the input object `key`: below `output_prefix`, with `.out` at the end.

    `prefix` is the key part of the job's S3Uri; for a manifest, what stands before the relative entry.
    """
    return output_folder(output_prefix) + relative_key(prefix, key) + OUTPUT_SUFFIX


def output_folder(output_prefix: str) -> str:
    """The key part of S3OutputPath with a slash at its end; empty for a whole bucket."""
    return output_prefix if not output_prefix or output_prefix.endswith("/") else output_prefix + "/"
