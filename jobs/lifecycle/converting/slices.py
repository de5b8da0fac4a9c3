"""Convert file after file, some seconds at a time: each part that is in S3 is saved at once.

A worker that dies has lost the rows since the last part; the next one reads on after them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from aws import GatewayError, Target, Throttled, Unreachable, objects
from jobs.clock import due as due_at
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.converting.files import convert_file
from jobs.lifecycle.converting.memory import at_most
from jobs.lifecycle.converting.names import is_hidden, is_parquet_name
from jobs.lifecycle.converting.outcomes import FileOutcome, Unconvertible, abort_upload
from jobs.models import Conversion, Lease
from jobs.models.conversion import UNDER_WAY, ConversionState
from teams.rights import LostRight, find_lost_right
from transform.keys import parse_s3_uri

#: One worker converts at a time: the others start and follow jobs. Longer than a task may run.
LEASE = timedelta(seconds=60)
#: After SECONDS it is another conversion's turn.
SECONDS = 10.0
#: Bytes that a slice may take beside what the worker has already.
MEMORY = 1024**3
#: The pause after the service could not be reached, and the time after which no further try is made.
PAUSE = timedelta(seconds=60)
GIVE_UP = timedelta(hours=6)
#: Slices that may end without a part, as of a worker that the system ended.
MOST_TRIES = 3


def due_conversions(limit: int = 1) -> list[int]:
    """Ids of the conversions that are next; those that have waited longest come first."""
    unended = Conversion.objects.filter(state__in=UNDER_WAY) | Conversion.objects.exclude(upload_id="")
    waiting = unended.filter(due_at("try_at", PAUSE))
    return list(waiting.order_by("try_at").values_list("pk", flat=True)[:limit])


def convert_some(conversion_id: int) -> bool:
    """Convert for a slice of time; False if another task does, or if there is nothing to do."""
    lease = Lease.claim("conversions", LEASE)
    if lease is None:
        return False
    try:
        conversion = (
            Conversion.objects.select_related("connection", "team", "user").filter(pk=conversion_id).first()
        )
        if conversion is None or not (conversion.is_under_way or conversion.upload_id):
            return False
        _try(conversion)
        return True
    finally:
        lease.release()


def _try(conversion: Conversion) -> None:
    # Written first: if this worker dies, others come before this one is tried again.
    Conversion.objects.filter(pk=conversion.pk).update(try_at=timezone.now() + PAUSE)
    try:
        with asking(conversion.connection) as target:
            if conversion.is_under_way:
                _convert(conversion, target)
            if not conversion.is_under_way:
                abort_upload(conversion, target)
    except (Throttled, Unreachable) as error:
        if timezone.now() - conversion.created_at > GIVE_UP:
            _fail(conversion, f"It could not go on for hours. {error.sentence}")
            Conversion.objects.filter(pk=conversion.pk).update(upload_id="")
        else:
            # It is not the file that keeps the slice from its end.
            Conversion.objects.filter(pk=conversion.pk).update(tries=0)


def _end_of_rights(conversion: Conversion) -> str:
    """Why its person may not convert any more, as a sentence; empty while they may."""
    person, team = conversion.user, conversion.team
    trouble = find_lost_right(team, person)
    if trouble is None:
        return ""
    if trouble is LostRight.LEFT_TEAM:
        return f"{person.label} is not in {team} any more."
    return f"{person.label} may not write data of {team} any more."


def _convert(conversion: Conversion, target: Target) -> None:
    if problem := _end_of_rights(conversion):
        _fail(conversion, problem)
        return
    if conversion.tries >= MOST_TRIES:
        _fail(conversion, f"{_file(conversion)}: A worker ended {MOST_TRIES} times while it read this file.")
        return
    moved = conversion.move(UNDER_WAY, state=ConversionState.RUNNING, tries=conversion.tries + 1)
    if not moved:
        conversion.refresh_from_db()
        return
    try:
        with at_most(MEMORY):
            _go_on(conversion, target)
    except (Throttled, Unreachable):
        raise
    except MemoryError:
        _fail(conversion, f"{_file(conversion)}: Its pages or rows take more than {MEMORY // 1024**2:,} MB.")
    except (GatewayError, Unconvertible) as error:
        sentence = error.sentence if isinstance(error, GatewayError) else str(error)
        _fail(conversion, f"{_file(conversion)}: {sentence}")


def _go_on(conversion: Conversion, target: Target) -> None:
    """Convert file after file, until the slice's time or the files are used up."""
    until = time.monotonic() + SECONDS
    for head in _heads(conversion, target):
        outcome = convert_file(conversion, target, head, until)
        if outcome is FileOutcome.STOPPED:
            conversion.refresh_from_db()
            return
        if outcome is FileOutcome.CUT or time.monotonic() > until:
            conversion.move(UNDER_WAY, tries=0, try_at=timezone.now())
            return
    _finish(conversion, ConversionState.COMPLETED)


def _heads(conversion: Conversion, target: Target) -> Iterator[objects.RemoteObject]:
    """The file that was begun, and those after it."""
    bucket, key = parse_s3_uri(conversion.source)
    begun = conversion.object_key
    if not conversion.is_folder:
        if not conversion.files_done:
            yield _head(target, bucket, key)
        return
    if begun and conversion.etag:
        yield _head(target, bucket, begun)
    for entry in objects.iterate(target, bucket, key, after=begun):
        if is_hidden(entry.key) or entry.key.endswith("/"):
            continue
        if is_parquet_name(entry.key) if conversion.by_name else entry.size:
            yield entry


def _head(target: Target, bucket: str, key: str) -> objects.RemoteObject:
    head = objects.head(target, bucket, key)
    if head is None:
        raise Unconvertible("It is not there any more.")
    return head


def _file(conversion: Conversion) -> str:
    return (
        f"s3://{parse_s3_uri(conversion.source)[0]}/{conversion.object_key}"
        if conversion.object_key
        else conversion.source
    )


def _fail(conversion: Conversion, problem: str) -> None:
    _finish(conversion, ConversionState.FAILED, problem=problem)


def _finish(conversion: Conversion, state: ConversionState, **values: Any) -> None:
    conversion.move(UNDER_WAY, state=state, ended_at=timezone.now(), try_at=timezone.now(), **values)
    conversion.refresh_from_db(fields=["state", "upload_id"])
