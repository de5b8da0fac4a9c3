"""Browse a connection's buckets: one level at a time, the matches of a prefix, the beginning of an object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from aws import OutOfScope, Rejected, Target, objects
from jobs.lifecycle.converting.names import is_parquet_name
from jobs.models import Connection
from jobs.services.calling import calls_for_person
from jobs.services.connections import matching, object_preview
from jobs.services.connections.matching import Matches
from jobs.services.data.places import split_uri
from jobs.services.errors import NotPossible
from transform.keys import is_folder_marker

#: Names on a page.
PAGE = 200
#: Objects counted below a prefix, in ten calls; if there are more, counts are minimums.
COUNTED = 10_000
#: Bytes read of an object for its preview.
PEEKED = 32 * 1024
#: Fields of forms with an S3 address, and what is chosen for them; `output` is a folder, the ones below a file.
PATH_KINDS = {
    "data": "input",
    "output_path": "output",
    "model_data": "model archive",
    "script_uri": "script",
    "statistics_uri": "document",
}
FILE_KINDS = frozenset({"model archive", "script", "document"})
_NO_BUCKET = frozenset({"NoSuchBucket", "404", ""})


def path_kind(field: str) -> str:
    """What is chosen for a form's field, such as data or stages.production.data; empty if it holds no address."""
    return PATH_KINDS.get(field.rpartition(".")[2], "")


@dataclass(frozen=True, slots=True)
class Entry:
    """A bucket, folder or object. `uri` is its S3 URI; `size` is None for buckets and folders."""

    uri: str
    name: str
    size: int | None = None
    modified: datetime | None = None

    @property
    def can_be_chosen(self) -> bool:
        """Whether a one-line form field, which strips blanks at its ends, can hold the URI."""
        return self.uri == self.uri.strip() and not set(self.uri) & set("\r\n\0")

    @property
    def is_parquet(self) -> bool:
        """Whether it is an object that is named as a Parquet file."""
        return self.size is not None and is_parquet_name(self.name)


@dataclass(frozen=True, slots=True)
class BucketPage:
    """A page of the names directly below `path`, folders first; `next` is the token of the following page."""

    path: str
    buckets: tuple[Entry, ...] = ()
    folders: tuple[Entry, ...] = ()
    objects: tuple[Entry, ...] = ()
    next: str = ""

    @property
    def has_parquet(self) -> bool:
        """Whether one of the objects is named as a Parquet file."""
        return any(entry.is_parquet for entry in self.objects)

    @property
    def crumbs(self) -> tuple[Entry, ...]:
        """The bucket and each folder on the way to the listed one."""
        bucket, prefix = split_path(self.path)
        if not bucket or self.buckets:
            return ()
        parts = prefix.split("/")[:-1]
        ways = ["/".join(parts[: number + 1]) + "/" for number in range(len(parts))]
        folders = [
            Entry(_uri(bucket, way), part or "(no name)") for way, part in zip(ways, parts, strict=True)
        ]
        return (Entry(_uri(bucket, ""), bucket), *folders)


def browse(connection: Connection, path: str, token: str = "") -> BucketPage:
    """List one level at an S3 URI, which may end inside a name; the buckets for no URI or a part of a bucket's name.

    Raises InvalidFields for a malformed URI; NotPossible if the bucket does not exist or may not be listed, with the
    missing permission; Unavailable if the connection does not answer.
    """
    bucket, prefix = split_path(path)
    if not bucket:
        return BucketPage("s3://", _buckets(connection))
    if not prefix and not path.endswith("/"):
        try:
            buckets = _buckets(connection)
        except NotPossible:
            buckets = ()
        if bucket not in {entry.name for entry in buckets}:
            matching_buckets = tuple(entry for entry in buckets if entry.name.startswith(bucket))
            if matching_buckets:
                return BucketPage(path, matching_buckets)
    level: objects.FolderLevel = _run_on_bucket(
        connection, bucket, objects.level, prefix, token=token, limit=PAGE
    )
    folder = prefix[: prefix.rfind("/") + 1]
    return BucketPage(
        path=_uri(bucket, prefix),
        folders=tuple(Entry(_uri(bucket, key), key[len(folder) :] or key) for key in level.folders),
        objects=tuple(
            Entry(
                _uri(bucket, remote_object.key),
                remote_object.key[len(folder) :],
                remote_object.size,
                remote_object.modified,
            )
            for remote_object in level.objects
            # Consoles mark a folder with an empty object of its name.
            if remote_object.size or remote_object.key != folder
        ),
        next=level.next,
    )


