"""The sample of an input: the first objects, or the first records of a larger one, copied beside the output path."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from aws import Target, objects
from jobs.lifecycle.queue.planning import planned_objects
from jobs.lifecycle.trying import cutting
from jobs.lifecycle.trying.places import place_beside
from jobs.models import PlannedObject
from transform.decompression import NotGzip
from transform.framed import CorruptRecord
from transform.keys import parse_s3_uri
from transform.records import PayloadTooLarge
from transform.scope import Scope

MEGABYTE = 1024 * 1024
#: The largest sample: a worker copies it in one go.
MOST_MB, MOST_OBJECTS = 50, 200


class NoSample(ValueError):
    """No sample can be taken; the message is a sentence that says why."""


@dataclass(slots=True)
class InputSample:
    """What was taken. `rows` are the objects of the input with the bytes that are read of each."""

    bucket: str
    rows: list[tuple[PlannedObject, int]] = field(default_factory=list)
    bytes: int = 0
    records: int = 0


def place_of(data: str, output_path: str, key: str, scope: Scope, *, is_manifest: bool) -> str:
    """The folder of the tuning `key`, as an address: beside the output path, and no part of the input.

    Raises NoSample if there is no such place, and ValueError for a malformed address.
    """
    place = place_beside(data, output_path, key, scope, is_manifest=is_manifest, kind="tuning")
    if place is None:
        raise NoSample("A sample beside the output path would be input itself. Choose another output path.")
    return f"s3://{'/'.join(place)}"


def choose(target: Target, spec: Mapping[str, Any], *, most_bytes: int, most_objects: int) -> InputSample:
    """The objects of the sample with the bytes that are read of each. Raises NoSample, ValueError and GatewayError."""
    is_manifest = spec.get("data_type") == "ManifestFile"
    bucket, _ = parse_s3_uri(spec["data"])
    sample = InputSample(bucket)
    listed = planned_objects(target, spec["data"], spec["output_path"], is_manifest=is_manifest)
    for row in islice(listed, most_objects):
        size = row.size if row.size is not None else _size(target, bucket, row.key)
        free_bytes = most_bytes - sample.bytes
        if size > free_bytes and (sample.rows or not _is_cut(spec)):
            break
        sample.rows.append((row, min(size, free_bytes)))
        sample.bytes += min(size, free_bytes)
        if sample.bytes >= most_bytes:
            break
    if not sample.rows:
        raise NoSample(
            f"There is no object at {spec['data']} of at most {most_bytes // MEGABYTE} MB. Only objects that are split "
            "into records, and are not compressed, are cut; let the sample have more megabytes."
        )
    return sample


def _size(target: Target, bucket: str, key: str) -> int:
    head = objects.head(target, bucket, key)
    if head is None:
        raise NoSample(f"There is no object s3://{bucket}/{key}, which the manifest names.")
    return head.size


def _is_cut(spec: Mapping[str, Any]) -> bool:
    """Whether the beginning of an object is an object too."""
    return cutting.is_split(spec) and not cutting.is_packed(spec)


def take(
    target: Target, spec: Mapping[str, Any], folder: str, *, most_bytes: int, most_objects: int
) -> InputSample:
    """Copy the sample below `folder`; another call writes the same objects. Raises as `choose`."""
    sample = choose(target, spec, most_bytes=most_bytes, most_objects=most_objects)
    bucket, prefix = parse_s3_uri(folder)
    sample.bytes = 0
    for position, (row, size) in enumerate(sample.rows):
        body, records = _body(target, spec, sample.bucket, row, size)
        sample.records += records
        sample.bytes += len(body)
        name = posixpath.basename(row.key) or "object"
        objects.put(target, bucket, f"{prefix}input/{position:03d}-{name}", body)
    if not sample.records:
        raise NoSample("The sample has no record. Let it have more megabytes.")
    return sample


def _body(
    target: Target, spec: Mapping[str, Any], bucket: str, row: PlannedObject, size: int
) -> tuple[bytes, int]:
    """The bytes of an object in the sample, and the number of their records."""
    part = objects.part(target, bucket, row.key, 0, max(size, 1), etag=row.etag)
    if part is None:
        raise NoSample(f"s3://{bucket}/{row.key} was deleted while the sample was taken.")
    body = part.body if part.size else b""
    if not cutting.is_split(spec):
        return body, 1
    try:
        pieces = list(_whole_records(spec, body, is_whole=len(body) >= part.size))
    except (NotGzip, PayloadTooLarge) as error:
        raise NoSample(f"s3://{bucket}/{row.key} cannot be cut into records: {error}.") from error
    return cutting.body_of(spec, pieces), sum(cutting.is_record(spec, piece) for piece in pieces)


def _whole_records(spec: Mapping[str, Any], body: bytes, *, is_whole: bool) -> Iterator[bytes]:
    """The whole records of an object's beginning, with their line ends or framing."""
    may_end_early = not is_whole and spec["split_type"] == "Line"
    try:
        for piece in cutting.records_of(spec, [body], None):
            if not may_end_early or piece.endswith(b"\n"):
                yield piece
    except CorruptRecord:
        if is_whole:
            raise NoSample("A record of the sample is broken.") from None
