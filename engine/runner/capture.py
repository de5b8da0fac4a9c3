"""Data capture (DataCaptureConfig): manifests of the transformed objects."""

from __future__ import annotations

from collections.abc import Collection

from engine.objects import ObjectStore
from engine.runner.failures import JobFailed
from engine.runner.plan import Plan
from engine.store import JobRow
from transform.capture import capture_key, capture_manifest
from transform.keys import output_folder, parse_s3_uri


def check_capture(objects: ObjectStore, row: JobRow) -> None:
    """Raises JobFailed if the job captures data and the destination bucket does not exist."""
    if "DataCaptureConfig" in row.request:
        bucket, _ = _destination(row)
        if not objects.bucket_exists(bucket):
            raise JobFailed(f"ClientError: The data capture bucket {bucket} does not exist; create it first")


def write_capture(
    objects: ObjectStore, row: JobRow, plan: Plan, done_keys: Collection[str], started: float
) -> None:
    """Write the manifests of those of the plan's keys that are in `done_keys`, if the job captures data.

    `started` is in epoch seconds. Raises ServiceError if the bucket does not exist any more.
    """
    keys = [key for key in plan.keys if key in done_keys]
    if "DataCaptureConfig" not in row.request or not keys:
        return
    bucket, prefix = _destination(row)
    outputs = [plan.output_key(key) for key in keys]
    folder = output_folder(plan.output_prefix)
    for side, body in (
        ("input", capture_manifest(plan.bucket, plan.prefix, keys)),
        ("output", capture_manifest(plan.output_bucket, folder, outputs)),
    ):
        key = capture_key(prefix, side, started, row.name)
        with objects.writer(bucket, key, content_type="application/json") as writer:
            writer.write(body)
            writer.commit()


def _destination(row: JobRow) -> tuple[str, str]:
    return parse_s3_uri(row.request["DataCaptureConfig"]["DestinationS3Uri"])