def matches(connection: Connection, path: str) -> Matches | None:
    """What a job with this URI as its prefix would read; None for a URI without a bucket.

    Raises the errors of `browse`.
    """
    bucket, prefix = split_path(path)
    return _run_on_bucket(connection, bucket, _match, prefix) if bucket else None


def peek(connection: Connection, uri: str) -> object_preview.Preview:
    """Preview the beginning of an object. Raises the errors of `browse`, and NotPossible if there is no such object."""
    bucket, key = split_path(uri)
    object_head = _run_on_bucket(connection, bucket, _read, key, needs="s3:GetObject") if key else None
    if object_head is None:
        raise NotPossible(f"There is no object {uri}.")
    head, size = object_head
    return object_preview.make_preview(head, size=size, key=key)


def split_path(path: str) -> tuple[str, str]:
    if path in ("", "s3:", "s3:/", "s3://"):
        return "", ""
    return split_uri(path)


def folder_of(path: str) -> str:
    """The folder that new objects come into: the path up to its last slash; empty for the list of buckets."""
    return "" if path.count("/") < 3 else path[: path.rfind("/") + 1]


def _uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def _buckets(connection: Connection) -> tuple[Entry, ...]:
    if connection.scope.places:
        return tuple(Entry(uri, uri.removeprefix("s3://").rstrip("/")) for uri in connection.scope.uris)

    def refusal(error: Rejected) -> str:
        return (
            f"{connection.name} may not list the account's buckets ({error.code}): its credentials lack "
            "s3:ListAllMyBuckets. Type the path instead, as s3://bucket/prefix/."
        )

    with calls_for_person(connection, refusal) as target:
        return tuple(
            Entry(_uri(account_bucket.name, ""), account_bucket.name, None, account_bucket.created)
            for account_bucket in objects.buckets(target)
        )


def _match(target: Target, bucket: str, prefix: str) -> Matches:
    remote_objects = objects.iterate(target, bucket, prefix)
    read = (
        remote_object
        for remote_object in remote_objects
        if not is_folder_marker(remote_object.key, remote_object.size)
    )
    first = list(islice(read, COUNTED + 1))
    return matching.match(bucket, prefix, first[:COUNTED], more=len(first) > COUNTED)


def _read(target: Target, bucket: str, key: str) -> tuple[bytes, int] | None:
    remote_object = objects.head(target, bucket, key)
    body = objects.read(target, bucket, key, limit=PEEKED) if remote_object else None
    return None if remote_object is None or body is None else (body, remote_object.size)


def _run_on_bucket(
    connection: Connection,
    bucket: str,
    question: Any,
    key: str,
    *,
    needs: str = "s3:ListBucket",
    **arguments: Any,
) -> Any:
    with calls_for_person(
        connection, lambda error: _refusal(error, connection, bucket, key, needs)
    ) as target:
        return question(target, bucket, key, **arguments)


def _refusal(error: Rejected, connection: Connection, bucket: str, key: str, needs: str) -> str:
    if isinstance(error, OutOfScope):
        return error.sentence
    # Without a code boto3 itself refused: no bucket can have that name.
    if error.code in _NO_BUCKET:
        return f"There is no bucket {bucket}."
    if not error.is_denied:
        return f"s3://{bucket} cannot be looked at: {error.sentence}"
    address = f"s3://{bucket}/{key}" if needs == "s3:GetObject" else f"s3://{bucket}"
    return (
        f"{connection.name} may not look at {address}: its credentials lack {needs}. Type the path instead; jobs read "
        "and write with their model's role, which may have the permission."
    )
