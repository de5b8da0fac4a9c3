"""A job's plan: its input objects in key order, and their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.objects import ObjectInfo, ObjectStore
from engine.runner.failures import JobFailed
from transform.keys import is_folder_marker, output_key, parse_s3_uri
from transform.manifest import Manifest, ManifestError, parse_manifest
from transform.scope import EVERYTHING, Scope

LARGEST_MANIFEST = 64 * 1024 * 1024
_CHUNK = 1024 * 1024

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """An input object and its output."""

    bucket: str
    key: str
    output_bucket: str
    output_key: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The input keys in byte order, and the prefixes for the output keys.

    Holds only keys, since a job may have a million.
    """

    bucket: str
    prefix: str
    output_bucket: str
    output_prefix: str
    keys: list[str]

    def object(self, key: str) -> PlannedObject:
        """The planned object of that key."""
        return PlannedObject(self.bucket, key, self.output_bucket, self.output_key(key))

    def output_key(self, key: str) -> str:
        """The output key of that input key."""
        return output_key(self.prefix, key, self.output_prefix)

    def without(self, keys: Collection[str]) -> Plan:
        """The plan without these keys."""
        return replace(self, keys=[key for key in self.keys if key not in keys])

    def shares(self, instances: int) -> list[list[str]]:
        """Distribute the keys in turn to `instances`, or fewer if there are fewer keys. Objects are never divided."""
        count = min(instances, len(self.keys))
        return [self.keys[start::count] for start in range(count)]


def make_plan(
    objects: ObjectStore,
    request: Mapping[str, Any],
    begun: float | None,
    note: Note,
    scope: Scope = EVERYTHING,
) -> Plan:
    """List the job's input. Raises JobFailed if there is none, or if two objects would have the same output.

    Skips folder markers (empty objects whose keys end in "/" or "_$folder$") with a note. `begun` is when an
    interrupted job first began (epoch seconds): outputs that it wrote below its own input prefix are not input. A
    manifest may only name objects that `scope` allows.
    """
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    bucket, prefix = parse_s3_uri(source["S3Uri"])
    output_bucket, output_prefix = parse_s3_uri(request["TransformOutput"]["S3OutputPath"])
    if not objects.bucket_exists(output_bucket):
        raise JobFailed(f"ClientError: The output bucket {output_bucket} does not exist; create it first")
    plan = Plan(bucket, prefix, output_bucket, output_prefix, [])
    if source["S3DataType"] == "ManifestFile":
        manifest = read_manifest(objects, bucket, prefix, scope)
        keys = sorted(set(manifest.keys), key=str.encode)
        plan = replace(plan, bucket=manifest.bucket, prefix=manifest.prefix, keys=keys)
    else:
        input_objects = (info for info in objects.iter_prefix(bucket, prefix) if not _is_marker(info, note))
        plan = replace(plan, keys=_less_own_outputs(plan, input_objects, begun))
    if not plan.keys:
        raise JobFailed(f"ClientError: No S3 objects found under S3 URL {source['S3Uri']!r}")
    _check_outputs(plan)
    return plan


def read_chunks(objects: ObjectStore, planned: PlannedObject) -> Generator[bytes, None, None]:
    """Read an input object in pieces of about 1 MiB. Raises ServiceError if it does not exist any more."""
    with objects.open_body(planned.bucket, planned.key) as reader:
        while chunk := reader.read(_CHUNK):
            yield chunk


def _less_own_outputs(plan: Plan, input_objects: Iterable[ObjectInfo], begun: float | None) -> list[str]:
    if begun is None or plan.bucket != plan.output_bucket:
        return [info.key for info in input_objects]
    times = {info.key: info.modified for info in input_objects}
    outputs = {plan.output_key(key) for key in times}
    return [key for key, modified in times.items() if key not in outputs or modified < begun]


def _check_outputs(plan: Plan) -> None:
    """Raises JobFailed if two outputs have the same key.

    This is possible only if the prefix ends inside a name, or if a key has a slash behind the prefix: in//a and in/a.
    """
    is_folder = not plan.prefix or plan.prefix.endswith("/")
    if is_folder and not any(key.startswith(f"{plan.prefix}/") for key in plan.keys):
        return
    counts = Counter(plan.output_key(key) for key in plan.keys)
    name, count = counts.most_common(1)[0]
    if count > 1:
        raise JobFailed(
            f"ClientError: {count} input objects would have the same output, {name}. "
            "End the S3Uri in a slash, or list the objects in a manifest"
        )


def read_manifest(objects: ObjectStore, bucket: str, key: str, scope: Scope) -> Manifest:
    """Read a manifest. Raises JobFailed if there is none, or if it names an object that `scope` does not allow."""
    info = objects.head(bucket, key)
    if info is None:
        raise JobFailed(f"ClientError: There is no manifest at s3://{bucket}/{key}")
    if info.size > LARGEST_MANIFEST:
        raise JobFailed(f"ClientError: The manifest has more than {LARGEST_MANIFEST} bytes; divide it")
    with objects.open(bucket, key) as reader:
        body = reader.read()
    try:
        manifest = parse_manifest(body)
    except ManifestError as error:
        raise JobFailed(f"ClientError: {error}") from error
    denied = next((name for name in manifest.keys if not scope.allows(manifest.bucket, name)), None)
    if denied is not None:
        raise JobFailed(
            f"ClientError: The manifest names s3://{manifest.bucket}/{denied}, which the key that created the job "
            "may not read (AccessDenied)"
        )
    return manifest


def _is_marker(info: ObjectInfo, note: Note) -> bool:
    marker = is_folder_marker(info.key, info.size)
    if marker:
        note(f"{info.bucket}/{info.key}: skipped, an empty folder marker")
    return marker
