"""Rows held against rows, after a job's end: a slice of its files at a time, and what was found kept at once.

A worker that dies has only to count again the few files that it was about.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from aws import GatewayError, Target, Throttled, Unreachable
from jobs.clock import due as due_at
from jobs.lifecycle.after import output_warnings, row_counts
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue import planning
from jobs.models import Lease, PlannedObject, RowComparison, RowIndex, TransformJob
from transform import keys, manifest
from transform.rowmarks import pack
from transform.rows import has_a_row_each

#: One worker compares at a time, whatever has ended: others are left to start and follow jobs.
LEASE = timedelta(seconds=60)
#: After this the other jobs' turn comes; a file that was begun is read on until the second, then left out.
SECONDS = 10.0
MOST_SECONDS = 35.0
#: Files read at once: an object store takes longer to answer than to send a small file.
AT_ONCE = 8
#: When it is tried again after the service could not be asked, and until when.
PAUSE = timedelta(seconds=60)
GIVE_UP = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of one file: its rows, or why there are none."""

    planned: PlannedObject
    rows: tuple[row_counts.Counted, row_counts.Counted] | None = None
    because: Exception | None = None


def begin(job: TransformJob) -> None:
    """Note that the ended job's rows are to be compared, if its request has rows, and its files are known."""
    limit = settings.ROWS_READ_LIMIT
    if not limit or not job.objects_done or not has_a_row_each(job.spec):
        return
    if (job.bytes_total or 0) <= limit:
        RowComparison.objects.get_or_create(job=job)
        return
    note = f"Rows were not compared: the input has {_mb(job.bytes_total or 0)}, and {_mb(limit)} at most are read."
    RowComparison.objects.get_or_create(job=job, defaults={"finished_at": timezone.now(), "note": note})


def due(limit: int = 1) -> list[int]:
    """Ids of the jobs whose rows are compared next: those that have waited longest."""
    waiting = RowComparison.objects.filter(due_at("try_at", PAUSE), finished_at=None)
    return list(waiting.order_by("try_at").values_list("job_id", flat=True)[:limit])


def compare_some(job_id: int) -> bool:
    """Compare some of the job's files; False if another task is at it, or there is nothing to do."""
    lease = Lease.claim("rows", LEASE)
    if lease is None:
        return False
    try:
        found = RowComparison.objects.select_related("job__connection").filter(job=job_id, finished_at=None)
        comparison = found.first()
        if comparison is not None:
            _try(comparison)
        return comparison is not None
    finally:
        lease.release()


def _try(comparison: RowComparison) -> None:
    job = comparison.job
    if job.ended_at and timezone.now() - job.ended_at > GIVE_UP:
        _finish(comparison, "Not all rows were compared: the files could not be read for hours.")
        return
    # Noted first: if this worker dies of it, others' turn comes before it is tried again.
    _later(comparison, PAUSE)
    try:
        with asking(job.connection) as target:
            _go_on(comparison, target)
    except (Throttled, Unreachable):
        return
    except GatewayError as error:
        _finish(comparison, f"Rows were not compared: {error.sentence}")


def _go_on(comparison: RowComparison, target: Target) -> None:
    """Batch after batch until the slice's time is over, or the files or the bytes are."""
    began = time.monotonic()
    budget = row_counts.Budget(settings.ROWS_READ_LIMIT - comparison.bytes_read, began + MOST_SECONDS)
    bucket = _input_bucket(comparison.job, target)
    if bucket is None:
        return _finish(comparison, "Rows were not compared: the manifest is no longer there, or has changed.")
    first = True
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while first or time.monotonic() < began + SECONDS:
            batch = _next_files(comparison)
            if not batch:
                return _finish(comparison, _left_out(comparison))
            found = _count_all(pool, comparison.job, bucket, batch, target, budget)
            late = any(isinstance(one.because, row_counts.OutOfTime) for one in found)
            if late and not first:
                break
            if not _keep(comparison, found, settings.ROWS_READ_LIMIT - budget.bytes):
                return None
            note = _why_to_end(comparison, found)
            if note:
                return _finish(comparison, note)
            first = False
    return _later(comparison, timedelta())


def _input_bucket(job: TransformJob, target: Target) -> str | None:
    try:
        return planning.input_bucket(job, target)
    except manifest.ManifestError:
        return None


def _next_files(comparison: RowComparison) -> list[PlannedObject]:
    written = comparison.job.planned.filter(done=True, position__gte=comparison.position)
    return list(written.order_by("position")[:AT_ONCE])


