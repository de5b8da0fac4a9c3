"""Deletes of objects and folders: counted first, so that the question names what is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.utils import timezone

from aws import Target, objects
from jobs.batches import batched
from jobs.models import Connection
from jobs.services.data.places import calls_to_place, split_uri
from jobs.services.errors import InvalidFields, NoSuchObject, NotPossible
from teams import activity
from teams.models import ApiToken, User

#: Objects that are counted for a question; if there are more, counts are minimums.
COUNTED = 10_000
#: Seconds in which one request deletes; what is left then is named and can be deleted by another.
SECONDS = 20.0
#: S3 takes at most so many keys in one call.
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Loss:
    """What a delete takes away, or has taken: objects and bytes; `more` if there are further ones.

    `counted_at`: objects that are written later stay.
    """

    uri: str
    objects: int
    bytes: int
    more: bool
    counted_at: datetime


def may_delete(connection: Connection) -> bool:
    """Whether operators may delete there: on engines, and on AWS if an admin of the team has allowed it."""
    return connection.is_engine or connection.allow_deletes


def count(connection: Connection, uri: str) -> Loss:
    """What a delete at this address would take away: an object, or all below a folder, whose address ends in a slash.

    Raises InvalidFields, NoSuchObject if there is nothing, NotPossible, Unavailable.
    """
    bucket, key = _place(connection, uri)
    now = timezone.now()
    with calls_to_place(connection, bucket, key, needs="s3:ListBucket") as target:
        entries = list(islice(_entries_at(target, bucket, key), COUNTED + 1))
    if not entries:
        raise NoSuchObject(f"There is nothing at {uri}.")
    counted = entries[:COUNTED]
    return Loss(uri, len(counted), sum(entry.size for entry in counted), len(entries) > COUNTED, now)


def delete(
    connection: Connection, uri: str, *, until: datetime, by: User, token: ApiToken | None = None
) -> Loss:
    """Delete an object, or what is below a folder and was written before `until`; returns what was deleted.

    Raises what `count` raises. With `more` in the result objects are left, as the time of one request was over.
    """
    bucket, key = _place(connection, uri)
    end = time.monotonic() + SECONDS
    number = size = 0
    more = False
    with calls_to_place(connection, bucket, key, needs="s3:DeleteObject") as target:
        old = (entry for entry in _entries_at(target, bucket, key) if entry.modified <= until)
        for batch in batched(old, _BATCH):
            if time.monotonic() > end:
                more = True
                break
            objects.delete(target, bucket, [entry.key for entry in batch])
            number += len(batch)
            size += sum(entry.size for entry in batch)
    if not number:
        raise NoSuchObject(f"There is nothing at {uri} any more, or it was written after the question.")
    activity.record(
        connection.team,
        by,
        "objects.deleted",
        connection,
        label=uri,
        token=token,
        detail={"objects": number, "bytes": size},
    )
    return Loss(uri, number, size, more, until)


def _place(connection: Connection, uri: str) -> tuple[str, str]:
    if not may_delete(connection):
        raise NotPossible(
            f"Objects of {connection.name} cannot be deleted here: an admin of the team has to allow it in the "
            "connection's settings."
        )
    bucket, key = split_uri(uri)
    if not key:
        raise InvalidFields({"path": ["Name an object or a folder; a whole bucket is not deleted here."]})
    return bucket, key


def _entries_at(target: Target, bucket: str, key: str) -> Iterator[objects.RemoteObject]:
    if key.endswith("/"):
        yield from objects.iterate(target, bucket, key)
    elif head := objects.head(target, bucket, key):
        yield head
