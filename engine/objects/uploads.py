"""Multipart uploads. Each part is a body; the finished object is the sequence of its parts' files."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import ServiceError
from engine.objects import checksums
from engine.objects.bodies import Bodies, BodyWriter
from engine.objects.info import Body, ObjectInfo
from engine.sqlite import Database

#: Minimum bytes of every part but the last (S3's multipart limits).
MIN_PART = 5 * 1024 * 1024

#: Seconds for which the end of an upload is remembered, so that a client may complete it again.
_REMEMBERED_SECONDS = 24 * 3600.0

_UPLOAD_COLUMNS = "id, bucket, key, created, headers, metadata, tags, checksum, checksum_type, names_checksum"
_PART_COLUMNS = "number, size, etag, modified, checksums, body"


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in progress. `checksum` is the algorithm, `checksum_type` FULL_OBJECT or COMPOSITE.

    `names_checksum` is false if the client named no algorithm.
    """

    id: str
    bucket: str
    key: str
    created: float
    headers: dict[str, str]
    metadata: dict[str, str]
    tags: dict[str, str]
    checksum: str
    checksum_type: str
    names_checksum: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A part that was uploaded completely."""

    number: int
    size: int
    etag: str
    modified: float
    checksums: dict[str, str]
    body: Body


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """A part as the client lists it in CompleteMultipartUpload."""

    number: int
    etag: str
    checksums: Mapping[str, str]


def no_such_upload(upload_id: str) -> ServiceError:
    """S3's error for an upload that was never begun or has ended."""
    return ServiceError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, "
        "or the upload may have been aborted or completed.",
        status=404,
        extra={"UploadId": upload_id},
    )


class Uploads:
    """The multipart uploads in progress."""

    def __init__(self, database: Database, bodies: Bodies) -> None:
        self._database = database
        self._bodies = bodies

    def begin(
        self,
        bucket: str,
        key: str,
        *,
        headers: Mapping[str, str],
        metadata: Mapping[str, str],
        tags: Mapping[str, str],
        checksum: str,
        checksum_type: str,
        names_checksum: bool,
    ) -> Upload:
        """Begin an upload."""
        upload = Upload(
            secrets.token_urlsafe(32),
            bucket,
            key,
            time.time(),
            {**headers},
            {**metadata},
            {**tags},
            checksum,
            checksum_type,
            names_checksum,
        )
        texts = [json.dumps(part) for part in (upload.headers, upload.metadata, upload.tags)]
        self._database.write(
            f"INSERT INTO uploads ({_UPLOAD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                upload.id,
                bucket,
                key.encode(),
                upload.created,
                *texts,
                checksum,
                checksum_type,
                names_checksum,
            ),
        )
        return upload

    def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """The upload with that id for that object. Raises NoSuchUpload."""
        sql = f"SELECT {_UPLOAD_COLUMNS} FROM uploads WHERE id = ? AND bucket = ? AND key = ?"  # noqa: S608
        rows = self._database.read(sql, (upload_id, bucket, key.encode()))
        if not rows:
            raise no_such_upload(upload_id)
        return _upload(rows[0])

    def completed_etag(self, bucket: str, key: str, upload_id: str) -> str:
        """The ETag of the object that this upload was completed as lately; empty if it was not."""
        sql = "SELECT etag FROM completed_uploads WHERE id = ? AND bucket = ? AND key = ?"
        rows = self._database.read(sql, (upload_id, bucket, key.encode()))
        return str(rows[0][0]) if rows else ""

    def all(self, bucket: str, prefix: str) -> list[Upload]:
        """The bucket's uploads whose keys start with `prefix`, sorted by key, then by age."""
        sql = f"SELECT {_UPLOAD_COLUMNS} FROM uploads WHERE bucket = ? ORDER BY key, created, id"  # noqa: S608
        uploads = (_upload(row) for row in self._database.read(sql, (bucket,)))
        return [upload for upload in uploads if upload.key.startswith(prefix)]

    def part_writer(self) -> BodyWriter:
        """A writer for a part's bytes; `add_part` takes it."""
        return BodyWriter(self._bodies)

    def add_part(self, upload: Upload, number: int, writer: BodyWriter, checksums: Mapping[str, str]) -> Part:
        """Add a completely written part, replacing one with the same number. Raises NoSuchUpload."""
        try:
            body = writer.finish_to_file()
        except OSError:
            writer.abort()
            raise
        part = Part(number, writer.size, writer.md5.hex(), time.time(), dict(checksums), body)
        try:
            with self._database.transaction() as connection:
                if not connection.execute("SELECT 1 FROM uploads WHERE id = ?", (upload.id,)).fetchone():
                    raise no_such_upload(upload.id)
                address = (upload.id, number)
                replaced_rows = connection.execute(
                    "SELECT body FROM parts WHERE upload = ? AND number = ?", address
                )
                replaced_bodies = [Body.from_json(row[0]) for row in replaced_rows]
                connection.execute(
                    f"INSERT OR REPLACE INTO parts (upload, {_PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                    (
                        upload.id,
                        number,
                        part.size,
                        part.etag,
                        part.modified,
                        json.dumps(part.checksums),
                        body.to_json(),
                    ),
                )
        except BaseException:
            self._bodies.discard([body])
            raise
        self._bodies.discard(replaced_bodies)
        return part

    def parts(self, upload: Upload) -> list[Part]:
        """The upload's parts, sorted by number."""
        sql = f"SELECT {_PART_COLUMNS} FROM parts WHERE upload = ? ORDER BY number"  # noqa: S608
        return [_part(row) for row in self._database.read(sql, (upload.id,))]

    def abort(self, upload: Upload) -> None:
        """End an upload without an object. Raises NoSuchUpload."""
        with self._database.transaction() as connection:
            unused_bodies = self.end(connection, upload.id, Body())
        self._bodies.discard(unused_bodies)

    def end(self, connection: sqlite3.Connection, upload_id: str, kept_body: Body) -> list[Body]:
        """Delete an upload within a transaction; returns the bodies of parts that `kept_body` does not use.

        Raises NoSuchUpload.
        """
        rows = connection.execute("SELECT body FROM parts WHERE upload = ?", (upload_id,)).fetchall()
        connection.execute("DELETE FROM parts WHERE upload = ?", (upload_id,))
        if connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,)).rowcount == 0:
            raise no_such_upload(upload_id)
        in_use = {name for name, _ in kept_body.files}
        bodies = (Body.from_json(row[0]) for row in rows)
        return [body for body in bodies if not in_use.issuperset(name for name, _ in body.files)]

    def complete(self, connection: sqlite3.Connection, upload_id: str, info: ObjectInfo) -> list[Body]:
        """End an upload that has become this object, and remember it for a day; returns what `end` returns."""
        unused_bodies = self.end(connection, upload_id, info.body)
        old = time.time() - _REMEMBERED_SECONDS
        connection.execute("DELETE FROM completed_uploads WHERE completed < ?", (old,))
        connection.execute(
            "INSERT INTO completed_uploads (id, bucket, key, etag, completed) VALUES (?, ?, ?, ?, ?)",
            (upload_id, info.bucket, info.key.encode(), info.etag, time.time()),
        )
        return unused_bodies

    def end_all(self, connection: sqlite3.Connection, bucket: str) -> list[Body]:
        """Delete all uploads of a bucket within a transaction; returns the bodies of their parts."""
        ids = connection.execute("SELECT id FROM uploads WHERE bucket = ?", (bucket,)).fetchall()
        return [body for (upload_id,) in ids for body in self.end(connection, upload_id, Body())]

    def assemble(self, upload: Upload, completed_parts: Sequence[CompletedPart]) -> ObjectInfo:
        """The object made of those parts; publish it to end the upload.

        Raises InvalidPart, InvalidPartOrder, EntityTooSmall.
        """
        numbers = [part.number for part in completed_parts]
        if numbers != sorted(set(numbers)):
            raise ServiceError(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. The parts list must be specified in order by "
                "part number.",
            )
        parts_by_number = {part.number: part for part in self.parts(upload)}
        for completed_part in completed_parts:
            if not _matches(parts_by_number.get(completed_part.number), completed_part):
                raise _invalid_part(upload, completed_part)
        chosen = [parts_by_number[number] for number in numbers]
        for part in chosen[:-1]:
            if part.size < MIN_PART:
                raise _entity_too_small(part)
        return _joined_object(upload, chosen)


