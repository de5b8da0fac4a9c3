"""Objects of the store as rows of the index."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

ENTRY_COLUMNS = "key, size, etag, modified, headers, checksums"
COLUMNS = "bucket, key, size, etag, modified, headers, metadata, checksums, tags, body"


@dataclass(frozen=True, slots=True)
class Body:
    """Where an object's bytes are: in the index under the id `inline`, or in `files`, each (name, size), in order.

    Of an upload in parts each file is a part; `part_checksums` are such as `{"ChecksumCRC32": "…"}`, one for each part,
    if the upload named an algorithm.
    """

    inline: int | None = None
    files: tuple[tuple[str, int], ...] = ()
    part_checksums: tuple[dict[str, str], ...] = ()

    def to_json(self) -> str:
        """The JSON that the index stores."""
        if self.inline is not None:
            return json.dumps({"inline": self.inline})
        parts = {"part_checksums": self.part_checksums} if self.part_checksums else {}
        return json.dumps({"files": self.files, **parts})

    @classmethod
    def from_json(cls, text: str) -> Body:
        """Parse the JSON that the index stores."""
        value = json.loads(text)
        files = tuple((name, size) for name, size in value.get("files", ()))
        return cls(value.get("inline"), files, tuple(value.get("part_checksums", ())))


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. `created` is in epoch seconds; `region` is empty if the bucket was created without naming one."""

    name: str
    created: float
    region: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The part of an object that listings show. `checksums` as in ObjectInfo."""

    key: str
    size: int
    etag: str
    modified: float
    storage_class: str
    checksums: dict[str, str]

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Entry:
        """Parse a row selected with ENTRY_COLUMNS."""
        key, size, etag, modified, headers, checksums = row
        # Hardly any object has one, and parsing JSON is most of a listing's cost.
        named = json.loads(headers).get("StorageClass") if '"StorageClass"' in headers else None
        return cls(key.decode(), size, etag, modified, named or "STANDARD", json.loads(checksums))


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object without its bytes. `modified` is in epoch seconds, `etag` has no quotes.

    `headers` are its content headers by S3's member names, such as `ContentType`; `metadata` is the user's own;
    `checksums` are such as `{"ChecksumCRC32": "…"}`.
    """

    bucket: str
    key: str
    size: int
    etag: str
    modified: float
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=Body)

    @property
    def content_type(self) -> str:
        """The stored Content-Type, or S3's default."""
        return self.headers.get("ContentType", "binary/octet-stream")

    @property
    def parts_count(self) -> int | None:
        """The number of parts of a multipart object; None for others."""
        _, dash, count = self.etag.partition("-")
        return int(count) if dash else None

    def part_span(self, number: int) -> tuple[int, int] | None:
        """The byte range (start, end exclusive) of part `number`, counted from 1; None if there is no such part."""
        sizes = [size for _, size in self.body.files] if self.parts_count else [self.size]
        if not 1 <= number <= len(sizes):
            return None
        start = sum(sizes[: number - 1])
        return start, start + sizes[number - 1]

    def part_checksums(self, number: int) -> dict[str, str]:
        """The checksums of part `number`, counted from 1; empty if the upload named no algorithm."""
        checksums = self.body.part_checksums
        return checksums[number - 1] if 1 <= number <= len(checksums) else {}

    def to_row(self) -> tuple[Any, ...]:
        """Values in the order of COLUMNS."""
        # Most are empty, and writing JSON is most of this function's cost.
        parts = (self.headers, self.metadata, self.checksums, self.tags)
        texts = (json.dumps(part) if part else "{}" for part in parts)
        head = (self.bucket, self.key.encode(), self.size, self.etag, self.modified)
        return (*head, *texts, self.body.to_json())

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> ObjectInfo:
        """Parse a row selected with COLUMNS."""
        bucket, key, size, etag, modified, headers, metadata, checksums, tags, body = row
        return cls(
            bucket=bucket,
            key=key.decode(),
            size=size,
            etag=etag,
            modified=modified,
            headers=json.loads(headers),
            metadata=json.loads(metadata),
            checksums=json.loads(checksums),
            tags=json.loads(tags),
            body=Body.from_json(body),
        )
