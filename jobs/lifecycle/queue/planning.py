"""The input plan: the objects that a job will read, listed just before it is created."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from aws import OutOfScope, Rejected, Target, objects
from aws.scoping import check_place
from jobs.models import PlannedObject, TransformJob
from transform import keys, manifest

#: Listing takes a call for a thousand objects. A larger input is counted up to this time and marked as incomplete.
SECONDS = 15.0
#: A larger manifest is not read: its plan would be longer than what is saved of it.
MANIFEST_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Plan:
    """The number and the bytes of all objects (`size` None if unknown), and rows for the first of them."""

    count: int = 0
    size: int | None = 0
    complete: bool = True
    rows: list[PlannedObject] = field(default_factory=list)


def make_plan(job: TransformJob, target: Target) -> None:
    """List the job's input once and save the plan. An input that may not be listed stays unknown.

    Raises Throttled or Unreachable, after which the step can be repeated, and OutOfScope for an input, or an entry of a
    manifest, that the connection may not read.
    """
    if job.planned_at is not None:
        return
    try:
        plan = _collect(job, target)
    except OutOfScope:
        raise
    except (Rejected, ValueError):
        _check_readable(job, target)
        _save(job, None)
    else:
        if not plan.complete:
            _check_readable(job, target)
        _save(job, plan)


def _check_readable(job: TransformJob, target: Target) -> None:
    """Raise OutOfScope if the connection is limited to places and the manifest was not read to its end."""
    # The entries that were not read may lie anywhere.
    if target.scope.places and job.spec.get("data_type") == "ManifestFile":
        raise OutOfScope(
            f"The manifest {job.data} could not be read whole, and this connection may only use what it can be held "
            f"to. A manifest of up to {MANIFEST_BYTES // 1024**2} MiB can."
        )


def input_bucket(job: TransformJob, target: Target) -> str | None:
    """The bucket of the job's inputs, which its manifest may name; None if the manifest is gone.

    Raises ManifestError if it is no manifest any more, and GatewayError.
    """
    return input_bucket_at(target, job.data, is_manifest=job.spec.get("data_type") == "ManifestFile")


def input_bucket_at(target: Target, data: str, *, is_manifest: bool) -> str | None:
    """As `input_bucket`, for the input at `data`. Also raises ValueError for a wrong S3 address."""
    bucket, key = keys.parse_s3_uri(data)
    if not is_manifest:
        return bucket
    body = objects.read(target, bucket, key, limit=MANIFEST_BYTES)
    return None if body is None else manifest.parse_manifest(body).bucket


def planned_objects(
    target: Target, data: str, output_path: str, *, is_manifest: bool
) -> Iterator[PlannedObject]:
    """Rows for the objects that a job reads at `data`, in listed order, with the keys of their outputs.

    The rows are not saved and have no job. Raises ValueError for a wrong S3 address or manifest, and GatewayError.
    """
    bucket, prefix = keys.parse_s3_uri(data)
    _, output_prefix = keys.parse_s3_uri(output_path)
    list_objects = _manifest_objects if is_manifest else _prefix_objects
    return list_objects(target, bucket, prefix, output_prefix)


def _collect(job: TransformJob, target: Target) -> Plan:
    plan = Plan()
    deadline = time.monotonic() + SECONDS
    is_manifest = job.spec.get("data_type") == "ManifestFile"
    for row in planned_objects(target, job.data, job.output_path, is_manifest=is_manifest):
        if plan.count < PlannedObject.LIMIT:
            row.job, row.position = job, plan.count
            plan.rows.append(row)
        plan.count += 1
        plan.size = None if row.size is None or plan.size is None else plan.size + row.size
        if time.monotonic() > deadline:
            plan.complete = False
            break
    return plan


def _prefix_objects(target: Target, bucket: str, prefix: str, output_prefix: str) -> Iterator[PlannedObject]:
    for item in objects.iterate(target, bucket, prefix):
        if keys.is_folder_marker(item.key, item.size):
            continue
        output_key = keys.output_key(prefix, item.key, output_prefix)
        yield PlannedObject(key=item.key, size=item.size, etag=item.etag, output_key=output_key)


def _manifest_objects(target: Target, bucket: str, key: str, output_prefix: str) -> Iterator[PlannedObject]:
    body = objects.read(target, bucket, key, limit=MANIFEST_BYTES) or b""
    listed = manifest.parse_manifest(body)
    # Sizes would need a call for each entry. SageMaker checks whether the objects exist.
    for named in listed.keys:
        check_place(target, listed.bucket, named)
        yield PlannedObject(key=named, output_key=keys.output_key(listed.prefix, named, output_prefix))


def _save(job: TransformJob, plan: Plan | None) -> None:
    now = timezone.now()
    with transaction.atomic():
        # The first task to set planned_at saves its list; a second list made at the same time is dropped.
        values = {
            "planned_at": now,
            "objects_total": plan.count if plan else None,
            "bytes_total": plan.size if plan else None,
            "plan_complete": plan.complete if plan else False,
        }
        if TransformJob.objects.filter(pk=job.pk, planned_at=None).update(**values) == 1 and plan:
            PlannedObject.objects.bulk_create(plan.rows, batch_size=1000)
    for name, value in values.items():
        setattr(job, name, value)
