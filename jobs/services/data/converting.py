"""Conversions of Parquet files to JSON Lines or CSV: what one would read and write, its begin and its end.

Batch transform cuts text and RecordIO into records, no Parquet. Nothing is replaced without a question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from aws import Target, objects
from aws.objects import RemoteObject
from jobs import tasks
from jobs.lifecycle.converting import names
from jobs.models import Connection, Conversion
from jobs.models.conversion import UNDER_WAY, ConversionState, TextFormat
from jobs.services.data.places import calls_to_place, split_new_uri, split_uri
from jobs.services.errors import InvalidFields, NoSuchObject, NotPossible, ObjectExists
from teams import activity
from teams.models import ApiToken, Team, User

#: Objects below a folder, of any kind.
MOST_OBJECTS = 10_000
#: Conversions of a team that have not ended.
MOST_UNDER_WAY = 20
#: Objects without a Parquet name whose first bytes are read to tell what a folder has.
_LOOKED_INTO = 20
#: How long a conversion is shown after its end, and how many are.
_RECENT, _MOST_RECENT = timedelta(hours=1), 5
#: The longest key of S3, in bytes.
_LONGEST_KEY = 1024


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """What a conversion would read and write.

    `passed_over` are objects that stay out of it; `existing` are objects that are at the places to write to.
    """

    source: str
    output: str
    format: TextFormat
    is_folder: bool
    by_name: bool
    files: int
    bytes: int
    passed_over: int
    existing: tuple[RemoteObject, ...]


def plan(connection: Connection, uri: str, text_format: str, output: str = "") -> ConversionPlan:
    """What a conversion of a file, or of all Parquet files whose keys begin so, would do.

    `output` is by default a place beside it. Raises InvalidFields, NoSuchObject if there is no Parquet file,
    NotPossible, Unavailable.
    """
    if text_format not in TextFormat.values:
        raise InvalidFields({"format": [f"It must be one of {', '.join(TextFormat.values)}."]})
    bucket, key = split_uri(uri)
    if "\0" in uri or len(key.encode(errors="replace")) > _LONGEST_KEY:
        raise InvalidFields({"path": ["A key has up to 1,024 bytes, and no NUL."]})
    with calls_to_place(connection, bucket, key, needs="s3:ListBucket and s3:GetObject") as target:
        head = None if not key or key.endswith("/") else objects.head(target, bucket, key)
        entries = (head,) if head else _entries_below(target, bucket, key)
        files, by_name = ((head,), True) if head else _parquet_files(target, bucket, entries)
        if not files:
            raise NoSuchObject(f"There is no Parquet file at {uri}.")
        is_folder = head is None
        beside = names.output_beside(bucket, key, text_format, target.scope, is_folder=is_folder)
        output_uri = output or f"s3://{bucket}/{beside}"
        output_keys = _output_keys(output_uri, key, files, text_format, is_folder=is_folder)
    output_bucket, output_key = split_new_uri(output_uri)
    with calls_to_place(connection, output_bucket, output_key, needs="s3:ListBucket") as target:
        existing = _existing(target, output_bucket, output_key, output_keys)
    return ConversionPlan(
        source=f"s3://{bucket}/{key}",
        output=f"s3://{output_bucket}/{output_key}",
        format=TextFormat(text_format),
        is_folder=is_folder,
        by_name=by_name,
        files=len(files),
        bytes=sum(file.size for file in files),
        passed_over=len(entries) - len(files),
        existing=existing,
    )


def begin(
    connection: Connection,
    uri: str,
    *,
    text_format: str,
    header: bool,
    replace: bool,
    by: User,
    output: str = "",
    token: ApiToken | None = None,
) -> Conversion:
    """Begin a conversion, which a worker does.

    Raises what `plan` raises, ObjectExists if it would replace objects and `replace` is false, and NotPossible while
    another one writes to the same place.
    """
    if header and text_format != TextFormat.CSV:
        raise InvalidFields({"header": ["Only CSV can have a header."]})
    conversion_plan = plan(connection, uri, text_format, output)
    if conversion_plan.existing and not replace:
        raise _exists(conversion_plan)
    _check_writing(connection, conversion_plan)
    if _under_way(connection.team) >= MOST_UNDER_WAY:
        raise NotPossible(
            f"{connection.team} has {MOST_UNDER_WAY} conversions under way. Wait for one, or stop one."
        )
    try:
        with transaction.atomic():
            conversion = Conversion.objects.create(
                team=connection.team,
                connection=connection,
                user=by,
                source=conversion_plan.source,
                is_folder=conversion_plan.is_folder,
                by_name=conversion_plan.by_name,
                output=conversion_plan.output,
                format=text_format,
                has_header=header,
                replace=replace,
                files=conversion_plan.files,
                bytes=conversion_plan.bytes,
            )
            activity.record(
                connection.team,
                by,
                "conversion.created",
                connection,
                label=conversion.source,
                token=token,
                detail={"output": conversion.output, "replaced": replace},
            )
            tasks.enqueue(tasks.convert_files, conversion.pk)
    except IntegrityError as error:
        raise _is_under_way(connection, conversion_plan.output) from error
    return conversion


def stop(conversion: Conversion, *, by: User, token: ApiToken | None = None) -> None:
    """Stop a conversion; files that are done stay, the parts of the one that was begun are deleted.

    Raises NotPossible if it has ended.
    """
    now = timezone.now()
    with transaction.atomic():
        if not conversion.move(UNDER_WAY, state=ConversionState.STOPPED, ended_at=now, try_at=now):
            conversion.refresh_from_db()
            raise NotPossible(f"The conversion has ended already: it is {conversion.get_state_display()}.")
        activity.record(
            conversion.team,
            by,
            "conversion.stopped",
            conversion.connection,
            label=conversion.source,
            token=token,
        )
        tasks.enqueue(tasks.convert_files, conversion.pk)


def recent(connection: Connection) -> list[Conversion]:
    """The team's conversions of the connection that are under way or have ended lately, newest first."""
    is_recent = Q(state__in=UNDER_WAY) | Q(ended_at__gt=timezone.now() - _RECENT)
    rows = Conversion.objects.for_team(connection.team).filter(is_recent, connection=connection)
    return list(rows.select_related("user").order_by("-id")[:_MOST_RECENT])


