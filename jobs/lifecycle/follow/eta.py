"""When a running job's last output can be expected: from what is written of how much, since when."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, Sum

from jobs.models import TransformJob

#: Fewer outputs, or a smaller part of the input, say nothing: models take their time to load.
LEAST_OUTPUTS = 3
LEAST_PART = 0.05


def expected_end(job: TransformJob, done: int, at: datetime) -> datetime | None:
    """The job's expected end, if `done` outputs were there `at` this time; None while there is too little to say.

    What is left is expected to go as fast as what is written did, byte by byte of the input; object by object
    where not every size is known.
    """
    whole = job.plan_complete and job.objects_total
    if not whole or job.started_at is None or done < LEAST_OUTPUTS or done >= whole:
        return None
    part = _part_by_bytes(job) or done / whole
    if not LEAST_PART <= part < 1:
        return None
    return job.started_at + (at - job.started_at) / part


def _part_by_bytes(job: TransformJob) -> float | None:
    """How much of the input has its output; None where not all of it is known."""
    if not job.bytes_total:
        return None
    rows = job.planned.aggregate(known=Count("id"), written=Sum("size", filter=Q(done=True), default=0))
    return float(rows["written"] / job.bytes_total) if rows["known"] == job.objects_total else None