def _matches(part: Part | None, completed_part: CompletedPart) -> bool:
    return (
        part is not None
        and part.etag == completed_part.etag.strip('"')
        and all(part.checksums.get(name, value) == value for name, value in completed_part.checksums.items())
    )


def _invalid_part(upload: Upload, part: CompletedPart) -> ServiceError:
    return ServiceError(
        "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have been uploaded, "
        "or the specified entity tag may not match the part's entity tag.",
        extra={"UploadId": upload.id, "PartNumber": str(part.number), "ETag": part.etag.strip('"')},
    )


def _entity_too_small(part: Part) -> ServiceError:
    return ServiceError(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        extra={
            "ProposedSize": str(part.size),
            "MinSizeAllowed": str(MIN_PART),
            "PartNumber": str(part.number),
            "ETag": part.etag,
        },
    )


def _joined_object(upload: Upload, parts: Sequence[Part]) -> ObjectInfo:
    # S3's ETag of a multipart object: the MD5 of the parts' MD5s, then the number of parts.
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return ObjectInfo(
        bucket=upload.bucket,
        key=upload.key,
        size=sum(part.size for part in parts),
        etag=f"{digest.hexdigest()}-{len(parts)}",
        modified=time.time(),
        headers=upload.headers,
        metadata=upload.metadata,
        tags=upload.tags,
        checksums=_joined_checksums(upload, parts),
        body=Body(
            files=tuple(file for part in parts for file in part.body.files),
            part_checksums=tuple(part.checksums for part in parts) if upload.names_checksum else (),
        ),
    )


def _joined_checksums(upload: Upload, parts: Sequence[Part]) -> dict[str, str]:
    name = checksums.member_name(upload.checksum)
    part_checksums = [(part.checksums[name], part.size) for part in parts if name in part.checksums]
    if not upload.checksum or len(part_checksums) < len(parts):
        # Parts lack a checksum only in uploads that an older engine began.
        return {}
    return {name: checksums.join_checksums(upload.checksum, upload.checksum_type, part_checksums)}


def _upload(row: tuple[Any, ...]) -> Upload:
    identity, bucket, key, created, *texts, checksum, checksum_type, names_checksum = row
    headers, metadata, tags = (json.loads(text) for text in texts)
    described = (headers, metadata, tags, checksum, checksum_type, bool(names_checksum))
    return Upload(identity, bucket, key.decode(), created, *described)


def _part(row: tuple[Any, ...]) -> Part:
    number, size, etag, modified, checksums, body = row
    return Part(number, size, etag, modified, json.loads(checksums), Body.from_json(body))
