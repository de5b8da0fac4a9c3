"""Browse a connection's buckets: one level at a time, the matches of a prefix, the beginning of an object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from aws import GatewayError, OutOfScope, Rejected, Target, objects
from jobs.lifecycle.aws_session import asking
from jobs.models import Connection
from jobs.services.connections import matching, object_preview
from jobs.services.connections.matching import Matches
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from transform.keys import is_folder_marker, parse_s3_uri

#: Names on a page.
PAGE = 200
#: Objects counted below a prefix, in ten calls; if there are more, counts are minimums.
COUNTED = 10_000
#: Bytes read of an object for its preview.
PEEKED = 32 * 1024
_NO_BUCKET = frozenset({"NoSuchBucket", "404", ""})


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


@dataclass(frozen=True, slots=True)
class BucketPage:
    """A page of the names directly below `path`, folders first; `next` is the token of the following page."""

    path: str
    buckets: tuple[Entry, ...] = ()
    folders: tuple[Entry, ...] = ()
    objects: tuple[Entry, ...] = ()
    next: str = ""

    @property
    def crumbs(self) -> tuple[Entry, ...]:
        """The bucket and each folder on the way to the listed one."""
        bucket, prefix = _split(self.path)
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
    bucket, prefix = _split(path)
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
    bucket, prefix = _split(path)
    return _run_on_bucket(connection, bucket, _match, prefix) if bucket else None


def peek(connection: Connection, uri: str) -> object_preview.Preview:
    """Preview the beginning of an object. Raises the errors of `browse`, and NotPossible if there is no such object."""
    bucket, key = _split(uri)
    object_head = _run_on_bucket(connection, bucket, _read, key, needs="s3:GetObject") if key else None
    if object_head is None:
        raise NotPossible(f"There is no object {uri}.")
    head, size = object_head
    return object_preview.make_preview(head, size=size, key=key)


def _split(path: str) -> tuple[str, str]:
    if path in ("", "s3:", "s3:/", "s3://"):
        return "", ""
    try:
        return parse_s3_uri(path)
    except ValueError as error:
        raise InvalidFields({"path": ["It must be an S3 address such as s3://bucket/prefix/."]}) from error


def _uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def _buckets(connection: Connection) -> tuple[Entry, ...]:
    if connection.scope.places:
        return tuple(Entry(uri, uri.removeprefix("s3://").rstrip("/")) for uri in connection.scope.uris)
    try:
        with asking(connection) as target:
            return tuple(
                Entry(_uri(account_bucket.name, ""), account_bucket.name, None, account_bucket.created)
                for account_bucket in objects.buckets(target)
            )
    except Rejected as error:
        raise NotPossible(
            f"{connection.name} may not list the account's buckets ({error.code}): its credentials lack "
            "s3:ListAllMyBuckets. Type the path instead, as s3://bucket/prefix/."
        ) from error
    except GatewayError as error:
        raise Unavailable(error.sentence) from error


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
    try:
        with asking(connection) as target:
            return question(target, bucket, key, **arguments)
    except Rejected as error:
        raise NotPossible(_refusal(error, connection, bucket, key, needs)) from error
    except GatewayError as error:
        raise Unavailable(error.sentence) from error


def _refusal(error: Rejected, connection: Connection, bucket: str, key: str, needs: str) -> str:
    if isinstance(error, OutOfScope):
        return error.sentence
    # Without a code boto3 itself refused: no bucket can have that name.
    if error.code in _NO_BUCKET:
        return f"There is no bucket {bucket}."
    if not error.is_denied:
        return f"s3://{bucket} cannot be looked at: {error.sentence}"
    what = f"s3://{bucket}/{key}" if needs == "s3:GetObject" else f"s3://{bucket}"
    return (
        f"{connection.name} may not look at {what}: its credentials lack {needs}. Type the path instead; jobs read "
        "and write with their model's role, which may have the permission."
    )