def _count_all(
    pool: ThreadPoolExecutor,
    job: TransformJob,
    bucket: str,
    batch: list[PlannedObject],
    target: Target,
    budget: row_counts.Budget,
) -> list[_Found]:
    """The rows of each file. Raises Throttled and Unreachable."""
    output_bucket, _ = keys.parse_s3_uri(job.output_path)
    gzip = job.spec.get("compression_type") == "Gzip"

    def found(planned: PlannedObject) -> _Found:
        places = (bucket, planned.key), (output_bucket, planned.output_key)
        try:
            counted = row_counts.count(
                row_counts.File(*places, gzip, job.started_at, planned.etag), target, budget
            )
        except (row_counts.NotCounted, row_counts.OutOfBytes, row_counts.OutOfTime) as error:
            return _Found(planned, because=error)
        return _Found(planned, counted)

    return list(pool.map(found, batch))


def _keep(comparison: RowComparison, found: list[_Found], bytes_read: int) -> bool:
    """Write what was found, and how far it went; False if another task was there first."""
    counted = [one for one in found if one.rows is not None]
    values = {
        "position": found[-1].planned.position + 1,
        "bytes_read": bytes_read,
        "skipped": comparison.skipped + len(found) - len(counted),
    }
    with transaction.atomic():
        here = RowComparison.objects.filter(pk=comparison.pk, position=comparison.position, finished_at=None)
        if here.update(**values) != 1:
            return False
        for one in counted:
            if one.rows:
                one.planned.rows_in, one.planned.rows_out = (side.rows for side in one.rows)
        PlannedObject.objects.bulk_update([one.planned for one in counted], ["rows_in", "rows_out"])
        _keep_marks(counted)
        output_warnings.tell_earlier_attempts(comparison.job, [one.planned for one in counted])
    for name, value in values.items():
        setattr(comparison, name, value)
    return True


def _keep_marks(counted: list[_Found]) -> None:
    """Where rows begin in what is large: whoever looks at the results goes to a far row by it."""
    kept = [
        RowIndex(planned=one.planned, side=name, etag=side.etag, marks=pack(side.marks))
        for one in counted
        for name, side in zip(("input", "output"), one.rows or (), strict=True)
        if len(side.marks) > 1
    ]
    unique = ["planned", "side"]
    RowIndex.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=unique, update_fields=["etag", "marks"]
    )


def _why_to_end(comparison: RowComparison, found: list[_Found]) -> str:
    """Why the rest is not worth a try, as a sentence; empty if it is."""
    if any(isinstance(one.because, row_counts.OutOfBytes) for one in found):
        return f"Not all rows were compared: {_mb(settings.ROWS_READ_LIMIT)} were read, and no more may be."
    reasons = [one.because for one in found if isinstance(one.because, row_counts.NotAllowed)]
    # What not one of the first files allows, the others will not allow either.
    if len(reasons) == comparison.skipped == len(found):
        return f"Rows were not compared: {reasons[0]}"
    return ""


def _later(comparison: RowComparison, pause: timedelta) -> None:
    RowComparison.objects.filter(pk=comparison.pk, finished_at=None).update(try_at=timezone.now() + pause)


def _finish(comparison: RowComparison, note: str) -> None:
    """End it, and say on the job and on earlier attempts what does not agree."""
    job = comparison.job
    with transaction.atomic():
        open_one = RowComparison.objects.filter(pk=comparison.pk, finished_at=None)
        if open_one.update(finished_at=timezone.now(), note=note) == 1:
            if not note:
                _tell_records(job)
            output_warnings.settle(job)
            output_warnings.settle_earlier_attempts(job)


def _tell_records(job: TransformJob) -> None:
    """Keep how many records the job read, now that each input's are known."""
    records = job.planned.filter(done=True).aggregate(all=Sum("rows_in"))["all"]
    TransformJob.objects.filter(pk=job.pk).update(records=records)


def _left_out(comparison: RowComparison) -> str:
    """Which files were not compared, in sentences; empty if all were."""
    said = []
    if (comparison.job.objects_total or 0) > PlannedObject.LIMIT:
        said.append(f"Only the first {PlannedObject.LIMIT:,} files were looked at.")
    if comparison.skipped:
        files = "1 file" if comparison.skipped == 1 else f"{comparison.skipped:,} files"
        said.append(
            f"Rows of {files} were not compared: removed, replaced, or not to be read since the job ended."
        )
    return " ".join(said)


def _mb(count: int) -> str:
    return f"{count / 1024 / 1024:,.1f} MB".replace(".0 ", " ")
