"""The S3 store: buckets and their objects. Keys are entries of the index, never file names."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.disk import Disk
from engine.errors import ServiceError
from engine.objects.bodies import Bodies, BodyReader, BodyWriter
from engine.objects.info import COLUMNS, ENTRY_COLUMNS, Body, Bucket, Entry, ObjectInfo
from engine.objects.schema import MIGRATIONS
from engine.objects.uploads import Uploads
from engine.sqlite import Database

_SELECT = f"SELECT {COLUMNS} FROM objects"  # noqa: S608 - the columns are ours
_SELECT_BODY = """SELECT body, size, data FROM objects
    LEFT JOIN inline_bodies ON id = json_extract(body, '$.inline') WHERE bucket = ? AND key = ?"""
_REPLACE = f"INSERT OR REPLACE INTO objects ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_PAGE = 1000

#: Takes the current object, or None, and raises a ServiceError if the change is not allowed.
Check = Callable[[ObjectInfo | None], None]


def no_such_bucket(bucket: str) -> ServiceError:
    """S3's error for an unknown bucket."""
    return ServiceError(
        "NoSuchBucket", "The specified bucket does not exist", status=404, extra={"BucketName": bucket}
    )


def no_such_key(key: str) -> ServiceError:
    """S3's error for an unknown object."""
    return ServiceError("NoSuchKey", "The specified key does not exist.", status=404, extra={"Key": key})


def no_such_version() -> ServiceError:
    """S3's error for a version that an object does not have: the only one has the id null."""
    return ServiceError("NoSuchVersion", "The specified version does not exist.", status=404)


class ObjectReader(BodyReader):
    """Reads an object's bytes; `info` describes the object."""

    def __init__(self, bodies: Bodies, info: ObjectInfo) -> None:
        super().__init__(bodies, info.body, info.size)
        self.info = info


