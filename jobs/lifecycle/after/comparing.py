"""Compares the row counts of inputs and outputs after a job's end, a slice of its files at a time.

Each slice is saved at once, so a worker that dies has only the few files of its slice counted again.
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

#: One worker compares at a time, however many jobs have ended: the others start and follow jobs.
LEASE = timedelta(seconds=60)
#: After SECONDS it is another job's turn. A file that was begun is read until MOST_SECONDS, then left out.
SECONDS = 10.0
MOST_SECONDS = 35.0
#: Files read at once: an object store takes longer to answer than to send a small file.
AT_ONCE = 8
#: The pause after the service could not be reached, and the time after the job's end when no further try is made.
PAUSE = timedelta(seconds=60)
GIVE_UP = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _FileRows:
    """The rows of one file's input and output, or the error that kept them from being counted."""

    planned: PlannedObject
    rows: tuple[row_counts.Counted, row_counts.Counted] | None = None
    error: Exception | None = None


def schedule(job: TransformJob) -> None:
    """Schedule the comparison for an ended job whose request has rows and whose files are known."""
    limit = settings.ROWS_READ_LIMIT
    if not limit or not job.objects_done or not has_a_row_each(job.spec):
        return
    if (job.bytes_total or 0) <= limit:
        RowComparison.objects.get_or_create(job=job)
        return
    note = f"Rows were not compared: the input has {_mb(job.bytes_total or 0)}, and {_mb(limit)} at most are read."
    RowComparison.objects.get_or_create(job=job, defaults={"finished_at": timezone.now(), "note": note})


def due_jobs(limit: int = 1) -> list[int]:
    """Ids of the jobs whose rows are compared next; those that have waited longest come first."""
    waiting = RowComparison.objects.filter(due_at("try_at", PAUSE), finished_at=None)
    return list(waiting.order_by("try_at").values_list("job_id", flat=True)[:limit])


def compare_some(job_id: int) -> bool:
    """Compare some of the job's files; False if another task does, or if there is nothing to do."""
    lease = Lease.claim("rows", LEASE)
    if lease is None:
        return False
    try:
        comparisons = RowComparison.objects.select_related("job__connection")
        comparison = comparisons.filter(job=job_id, finished_at=None).first()
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
    # Written first: if this worker dies, other jobs are compared before this one is tried again.
    _put_off(comparison, PAUSE)
    try:
        with asking(job.connection) as target:
            _go_on(comparison, target)
    except (Throttled, Unreachable):
        return
    except GatewayError as error:
        _finish(comparison, f"Rows were not compared: {error.sentence}")


def _go_on(comparison: RowComparison, target: Target) -> None:
    """Compare batch after batch, until the slice's time, the files or the bytes are used up."""
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
                return _finish(comparison, _note_on_files_left_out(comparison))
            file_rows = _count_all(pool, comparison.job, bucket, batch, target, budget)
            is_late = any(isinstance(item.error, row_counts.OutOfTime) for item in file_rows)
            if is_late and not first:
                break
            if not _save(comparison, file_rows, settings.ROWS_READ_LIMIT - budget.bytes):
                return None
            note = _note_at_end(comparison, file_rows)
            if note:
                return _finish(comparison, note)
            first = False
    return _put_off(comparison, timedelta())


def _input_bucket(job: TransformJob, target: Target) -> str | None:
    try:
        return planning.input_bucket(job, target)
    except manifest.ManifestError:
        return None


def _next_files(comparison: RowComparison) -> list[PlannedObject]:
    written_files = comparison.job.planned.filter(done=True, position__gte=comparison.position)
    return list(written_files.order_by("position")[:AT_ONCE])


def _count_all(
    pool: ThreadPoolExecutor,
    job: TransformJob,
    bucket: str,
    batch: list[PlannedObject],
    target: Target,
    budget: row_counts.Budget,
) -> list[_FileRows]:
    """The rows of each file. Raises Throttled and Unreachable."""
    output_bucket, _ = keys.parse_s3_uri(job.output_path)
    gzip = job.spec.get("compression_type") == "Gzip"

    def count(planned: PlannedObject) -> _FileRows:
        places = (bucket, planned.key), (output_bucket, planned.output_key)
        try:
            rows = row_counts.count(
                row_counts.FilePair(*places, gzip, job.started_at, planned.etag), target, budget
            )
        except (row_counts.NotCounted, row_counts.OutOfBytes, row_counts.OutOfTime) as error:
            return _FileRows(planned, error=error)
        return _FileRows(planned, rows)

    return list(pool.map(count, batch))


