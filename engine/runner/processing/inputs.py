"""The inputs of a processing job: which objects they are, and their download."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.disk import is_full
from engine.objects import ObjectStore
from engine.readable import Readable
from engine.runner.failures import JobFailed
from engine.runner.plan import read_manifest
from engine.runner.processing.request import below_base_dir, managed_inputs
from engine.runner.task_groups import Abandoned
from transform.keys import is_folder_marker, parse_s3_uri, relative_key
from transform.scope import Scope

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessingInput:
    """One input. `local_path` is relative to /opt/ml; `objects` are the keys with their sizes, in byte order."""

    name: str
    bucket: str
    prefix: str
    objects: list[tuple[str, int]]
    local_path: PurePosixPath
    is_sharded: bool
    is_gzip: bool

    def share(self, number: int, instances: int) -> list[tuple[str, int]]:
        """The objects of an instance, which are counted from 1."""
        return self.objects[number - 1 :: instances] if self.is_sharded else self.objects


def plan_inputs(objects: ObjectStore, request: Mapping[str, Any], scope: Scope) -> list[ProcessingInput]:
    """List the objects of all inputs. Raises JobFailed for an input without any, or that `scope` does not allow."""
    return [_plan_input(objects, described, scope) for described in managed_inputs(request)]


def _plan_input(objects: ObjectStore, described: Mapping[str, Any], scope: Scope) -> ProcessingInput:
    source = described["S3Input"]
    bucket, prefix = parse_s3_uri(source["S3Uri"])
    if source["S3DataType"] == "ManifestFile":
        manifest = read_manifest(objects, bucket, prefix, scope)
        bucket, prefix = manifest.bucket, manifest.prefix
        keys = sorted(set(manifest.keys), key=str.encode)
        sizes = [(key, _size(objects, bucket, key)) for key in keys]
    else:
        sizes = [(info.key, info.size) for info in objects.iter_prefix(bucket, prefix)]
    if not sizes:
        raise JobFailed(f"ClientError: No S3 objects found under S3 URL {source['S3Uri']!r}")
    return ProcessingInput(
        name=described["InputName"],
        bucket=bucket,
        prefix=prefix,
        objects=sizes,
        local_path=below_base_dir(source["LocalPath"]),
        is_sharded=source["S3DataDistributionType"] == "ShardedByS3Key",
        is_gzip=source["S3CompressionType"] == "Gzip",
    )


def _size(objects: ObjectStore, bucket: str, key: str) -> int:
    info = objects.head(bucket, key)
    if info is None:
        raise JobFailed(f"ClientError: The manifest names s3://{bucket}/{key}, which does not exist")
    return info.size


def download_input(
    objects: ObjectStore,
    planned: ProcessingInput,
    base_dir: Path,
    number: int,
    instances: int,
    end: threading.Event,
) -> None:
    """Write an instance's objects below `base_dir`.

    Raises JobFailed, OSError if the disk is full, Abandoned after `end`. Called in a thread, before any code of the
    job has run there.
    """
    folder = base_dir / planned.local_path
    folder.mkdir(parents=True, exist_ok=True)
    for key, size in planned.share(number, instances):
        path = folder / _file_name(planned, key)
        try:
            if is_folder_marker(key, size):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with objects.open_body(planned.bucket, key) as body:
                _write(path, _unpacked(body) if planned.is_gzip else body, end)
        except (OSError, EOFError, zlib.error) as error:
            if is_full(error):
                raise
            raise JobFailed(
                f"ClientError: The object s3://{planned.bucket}/{key} of the input {planned.name} can not be stored "
                f"below {planned.local_path}: {error}"
            ) from error


def _file_name(planned: ProcessingInput, key: str) -> str:
    """The object's path below the input's folder; the content of a .gz file that is unpacked has the name without it.

    Raises JobFailed if it leads elsewhere.
    """
    name = relative_key(planned.prefix, key)
    if planned.is_gzip:
        name = name.removesuffix(".gz")
    parts = name.split("/")
    if "\0" in name or any(part in (".", "..") for part in parts):
        raise JobFailed(
            f"ClientError: The key {key!r} of the input {planned.name} is no name of a file; rename the object"
        )
    return "/".join(filter(None, parts))


def _unpacked(body: Any) -> Readable:
    return gzip.GzipFile(fileobj=body)


def _write(path: Path, body: Readable, end: threading.Event) -> None:
    with path.open("wb") as file:
        while chunk := body.read(_CHUNK):
            if end.is_set():
                raise Abandoned
            file.write(chunk)
