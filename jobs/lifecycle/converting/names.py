"""The names of Parquet files, and of what they are converted to. Keys in, keys out."""

from __future__ import annotations

import re

from jobs.models.conversion import TextFormat
from transform.scope import Scope

#: The first and last bytes of a Parquet file, and those of one whose footer is encrypted.
MAGIC, ENCRYPTED = b"PAR1", b"PARE"
#: How the names of Parquet files end, perhaps with the codec before or after it.
_SUFFIX = re.compile(
    r"(\.(snappy|gz|gzip|zstd|zst|lz4|brotli|br))?\.(parquet|parq|pq)(\.(gz|gzip))?$", re.IGNORECASE
)
_ENDINGS = {TextFormat.JSON_LINES: "jsonl", TextFormat.CSV: "csv"}


def is_parquet_name(key: str) -> bool:
    """Whether an object is named as a Parquet file."""
    return _SUFFIX.search(key) is not None


def is_hidden(key: str) -> bool:
    """Whether an object is one that Spark and Hive pass over, such as _SUCCESS and _metadata."""
    return key.rpartition("/")[2].startswith(("_", "."))


def text_name(key: str, text_format: str) -> str:
    """The name of what an object is converted to: its own, with another ending."""
    return f"{_SUFFIX.sub('', key)}.{_ENDINGS[TextFormat(text_format)]}"


def folder_of(prefix: str) -> str:
    """The folder of a key prefix: itself up to its last slash."""
    return prefix[: prefix.rfind("/") + 1]


def output_beside(bucket: str, key: str, text_format: str, scope: Scope, *, is_folder: bool) -> str:
    """The key beside the source to write to: `a.jsonl` beside `a.parquet`, `in-jsonl/` beside `in/`.

    Where only the folder itself may be used, and for a whole bucket, it is a folder below.
    """
    if not is_folder:
        return text_name(key, text_format)
    folder, ending = folder_of(key), _ENDINGS[TextFormat(text_format)]
    beside = f"{folder.rstrip('/')}-{ending}/"
    return beside if folder and scope.allows(bucket, beside) else f"{folder}{ending}/"


def output_key(source: str, output: str, key: str, text_format: str) -> str:
    """The key that the object `key` below the prefix `source` is converted to, in the folder `output`."""
    return output + text_name(key.removeprefix(folder_of(source)), text_format)
