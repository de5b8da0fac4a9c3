"""What a job will read and write: its input objects in key order, and the output each will have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.objects import ObjectInfo, ObjectStore
from engine.runner.failures import JobFailed
from transform.keys import output_key, parse_s3_uri
from transform.manifest import ManifestError, parse_manifest

_LARGEST_MANIFEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One input object and where its output goes."""

    bucket: str
    key: str
    output_bucket: str
    output_key: str


def plan(
    objects: ObjectStore, request: Mapping[str, Any], note: Callable[[str], None]
) -> list[PlannedObject]:
    """Every object the job reads, in byte order of their keys. Raises JobFailed when there is none.

    Folder markers (empty objects whose names end in "/" or "_$folder$") are left out, with a note: they are
    how tools draw folders, not data.
    """
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    bucket, prefix = parse_s3_uri(source["S3Uri"])
    output_bucket, output_prefix = parse_s3_uri(request["TransformOutput"]["S3OutputPath"])
    if not objects.bucket_exists(output_bucket):
        raise JobFailed(f"ClientError: The output bucket {output_bucket} does not exist; create it first")
    if source["S3DataType"] == "ManifestFile":
        bucket, prefix, keys = _listed(objects, bucket, prefix)
    else:
        keys = [info.key for info in objects.iter_prefix(bucket, prefix) if not _is_marker(info, note)]
    if not keys:
        raise JobFailed(f"ClientError: No S3 objects found under S3 URL {source['S3Uri']!r}")
    return [PlannedObject(bucket, key, output_bucket, output_key(prefix, key, output_prefix)) for key in keys]


def deal(planned: list[PlannedObject], instances: int) -> list[list[PlannedObject]]:
    """Objects to instances: by key, one after the other. An object is never divided."""
    return [planned[start::instances] for start in range(instances)]


def _listed(objects: ObjectStore, bucket: str, key: str) -> tuple[str, str, list[str]]:
    info = objects.head(bucket, key)
    if info is None:
        raise JobFailed(f"ClientError: There is no manifest at s3://{bucket}/{key}")
    if info.size > _LARGEST_MANIFEST:
        raise JobFailed(f"ClientError: The manifest has more than {_LARGEST_MANIFEST} bytes; divide it")
    with objects.open(bucket, key) as reader:
        body = reader.read()
    try:
        manifest = parse_manifest(body)
    except ManifestError as error:
        raise JobFailed(f"ClientError: {error}") from error
    return manifest.bucket, manifest.prefix, sorted(set(manifest.keys), key=str.encode)


def _is_marker(info: ObjectInfo, note: Callable[[str], None]) -> bool:
    marker = info.size == 0 and info.key.endswith(("/", "_$folder$"))
    if marker:
        note(f"{info.bucket}/{info.key}: skipped, an empty folder marker")
    return marker


def chunks(objects: ObjectStore, planned: PlannedObject, size: int = 1024 * 1024) -> Iterator[bytes]:
    """An input object's bytes in pieces of about `size`. Raises ServiceError if it has gone meanwhile."""
    with objects.open(planned.bucket, planned.key) as reader:
        while chunk := reader.read(size):
            yield chunk
