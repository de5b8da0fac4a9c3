"""Warnings of an ended job: missing outputs, and inputs and outputs with different numbers of rows."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from jobs import queries
from jobs.models import PlannedObject, TransformJob
from jobs.models.job_warnings import JobWarning, job_warning
from jobs.states import RAN, JobState, WarningCode
from transform import keys

#: The most files that a warning names.
NAMED = 3


def missing_outputs(job: TransformJob, missing: int, total: int) -> JobWarning:
    """A warning that names missing outputs, by their keys below the output path."""
    return job_warning(WarningCode.OUTPUTS_MISSING, _missing_sentence(job, missing, total))


def _missing_sentence(job: TransformJob, missing: int, total: int) -> str:
    rows = job.planned.filter(done=False).order_by("position").values_list("output_key", flat=True)
    named = [_name(job, key) for key in rows[:NAMED]]
    sentence = f"{missing:,} of {total:,} outputs are missing"
    # A plan may be kept in part: then outputs without a row may be missing too.
    if not named or len(named) > missing:
        return f"{sentence}."
    return f"{sentence}: {_listed(named, missing)}."


def _row_warnings(job: TransformJob) -> list[JobWarning]:
    """A warning that names the inputs whose outputs have another number of rows; none if no such input is known."""
    differing = queries.rows_differing(job)
    count = differing.count()
    if not count:
        return []
    named = [
        f"{_name(job, row.output_key)} ({row.rows_in:,} in, {row.rows_out:,} out)"
        for row in differing[:NAMED]
    ]
    sentence = f"{count:,} row counts differ" if count > 1 else "1 row count differs"
    return [job_warning(WarningCode.ROWS_DIFFER, f"{sentence}: {_listed(named, count)}.")]


def renew(job: TransformJob) -> None:
    """Renew the warning about rows; the other warnings stay."""
    _write(job, [warning for warning in job.warnings if warning["code"] != WarningCode.ROWS_DIFFER])


def replace(job: TransformJob, code: WarningCode, sentences: list[str]) -> None:
    """Write these warnings in the place of all with the code; the other warnings stay."""
    job.refresh_from_db(fields=["warnings"])
    other_warnings = [warning for warning in job.warnings if warning["code"] != code]
    if not sentences and len(other_warnings) == len(job.warnings):
        return
    job.warnings = other_warnings + [job_warning(code, sentence) for sentence in sentences]
    job.changed_at = timezone.now()
    TransformJob.objects.filter(pk=job.pk).update(warnings=job.warnings, changed_at=job.changed_at)
    queries.settle(job)


def renew_earlier_attempts(job: TransformJob) -> None:
    """Renew the warnings of earlier attempts, whose missing outputs this attempt may have written."""
    if job.root_id is None:
        return
    for earlier in queries.attempts(job).filter(attempt__lt=job.attempt, state__in=RAN):
        total = earlier.objects_total
        if total is None or total != earlier.planned.count():
            continue
        missing = earlier.planned.filter(done=False).count() if earlier.state == JobState.COMPLETED else 0
        _write(earlier, [missing_outputs(earlier, missing, total)] if missing else [])


def _write(job: TransformJob, output_warnings: list[JobWarning]) -> None:
    # The page knows by `changed_at` that there is something to see.
    job.warnings, job.changed_at = [*output_warnings, *_row_warnings(job)], timezone.now()
    TransformJob.objects.filter(pk=job.pk).update(warnings=job.warnings, changed_at=job.changed_at)
    queries.settle(job)


def copy_row_counts(job: TransformJob, planned: Iterable[PlannedObject]) -> None:
    """Copy the row counts of outputs that this attempt wrote to the plans of earlier attempts."""
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