def _save(comparison: RowComparison, file_rows: list[_FileRows], bytes_read: int) -> bool:
    """Write a batch's row counts and the position after it; False if another task has gone on meanwhile."""
    counted_files = [item for item in file_rows if item.rows is not None]
    values = {
        "position": file_rows[-1].planned.position + 1,
        "bytes_read": bytes_read,
        "skipped": comparison.skipped + len(file_rows) - len(counted_files),
    }
    with transaction.atomic():
        unchanged = RowComparison.objects.filter(
            pk=comparison.pk, position=comparison.position, finished_at=None
        )
        if unchanged.update(**values) != 1:
            return False
        for item in counted_files:
            if item.rows:
                item.planned.rows_in, item.planned.rows_out = (side.rows for side in item.rows)
        planned = [item.planned for item in counted_files]
        PlannedObject.objects.bulk_update(planned, ["rows_in", "rows_out"])
        _save_marks(counted_files)
        output_warnings.copy_row_counts(comparison.job, planned)
    for name, value in values.items():
        setattr(comparison, name, value)
    return True


def _save_marks(counted_files: list[_FileRows]) -> None:
    """Write where rows begin in large files: the results page finds a far row by it."""
    indexes = [
        RowIndex(planned=item.planned, side=name, etag=side.etag, marks=pack(side.marks))
        for item in counted_files
        for name, side in zip(("input", "output"), item.rows or (), strict=True)
        if len(side.marks) > 1
    ]
    unique = ["planned", "side"]
    RowIndex.objects.bulk_create(
        indexes, update_conflicts=True, unique_fields=unique, update_fields=["etag", "marks"]
    )


def _note_at_end(comparison: RowComparison, file_rows: list[_FileRows]) -> str:
    """A sentence that says why the other files are not tried; empty if they are."""
    if any(isinstance(item.error, row_counts.OutOfBytes) for item in file_rows):
        return f"Not all rows were compared: {_mb(settings.ROWS_READ_LIMIT)} were read, and no more may be."
    reasons = [item.error for item in file_rows if isinstance(item.error, row_counts.NotAllowed)]
    # If none of the first files may be read, the others may not be read either.
    if len(reasons) == comparison.skipped == len(file_rows):
        return f"Rows were not compared: {reasons[0]}"
    return ""


def _put_off(comparison: RowComparison, pause: timedelta) -> None:
    RowComparison.objects.filter(pk=comparison.pk, finished_at=None).update(try_at=timezone.now() + pause)


def _finish(comparison: RowComparison, note: str) -> None:
    """End the comparison, and renew the warnings of the job and of its earlier attempts."""
    job = comparison.job
    with transaction.atomic():
        unfinished = RowComparison.objects.filter(pk=comparison.pk, finished_at=None)
        if unfinished.update(finished_at=timezone.now(), note=note) == 1:
            if not note:
                _save_records(job)
            output_warnings.renew(job)
            output_warnings.renew_earlier_attempts(job)


def _save_records(job: TransformJob) -> None:
    """Write how many records the job read; call it when each input's rows are counted."""
    records = job.planned.filter(done=True).aggregate(all=Sum("rows_in"))["all"]
    TransformJob.objects.filter(pk=job.pk).update(records=records)


def _note_on_files_left_out(comparison: RowComparison) -> str:
    """Sentences that say which files were not compared; empty if all were."""
    sentences = []
    if (comparison.job.objects_total or 0) > PlannedObject.LIMIT:
        sentences.append(f"Only the first {PlannedObject.LIMIT:,} files were looked at.")
    if comparison.skipped:
        files = "1 file" if comparison.skipped == 1 else f"{comparison.skipped:,} files"
        sentences.append(
            f"Rows of {files} were not compared: removed, replaced, or not to be read since the job ended."
        )
    return " ".join(sentences)


def _mb(count: int) -> str:
    return f"{count / 1024 / 1024:,.1f} MB".replace(".0 ", " ")