class ObjectStore:
    """Buckets and objects. All methods are thread-safe, and every change is atomic."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        """Open the store in `directory`, which is on `disk`, and remove unfinished files of a killed engine."""
        directory.mkdir(parents=True, exist_ok=True)
        self._database = Database(directory / "index.sqlite3", MIGRATIONS)
        self._bodies = Bodies(self._database, directory / "bodies", disk)
        self.uploads = Uploads(self._database, self._bodies)
        self._sweep()

    def close(self) -> None:
        """Close the index."""
        self._database.close()

    # buckets

    def create_bucket(self, bucket: str, region: str = "") -> bool:
        """Create a bucket, in the engine's region if none is named; False if it exists already."""
        sql = "INSERT INTO buckets (name, created, region) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return self._database.write(sql, (bucket, time.time(), region)) == 1

    def bucket_exists(self, bucket: str) -> bool:
        """Whether the bucket exists."""
        return bool(self._database.read("SELECT 1 FROM buckets WHERE name = ?", (bucket,)))

    def bucket_region(self, bucket: str) -> str:
        """The region that the bucket was created with; empty if none was named. Raises NoSuchBucket."""
        rows = self._database.read("SELECT region FROM buckets WHERE name = ?", (bucket,))
        if not rows:
            raise no_such_bucket(bucket)
        return str(rows[0][0])

    def buckets(self) -> list[Bucket]:
        """All buckets, sorted by name."""
        rows = self._database.read("SELECT name, created, region FROM buckets ORDER BY name")
        return [Bucket(*row) for row in rows]

    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket and its unfinished uploads. Raises NoSuchBucket, BucketNotEmpty."""
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (bucket,)).fetchone():
                raise ServiceError(
                    "BucketNotEmpty",
                    "The bucket you tried to delete is not empty",
                    409,
                    {"BucketName": bucket},
                )
            if connection.execute("DELETE FROM buckets WHERE name = ?", (bucket,)).rowcount == 0:
                raise no_such_bucket(bucket)
            connection.execute("DELETE FROM bucket_configurations WHERE bucket = ?", (bucket,))
            unused_bodies = self.uploads.end_all(connection, bucket)
        self._bodies.discard(unused_bodies)

    def bucket_tags(self, bucket: str) -> dict[str, str]:
        """The bucket's tags. Raises NoSuchBucket."""
        rows = self._database.read("SELECT tags FROM buckets WHERE name = ?", (bucket,))
        if not rows:
            raise no_such_bucket(bucket)
        tags: dict[str, str] = json.loads(rows[0][0])
        return tags

    def set_bucket_tags(self, bucket: str, tags: Mapping[str, str]) -> None:
        """Replace the bucket's tags. Raises NoSuchBucket."""
        sql = "UPDATE buckets SET tags = ? WHERE name = ?"
        if not self._database.write(sql, (json.dumps(dict(tags)), bucket)):
            raise no_such_bucket(bucket)

    def bucket_configuration(self, bucket: str, kind: str) -> dict[str, Any] | None:
        """The bucket's configuration of that kind; None if none was ever set."""
        sql = "SELECT document FROM bucket_configurations WHERE bucket = ? AND kind = ?"
        rows = self._database.read(sql, (bucket, kind))
        document: dict[str, Any] | None = json.loads(rows[0][0]) if rows else None
        return document

    def set_bucket_configuration(self, bucket: str, kind: str, document: Mapping[str, Any]) -> None:
        """Replace the bucket's configuration of that kind."""
        sql = "INSERT OR REPLACE INTO bucket_configurations (bucket, kind, document) VALUES (?, ?, ?)"
        self._database.write(sql, (bucket, kind, json.dumps(document)))

    def check_bucket(self, bucket: str) -> None:
        """Raises NoSuchBucket if the bucket does not exist."""
        if not self.bucket_exists(bucket):
            raise no_such_bucket(bucket)

    # objects

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """The object without its bytes; None if it does not exist."""
        rows = self._database.read(f"{_SELECT} WHERE bucket = ? AND key = ?", (bucket, key.encode()))
        return ObjectInfo.from_row(rows[0]) if rows else None

    def open_body(self, bucket: str, key: str) -> BodyReader:
        """Open an object's bytes without its info: faster for many small objects. Raises NoSuchKey, NoSuchBucket."""
        with self._database.exclusive():
            rows = self._database.read(_SELECT_BODY, (bucket, key.encode()))
            if not rows:
                self.check_bucket(bucket)
                raise no_such_key(key)
            body, size, inline = rows[0]
            return BodyReader(self._bodies, Body.from_json(body), size, inline)

    def open(self, bucket: str, key: str) -> ObjectReader:
        """Open an object. Raises NoSuchKey, NoSuchBucket."""
        # No other thread may delete the body before it is pinned.
        with self._database.exclusive():
            info = self.head(bucket, key)
            if info is None:
                self.check_bucket(bucket)
                raise no_such_key(key)
            return ObjectReader(self._bodies, info)

    def writer(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ObjectWriter:
        """Begin to write an object. `commit` publishes it, replacing an object with the same key."""
        all_headers = {**(headers or {}), **({"ContentType": content_type} if content_type else {})}
        info = ObjectInfo(
            bucket, key, 0, "", 0.0, headers=all_headers, metadata=dict(metadata or {}), tags=dict(tags or {})
        )
        return ObjectWriter(self, self._bodies, info)

    def publish(
        self,
        info: ObjectInfo,
        inline: bytes | None = None,
        upload: str | None = None,
        check: Check | None = None,
    ) -> ObjectInfo:
        """Add a finished object to the index and end its multipart upload, if any, in one transaction.

        Raises NoSuchBucket, NoSuchUpload, and what `check` raises.
        """
        with self._database.transaction() as connection:
            _check_bucket(connection, info.bucket)
            if check is not None:
                check(self.head(info.bucket, info.key))
            unused_bodies = self.uploads.complete(connection, upload, info) if upload else []
            info = self._put(connection, info, inline, unused_bodies)
        self._bodies.discard(unused_bodies)
        return info

    def publish_all(self, finished: Iterable[tuple[ObjectInfo, bytes | None]]) -> None:
        """Add results of `ObjectWriter.finish` to the index in one transaction. Raises NoSuchBucket."""
        unused_bodies: list[Body] = []
        with self._database.transaction() as connection:
            checked: set[str] = set()
            for info, inline in finished:
                if info.bucket not in checked:
                    _check_bucket(connection, info.bucket)
                    checked.add(info.bucket)
                self._put(connection, info, inline, unused_bodies)
        self._bodies.discard(unused_bodies)

    def delete(self, bucket: str, key: str, check: Check | None = None) -> None:
        """Delete an object, if it exists. Raises what `check` raises."""
        with self._database.transaction() as connection:
            if check is not None:
                check(self.head(bucket, key))
            unused_bodies = self._forget(connection, bucket, key)
            connection.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key.encode()))
        self._bodies.discard(unused_bodies)

    def set_tags(self, info: ObjectInfo, tags: Mapping[str, str]) -> None:
        """Replace the object's tags."""
        sql = "UPDATE objects SET tags = ? WHERE bucket = ? AND key = ?"
        self._database.write(sql, (json.dumps(dict(tags)), info.bucket, info.key.encode()))

    def page(self, bucket: str, prefix: str, after: bytes | None, limit: int) -> list[ObjectInfo]:
        """Up to `limit` objects whose keys start with `prefix`, in byte order, starting behind the key `after`.

        The prefix is a plain string: `in` matches `in`, `in/a` and `in_other`.
        """
        condition, parameters = _between(prefix.encode(), after)
        sql = f"{_SELECT} WHERE bucket = ? AND {condition} ORDER BY key LIMIT ?"
        return [ObjectInfo.from_row(row) for row in self._database.read(sql, (bucket, *parameters, limit))]

    def entries(self, bucket: str, prefix: str, after: bytes | None, limit: int) -> list[Entry]:
        """Like `page`, with the fields that listings show."""
        condition, parameters = _between(prefix.encode(), after)
        sql = f"SELECT {ENTRY_COLUMNS} FROM objects WHERE bucket = ? AND {condition} ORDER BY key LIMIT ?"  # noqa: S608
        return [Entry.from_row(row) for row in self._database.read(sql, (bucket, *parameters, limit))]

    def iter_prefix(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose keys start with `prefix`, in byte order, read in pages."""
        after: bytes | None = None
        while page := self.page(bucket, prefix, after, _PAGE):
            yield from page
            after = page[-1].key.encode()

    def _put(
        self,
        connection: sqlite3.Connection,
        info: ObjectInfo,
        inline: bytes | None,
        unused_bodies: list[Body],
    ) -> ObjectInfo:
        """Write the object's row and add the body that it replaces to `unused_bodies`."""
        if inline is not None:
            row = connection.execute("INSERT INTO inline_bodies (data) VALUES (?)", (inline,))
            info = replace(info, body=Body(inline=row.lastrowid))
        unused_bodies += self._forget(connection, info.bucket, info.key)
        connection.execute(_REPLACE, info.to_row())
        return info

    def _forget(self, connection: sqlite3.Connection, bucket: str, key: str) -> list[Body]:
        """Delete the current object's bytes from the index; returns its body, whose files the caller discards."""
        address = (bucket, key.encode())
        row = connection.execute("SELECT body FROM objects WHERE bucket = ? AND key = ?", address).fetchone()
        if row is None:
            return []
        body = Body.from_json(row[0])
        if body.inline is not None:
            connection.execute("DELETE FROM inline_bodies WHERE id = ?", (body.inline,))
        return [body]

    def _sweep(self) -> None:
        rows = self._database.read("SELECT body FROM objects UNION ALL SELECT body FROM parts")
        self._bodies.sweep({name for row in rows for name, _ in Body.from_json(row[0]).files})


class ObjectWriter:
    """Writes an object's bytes in order. As a context manager it aborts unless committed."""

    def __init__(self, store: ObjectStore, bodies: Bodies, info: ObjectInfo) -> None:
        self._store = store
        self._writer = BodyWriter(bodies)
        self._info = info
        self._open = True

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._writer.write(data)

    @property
    def md5(self) -> bytes:
        """The MD5 of the bytes so far."""
        return self._writer.md5

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._writer.size

    def commit(self, checksums: Mapping[str, str] | None = None, check: Check | None = None) -> ObjectInfo:
        """Publish the object and return it as the index has it.

        Raises NoSuchBucket and what `check` raises; nothing is published then.
        """
        info, inline = self._finished(checksums or {})
        published = self._store.publish(info, inline, check=check)
        self._open = False
        return published

    @property
    def is_small(self) -> bool:
        """Whether the bytes are in memory and will be stored in the index. Only such an object can be finished."""
        return self._writer.is_small

    def finish(self) -> tuple[ObjectInfo, bytes | None]:
        """End a small object without publishing it; returns what `ObjectStore.publish_all` takes."""
        self._open = False
        return self._finished({})

    def _finished(self, checksums: Mapping[str, str]) -> tuple[ObjectInfo, bytes | None]:
        inline, body = self._writer.finish()
        info = replace(
            self._info,
            size=self._writer.size,
            etag=self._writer.md5.hex(),
            modified=time.time(),
            checksums=dict(checksums),
            body=body,
        )
        return info, inline

    def abort(self) -> None:
        """Discard what was written; does nothing after `commit`, `finish` or `abort`."""
        if self._open:
            self._writer.abort()
            self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()


def _check_bucket(connection: sqlite3.Connection, bucket: str) -> None:
    if not connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone():
        raise no_such_bucket(bucket)


def _between(prefix: bytes, after: bytes | None) -> tuple[str, list[bytes]]:
    """The SQL condition for keys that start with `prefix` and follow `after`, and its parameters."""
    condition, low = ("key > ?", after) if after is not None and after >= prefix else ("key >= ?", prefix)
    end = end_of_prefix(prefix)
    return (condition, [low]) if end is None else (f"{condition} AND key < ?", [low, end])


def end_of_prefix(prefix: bytes) -> bytes | None:
    """The smallest key greater than all keys that start with `prefix`; None if there is no such key."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
