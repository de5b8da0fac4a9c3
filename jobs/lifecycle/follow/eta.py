"""Estimates when a running job's last output is written, from its progress so far."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, Sum

from jobs.models import TransformJob

#: With fewer outputs, or a smaller part of the input, there is no estimate: the time to load the model would count.
LEAST_OUTPUTS = 3
LEAST_PART = 0.05


def expected_end(job: TransformJob, objects_done: int, at: datetime) -> datetime | None:
    """The job's expected end, if it had written `objects_done` outputs at the time `at`; None while they are too few.

    The rest of the input is expected to take as long for each byte as the part before; for each object where not
    every size is known.
    """
    total = job.plan_complete and job.objects_total
    if not total or job.started_at is None or objects_done < LEAST_OUTPUTS or objects_done >= total:
        return None
    part = _part_by_bytes(job) or objects_done / total
    if not LEAST_PART <= part < 1:
        return None
    return job.started_at + (at - job.started_at) / part


def _part_by_bytes(job: TransformJob) -> float | None:
    """The part of the input bytes whose output is written; None if not every size is known."""
    if not job.bytes_total:
        return None
    rows = job.planned.aggregate(known=Count("id"), written=Sum("size", filter=Q(done=True), default=0))
    return float(rows["written"] / job.bytes_total) if rows["known"] == job.objects_total else None
