"""The input plan: which objects a job will read, as they were when it was created."""

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

#: Listing goes a thousand objects a call; an input that takes longer is counted up to here and marked so.
SECONDS = 15.0
#: A manifest of more than this is not read: the plan would be larger than what is kept of it.
MANIFEST_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Plan:
    """Totals over all objects, and rows for the first `PlannedObject.LIMIT` of them."""

    count: int = 0
    size: int | None = 0
    complete: bool = True
    rows: list[PlannedObject] = field(default_factory=list)


def make_plan(job: TransformJob, target: Target) -> None:
    """List the job's input once and keep it. What may not be listed stays unknown: SageMaker's role decides.

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
        _keep(job, None)
    else:
        if not plan.complete:
            _check_readable(job, target)
        _keep(job, plan)


def _check_readable(job: TransformJob, target: Target) -> None:
    """Raise OutOfScope where a manifest was not read to its end, for a connection that is held to places.

    Its entries may then lie anywhere.
    """
    if target.scope.places and job.spec.get("data_type") == "ManifestFile":
        raise OutOfScope(
            f"The manifest {job.data} could not be read whole, and this connection may only use what it can be held "
            f"to. A manifest of up to {MANIFEST_BYTES // 1024**2} MiB can."
        )


def input_bucket(job: TransformJob, target: Target) -> str | None:
    """The bucket of the job's inputs, which a manifest names; None if that is gone.

    Raises ManifestError if it is none any more, and a GatewayError.
    """
    bucket, key = keys.parse_s3_uri(job.data)
    if job.spec.get("data_type") != "ManifestFile":
        return bucket
    body = objects.read(target, bucket, key, limit=MANIFEST_BYTES)
    return None if body is None else manifest.parse_manifest(body).bucket


def planned_objects(
    target: Target, data: str, output_path: str, *, is_manifest: bool
) -> Iterator[PlannedObject]:
    """Rows, not saved and without a job, for what a job reads at `data`, with the keys of its outputs, in listed order.

    Raises ValueError for an address that is none or a manifest that cannot be read, and a GatewayError.
    """
    bucket, prefix = keys.parse_s3_uri(data)
    _, output_prefix = keys.parse_s3_uri(output_path)
    found = _manifest_objects if is_manifest else _prefix_objects
    return found(target, bucket, prefix, output_prefix)


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
    for found in objects.iterate(target, bucket, prefix):
        if keys.is_folder_marker(found.key, found.size):
            continue
        output_key = keys.output_key(prefix, found.key, output_prefix)
        yield PlannedObject(key=found.key, size=found.size, etag=found.etag, output_key=output_key)


def _manifest_objects(target: Target, bucket: str, key: str, output_prefix: str) -> Iterator[PlannedObject]:
    body = objects.read(target, bucket, key, limit=MANIFEST_BYTES) or b""
    listed = manifest.parse_manifest(body)
    # Sizes would need a call for each entry; whether the objects exist is SageMaker's to say.
    for named in listed.keys:
        check_place(target, listed.bucket, named)
        yield PlannedObject(key=named, output_key=keys.output_key(listed.prefix, named, output_prefix))


def _keep(job: TransformJob, plan: Plan | None) -> None:
    now = timezone.now()
    with transaction.atomic():
        # Whoever sets planned_at first keeps its list; a second listing at the same time is dropped.
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
