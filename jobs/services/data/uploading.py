"""Uploads through this service: a small file in one request, a large one in parts that can come in any order.

Nothing is visible in S3 before the whole file is there. What is there is replaced only if the request says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.db import transaction

from aws import Target, objects, uploads
from jobs.models import Connection, Upload
from jobs.services.data.places import calls_to_place, split_new_uri
from jobs.services.errors import InvalidFields, NoSuchObject, NotPossible, ObjectExists
from jobs.services.texts import filesize
from teams import activity
from teams.models import ApiToken, User

#: S3 takes at most so many parts.
MOST_PARTS = 10_000
#: Uploads of one team that have not ended.
MOST_UNFINISHED = 2_000
_MIB = 1024 * 1024
_NEEDS = "s3:PutObject"


@dataclass(frozen=True, slots=True)
class Progress:
    """An upload and the numbers of the parts that S3 has whole."""

    upload: Upload
    parts: tuple[int, ...]


def part_size_for(size: int) -> int:
    """Bytes of each part but the last: the least of the settings, or so many that the parts are enough."""
    least = settings.UPLOAD_PART_SIZE
    return int(max(least, -(-size // (MOST_PARTS * _MIB)) * _MIB))


def put_object(
    connection: Connection,
    uri: str,
    body: BinaryIO,
    *,
    replace: bool,
    by: User,
    token: ApiToken | None = None,
) -> str:
    """Write a small object and return its address. Raises InvalidFields, ObjectExists, NotPossible, Unavailable."""
    bucket, key = split_new_uri(uri)
    with calls_to_place(connection, bucket, key, needs=_NEEDS) as target:
        try:
            uploads.put_whole(target, bucket, key, body, replace=replace)
        except uploads.KeyTaken as error:
            raise _exists(target, bucket, key) from error
    stored = f"s3://{bucket}/{key}"
    activity.record(
        connection.team,
        by,
        "object.uploaded",
        connection,
        label=stored,
        token=token,
        detail={"replaced": replace},
    )
    return stored


def begin(connection: Connection, uri: str, *, size: int, modified: int, replace: bool, by: User) -> Progress:
    """Begin the upload of a file, or go on with the one that this person began for the same file.

    Raises InvalidFields, ObjectExists if there is an object and `replace` is false, NotPossible, Unavailable.
    """
    bucket, key = split_new_uri(uri)
    if size > settings.UPLOAD_MAX_SIZE:
        raise InvalidFields(
            {
                "size": [
                    f"{filesize(size)} is more than the {filesize(settings.UPLOAD_MAX_SIZE)} that a file may have."
                ]
            }
        )
    file = {
        "team": connection.team,
        "connection": connection,
        "user": by,
        "bucket": bucket,
        "object_key": key,
        "size": size,
        "modified": modified,
    }
    with calls_to_place(connection, bucket, key, needs=_NEEDS) as target:
        if not replace and objects.head(target, bucket, key) is not None:
            raise _exists(target, bucket, key)
        for upload in Upload.objects.filter(**file).order_by("-pk")[:1]:
            try:
                return Progress(upload, _whole_parts(target, upload))
            except uploads.NoSuchUpload:
                upload.rows().delete()
        if Upload.objects.for_team(connection.team).count() >= MOST_UNFINISHED:
            raise NotPossible(
                f"{connection.team} has {MOST_UNFINISHED:,} uploads that have not ended. Finish or cancel some."
            )
        upload_id = uploads.begin(target, bucket, key)
    upload = Upload.objects.create(**file, part_size=part_size_for(size), upload_id=upload_id)
    return Progress(upload, ())


def look(upload: Upload) -> Progress:
    """The upload and its parts. Raises NoSuchObject if it has ended, NotPossible, Unavailable."""
    with calls_to_place(upload.connection, upload.bucket, upload.object_key, needs=_NEEDS) as target:
        try:
            return Progress(upload, _whole_parts(target, upload))
        except uploads.NoSuchUpload as error:
            raise _ended(upload) from error


def put_part(upload: Upload, number: int, body: BinaryIO, size: int) -> None:
    """Write a part; a second one of its number takes its place.

    Raises InvalidFields for a wrong number or a size as of a body that was cut off, NoSuchObject if it has ended.
    """
    expected = upload.size_of_part(number)
    if not expected:
        raise InvalidFields({"part": [f"It must be a number from 1 to {upload.part_count:,}."]})
    if size != expected:
        raise InvalidFields({"part": [f"Part {number} must have {expected:,} bytes; {size:,} came."]})
    with calls_to_place(upload.connection, upload.bucket, upload.object_key, needs=_NEEDS) as target:
        try:
            uploads.put_part(target, upload.bucket, upload.object_key, upload.upload_id, number, body)
        except uploads.NoSuchUpload as error:
            raise _ended(upload) from error
    upload.note_use()


def complete(upload: Upload, *, replace: bool, by: User, token: ApiToken | None = None) -> str:
    """Make the object of all parts and return its address.

    Raises NotPossible while parts are missing, ObjectExists if there is an object meanwhile and `replace` is false;
    the upload stays in both cases.
    """
    with calls_to_place(upload.connection, upload.bucket, upload.object_key, needs=_NEEDS) as target:
        _complete(target, upload, replace=replace)
    with transaction.atomic():
        if upload.rows().delete()[0]:
            activity.record(
                upload.team,
                by,
                "object.uploaded",
                upload.connection,
                label=upload.uri,
                token=token,
                detail={"bytes": upload.size, "replaced": replace},
            )
    return upload.uri


def _complete(target: Target, upload: Upload, *, replace: bool) -> None:
    place = upload.bucket, upload.object_key
    try:
        parts = uploads.list_parts(target, *place, upload.upload_id)
        missing = upload.part_count - len(_whole(upload, parts))
        if missing:
            raise NotPossible(f"{missing:,} of {upload.part_count:,} parts have not come yet.")
        uploads.complete(target, *place, upload.upload_id, parts, replace=replace)
    except uploads.KeyTaken as error:
        # The client repeats a call whose answer was late; the object may be the one that the first call made.
        if not uploads.has_ended(target, *place, upload.upload_id):
            raise _exists(target, *place) from error
    except uploads.NoSuchUpload as error:
        # A process that ended after the completion had not written it down.
        if not uploads.is_written(target, *place, upload.size):
            raise _ended(upload) from error


def abort(upload: Upload) -> None:
    """Cancel an upload; its parts are deleted. Raises NotPossible and Unavailable."""
    with calls_to_place(upload.connection, upload.bucket, upload.object_key, needs=_NEEDS) as target:
        uploads.abort(target, upload.bucket, upload.object_key, upload.upload_id)
    upload.rows().delete()


def _whole_parts(target: Target, upload: Upload) -> tuple[int, ...]:
    return _whole(upload, uploads.list_parts(target, upload.bucket, upload.object_key, upload.upload_id))


def _whole(upload: Upload, parts: tuple[uploads.UploadedPart, ...]) -> tuple[int, ...]:
    return tuple(part.number for part in parts if part.size == upload.size_of_part(part.number))


def _exists(target: Target, bucket: str, key: str) -> ObjectExists:
    head = objects.head(target, bucket, key)
    size, modified = (head.size, head.modified) if head else (None, None)
    return ObjectExists(f"s3://{bucket}/{key}", size, modified)


def _ended(upload: Upload) -> NoSuchObject:
    upload.rows().delete()
    return NoSuchObject(f"The upload of {upload.uri} has ended. Begin it again.")
