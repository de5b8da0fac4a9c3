"""The sample of an input: the first objects, or the first records of a larger one, copied beside the output path."""

from __future__ import annotations

import gzip
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from aws import Target, objects
from jobs.lifecycle.queue.planning import planned_objects
from jobs.models import PlannedObject
from transform.batching import Splitting, frames_of
from transform.decompression import NotGzip, gunzip
from transform.framed import CorruptRecord
from transform.keys import output_folder, parse_s3_uri
from transform.records import PayloadTooLarge, lines
from transform.scope import Scope

MEGABYTE = 1024 * 1024
#: The largest sample: a worker copies it in one go.
MOST_MB, MOST_OBJECTS = 50, 200
_NAME = "tuning"


class NoSample(ValueError):
    """No sample can be taken; the message is a sentence that says why."""


@dataclass(slots=True)
class Sample:
    """What was taken. `rows` are the objects of the input with the bytes that are read of each."""

    bucket: str
    rows: list[tuple[PlannedObject, int]] = field(default_factory=list)
    bytes: int = 0
    records: int = 0


def place_of(data: str, output_path: str, key: str, scope: Scope, *, is_manifest: bool) -> str:
    """The folder of the tuning `key`, as an address: beside the output path, and no part of the input.

    Raises NoSample if there is no such place, and ValueError for a malformed address.
    """
    bucket, prefix = parse_s3_uri(output_path)
    input_bucket, input_prefix = parse_s3_uri(data)
    folder = output_folder(prefix)
    beside = [f"{folder.rstrip('/')}-{_NAME}/"] if folder else []
    for candidate in (*beside, f"{folder}{_NAME}/"):
        place = f"{candidate}{key}/"
        is_input = not is_manifest and bucket == input_bucket and place.startswith(input_prefix)
        if scope.allows(bucket, place) and not is_input:
            return f"s3://{bucket}/{place}"
    raise NoSample("A sample beside the output path would be input itself. Choose another output path.")


def choose(target: Target, spec: Mapping[str, Any], *, most_bytes: int, most_objects: int) -> Sample:
    """The objects of the sample with the bytes that are read of each. Raises NoSample, ValueError and GatewayError."""
    is_manifest = spec.get("data_type") == "ManifestFile"
    bucket, _ = parse_s3_uri(spec["data"])
    sample = Sample(bucket)
    listed = planned_objects(target, spec["data"], spec["output_path"], is_manifest=is_manifest)
    for row in islice(listed, most_objects):
        size = row.size if row.size is not None else _size(target, bucket, row.key)
        left = most_bytes - sample.bytes
        if size > left and (sample.rows or not _is_cut(spec)):
            break
        sample.rows.append((row, min(size, left)))
        sample.bytes += min(size, left)
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
    return _split_type(spec) != "None" and spec.get("compression_type") != "Gzip"


def _split_type(spec: Mapping[str, Any]) -> str:
    return str(spec.get("split_type") or "None")


def take(
    target: Target, spec: Mapping[str, Any], folder: str, *, most_bytes: int, most_objects: int
) -> Sample:
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
    if _split_type(spec) == "None":
        return body, 1
    try:
        pieces = list(_records(spec, body, is_whole=len(body) >= part.size))
    except (NotGzip, PayloadTooLarge) as error:
        raise NoSample(f"s3://{bucket}/{row.key} cannot be cut into records: {error}.") from error
    count = sum(bool(piece.strip(b"\r\n")) for piece in pieces)
    whole = b"".join(pieces)
    return (gzip.compress(whole, mtime=0) if spec.get("compression_type") == "Gzip" else whole), count


def _records(spec: Mapping[str, Any], body: bytes, *, is_whole: bool) -> Iterator[bytes]:
    """The whole records of an object's beginning, with their line ends or framing."""
    chunks = gunzip([body]) if spec.get("compression_type") == "Gzip" else [body]
    if _split_type(spec) == "Line":
        for piece in lines(chunks, None):
            if is_whole or piece.endswith(b"\n"):
                yield piece
        return
    try:
        for frame in frames_of(chunks, Splitting(_split_type(spec), "SingleRecord", None)):
            yield frame.framed
    except CorruptRecord:
        if is_whole:
            raise NoSample("A record of the sample is broken.") from None
