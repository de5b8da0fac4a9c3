"""What does not agree in an ended job: outputs that are missing, rows that differ. Sentences that name files."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from jobs import queries
from jobs.models import PlannedObject, TransformJob
from jobs.states import RAN, JobState
from transform import keys

#: Files that a warning names.
NAMED = 3
_ROWS = "row count"


def gaps(job: TransformJob, missing: int, total: int) -> str:
    """Which outputs are missing, by what their keys have below the output path."""
    rows = job.planned.filter(done=False).order_by("position").values_list("output_key", flat=True)
    named = [_name(job, key) for key in rows[:NAMED]]
    sentence = f"{missing:,} of {total:,} outputs are missing"
    # Of a plan that is kept in part, the rows that are not written need not be the only ones.
    if not named or len(named) > missing:
        return f"{sentence}."
    return f"{sentence}: {_listed(named, missing)}."


def row_differences(job: TransformJob) -> str:
    """Which inputs have another number of rows than their outputs; empty if none is known to."""
    differing = queries.rows_differing(job)
    count = differing.count()
    if not count:
        return ""
    named = [
        f"{_name(job, row.output_key)} ({row.rows_in:,} in, {row.rows_out:,} out)"
        for row in differing[:NAMED]
    ]
    sentence = f"{count:,} row counts differ" if count > 1 else "1 row count differs"
    return f"{sentence}: {_listed(named, count)}."


def settle(job: TransformJob) -> None:
    """Say anew what the rows tell; the rest of the warnings stays."""
    _write(job, [text for text in job.warnings if _ROWS not in text.partition(":")[0]])


def settle_earlier_attempts(job: TransformJob) -> None:
    """Say anew what earlier attempts lack, since this one wrote some of it."""
    if job.root_id is None:
        return
    for earlier in queries.attempts(job).filter(attempt__lt=job.attempt, state__in=RAN):
        total = earlier.objects_total
        if total is None or total != earlier.planned.count():
            continue
        missing = earlier.planned.filter(done=False).count() if earlier.state == JobState.COMPLETED else 0
        _write(earlier, [gaps(earlier, missing, total)] if missing else [])


def _write(job: TransformJob, others: list[str]) -> None:
    found = row_differences(job)
    # The page knows by `changed_at` that there is something to see.
    job.warnings, job.changed_at = [*others, found] if found else others, timezone.now()
    TransformJob.objects.filter(pk=job.pk).update(warnings=job.warnings, changed_at=job.changed_at)
    queries.settle(job)


def tell_earlier_attempts(job: TransformJob, planned: Iterable[PlannedObject]) -> None:
    """The rows of an output that this attempt wrote are those of the earlier ones too."""
    if job.root_id is None:
        return
    earlier = list(queries.attempts(job).filter(attempt__lt=job.attempt).values_list("pk", flat=True))
    for row in planned:
        same = PlannedObject.objects.filter(job__in=earlier, output_key=row.output_key)
        same.update(rows_in=row.rows_in, rows_out=row.rows_out)


def _name(job: TransformJob, output_key: str) -> str:
    _, prefix = keys.parse_s3_uri(job.output_path)
    return output_key.removeprefix(keys.output_folder(prefix)).removesuffix(keys.OUTPUT_SUFFIX)


def _listed(named: list[str], count: int) -> str:
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return f"{', '.join(named)}{more}"