def latest(connection: Connection, source: str) -> Conversion | None:
    """The last conversion of a source that is under way or completed."""
    rows = Conversion.objects.for_team(connection.team).filter(connection=connection, source=source)
    return rows.filter(state__in=(*UNDER_WAY, ConversionState.COMPLETED)).order_by("-id").first()


def _entries_below(target: Target, bucket: str, prefix: str) -> tuple[RemoteObject, ...]:
    entries = tuple(islice(_real(objects.iterate(target, bucket, prefix)), MOST_OBJECTS + 1))
    if len(entries) > MOST_OBJECTS:
        raise InvalidFields(
            {"path": [f"It has more than {MOST_OBJECTS:,} objects. Convert the folders below it one by one."]}
        )
    return entries


def _real(entries: Iterator[RemoteObject]) -> Iterator[RemoteObject]:
    return (entry for entry in entries if not entry.key.endswith("/") and not names.is_hidden(entry.key))


def _parquet_files(
    target: Target, bucket: str, entries: Sequence[RemoteObject]
) -> tuple[tuple[RemoteObject, ...], bool]:
    """The Parquet files by their names, else by their first bytes; and whether it was by names."""
    named = tuple(entry for entry in entries if names.is_parquet_name(entry.key))
    if named:
        return named, True
    with_bytes = tuple(entry for entry in entries if entry.size)
    begun_so = any(
        objects.read(target, bucket, entry.key, limit=4) == names.MAGIC for entry in with_bytes[:_LOOKED_INTO]
    )
    return (with_bytes if begun_so else ()), False


def _output_keys(
    output_uri: str, source: str, files: Sequence[RemoteObject], text_format: str, *, is_folder: bool
) -> frozenset[str]:
    """The keys to write to. Raises InvalidFields for a place that does not fit, or keys that would be the same."""
    _, output = split_uri(output_uri)
    if is_folder != output_uri.endswith("/"):
        form = "a folder, which ends in a slash" if is_folder else "an object, which does not end in a slash"
        raise InvalidFields({"output": [f"It must be {form}, as what is converted is."]})
    if not is_folder:
        if output == source:
            raise InvalidFields({"output": ["It must be another object than the one that is converted."]})
        return frozenset({output})
    counts = Counter(names.output_key(source, output, file.key, text_format) for file in files)
    twice = next((key for key, count in counts.items() if count > 1), None)
    if twice is not None:
        raise InvalidFields(
            {"path": [f"Two of its files would become {twice}. Rename one, or convert each by itself."]}
        )
    return frozenset(counts)


def _existing(
    target: Target, bucket: str, output: str, output_keys: frozenset[str]
) -> tuple[RemoteObject, ...]:
    listed = islice(objects.iterate(target, bucket, output), 2 * MOST_OBJECTS)
    return tuple(entry for entry in listed if entry.key in output_keys)


def _check_writing(connection: Connection, conversion_plan: ConversionPlan) -> None:
    bucket, key = split_uri(conversion_plan.output)
    with calls_to_place(connection, bucket, key, needs="s3:PutObject") as target:
        if not objects.may_put(target, bucket, f"{key}.batchdeck" if key.endswith("/") else key):
            raise NotPossible(
                f"{connection.name} may not write to {conversion_plan.output}: its credentials lack s3:PutObject."
            )


def _exists(conversion_plan: ConversionPlan) -> ObjectExists:
    first = conversion_plan.existing[0]
    bucket, _ = split_uri(conversion_plan.output)
    return ObjectExists(
        f"s3://{bucket}/{first.key}", first.size, first.modified, more=len(conversion_plan.existing) - 1
    )


def _under_way(team: Team) -> int:
    return Conversion.objects.for_team(team).filter(state__in=UNDER_WAY).count()


def _is_under_way(connection: Connection, output: str) -> NotPossible:
    running = Conversion.objects.filter(connection=connection, output=output, state__in=UNDER_WAY)
    conversion = running.select_related("user").first()
    progress = f" by {conversion.user.label}, {conversion.share:.0%} done" if conversion else ""
    return NotPossible(f"A conversion to {output} is under way already{progress}. Wait for it, or stop it.")
