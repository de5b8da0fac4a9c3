"""What the store knows of an object, and how it is kept in a row of the index."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

ENTRY_COLUMNS = "key, size, etag, modified, headers, checksums"
COLUMNS = "bucket, key, size, etag, modified, headers, metadata, checksums, tags, body"


@dataclass(frozen=True, slots=True)
class Body:
    """Where bytes are kept: inline in the index under an id, or in files, in order, each with its size."""

    inline: int | None = None
    files: tuple[tuple[str, int], ...] = ()

    def to_json(self) -> str:
        """The text kept in the index."""
        return json.dumps({"inline": self.inline} if self.inline is not None else {"files": self.files})

    @classmethod
    def from_json(cls, text: str) -> Body:
        """The other way."""
        value = json.loads(text)
        files = tuple((name, size) for name, size in value.get("files", ()))
        return cls(inline=value.get("inline"), files=files)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a listing shows of an object. `checksums` as in ObjectInfo."""

    key: str
    size: int
    etag: str
    modified: float
    storage_class: str
    checksums: dict[str, str]

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Entry:
        """From a row selected with ENTRY_COLUMNS."""
        key, size, etag, modified, headers, checksums = row
        # Next to no object has one, and parsing is most of what a listing costs.
        named = json.loads(headers).get("StorageClass") if '"StorageClass"' in headers else None
        return cls(key.decode(), size, etag, modified, named or "STANDARD", json.loads(checksums))


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object without its bytes. `modified` is epoch seconds, `etag` has no quotes.

    `headers` are the content headers it was stored with (`Content-Type` and its kin, under S3's member names),
    `metadata` the user's own, `checksums` such as `{"ChecksumCRC32": "…"}`.
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
        """How many parts a multipart upload made it of, or None."""
        _, dash, count = self.etag.partition("-")
        return int(count) if dash else None

    def part_span(self, number: int) -> tuple[int, int] | None:
        """Where part `number`, from 1, starts and ends (exclusive); None if there is none of that number."""
        sizes = [size for _, size in self.body.files] if self.parts_count else [self.size]
        if not 1 <= number <= len(sizes):
            return None
        start = sum(sizes[: number - 1])
        return start, start + sizes[number - 1]

    def to_row(self) -> tuple[Any, ...]:
        """Values in the order of COLUMNS."""
        # Most are empty in most objects, and writing JSON is most of what this costs.
        parts = (self.headers, self.metadata, self.checksums, self.tags)
        texts = (json.dumps(part) if part else "{}" for part in parts)
        head = (self.bucket, self.key.encode(), self.size, self.etag, self.modified)
        return (*head, *texts, self.body.to_json())

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> ObjectInfo:
        """From a row selected with COLUMNS."""
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
