"""What becomes of a file in a slice of time, and the end of an upload that nobody goes on with."""

from __future__ import annotations

from enum import Enum, auto

from aws import Target, uploads
from jobs.lifecycle.converting.names import output_key
from jobs.models import Conversion
from transform.keys import parse_s3_uri


class FileOutcome(Enum):
    """How a slice of a file ended."""

    DONE = auto()
    #: The time was over.
    CUT = auto()
    #: The conversion has ended meanwhile.
    STOPPED = auto()


class Unconvertible(Exception):
    """The file cannot be converted; the message is a sentence for a person."""


def place_of(conversion: Conversion, key: str) -> tuple[str, str]:
    """Bucket and key that the object `key` is converted to."""
    bucket, output = parse_s3_uri(conversion.output)
    if not conversion.is_folder:
        return bucket, output
    return bucket, output_key(parse_s3_uri(conversion.source)[1], output, key, conversion.format)


def abort_upload(conversion: Conversion, target: Target) -> None:
    """Delete the parts of an unfinished upload. Raises GatewayErrors."""
    if conversion.upload_id:
        uploads.abort(target, *place_of(conversion, conversion.object_key), conversion.upload_id)
        Conversion.objects.filter(pk=conversion.pk).update(upload_id="")
