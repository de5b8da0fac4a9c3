"""Places in S3 that people write to: their addresses, and the sentences of refused calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from aws import OutOfScope, Rejected, Target
from jobs.models import Connection
from jobs.services.calling import calls_for_person
from jobs.services.errors import InvalidFields
from transform.keys import parse_s3_uri
from transform.object_names import clean_key

#: S3's and the engine's codes for a bucket that does not exist.
_NO_BUCKET = frozenset({"NoSuchBucket", "404"})
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// address; the key may be empty. Raises InvalidFields for `path`."""
    try:
        return parse_s3_uri(uri)
    except ValueError as error:
        raise InvalidFields({"path": ["It must be an S3 address such as s3://bucket/prefix/."]}) from error


def split_new_uri(uri: str) -> tuple[str, str]:
    """As `split_uri`, for an object that is to be written: its key is checked and in the form that is stored."""
    bucket, key = split_uri(uri)
    if not _BUCKET.fullmatch(bucket):
        raise InvalidFields({"path": ["A bucket's name has letters, digits, dots, hyphens and underscores."]})
    try:
        return bucket, clean_key(key)
    except ValueError as error:
        raise InvalidFields({"path": [str(error)]}) from error


@contextmanager
def calls_to_place(connection: Connection, bucket: str, key: str, *, needs: str) -> Iterator[Target]:
    """The connection's target for calls inside the block, which need the permission `needs`.

    Raises NotPossible with a sentence for what S3 refuses, and Unavailable if it does not answer.
    """
    with calls_for_person(
        connection, lambda error: _refusal(error, connection, bucket, key, needs)
    ) as target:
        yield target


def _refusal(error: Rejected, connection: Connection, bucket: str, key: str, needs: str) -> str:
    if isinstance(error, OutOfScope):
        return error.sentence
    if error.code in _NO_BUCKET:
        return f"There is no bucket {bucket}."
    if error.is_denied:
        return f"{connection.name} may not do this at s3://{bucket}/{key}: its credentials lack {needs}."
    return f"s3://{bucket}/{key}: {error.sentence}"
