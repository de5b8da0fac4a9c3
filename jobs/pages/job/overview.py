"""The first tab of a job's page: how it stands, why it failed, what it was asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.forms.job_fields import job_fields
from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job, show
from jobs.pages.phases import phases
from jobs.pages.sentences import rows_sentence
from jobs.services import files
from jobs.services.attempts import failure_report
from jobs.states import MEANING, JobState
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def overview(request: MemberRequest, key: str) -> HttpResponse:
    """Progress, times, settings, the reason of a failure."""
    job = find_job(request.team, key)
    rows, known, merged = queries.rows(job), files.counts(job), queries.merged(job)
    context = {
        "timeline": queries.timeline(job),
        "phases": phases(job),
        "files": known,
        "missing": _missing(job, merged, known),
        "rows": rows,
        "rows_sentence": rows_sentence(rows),
        "meaning": MEANING[JobState(job.state)],
        "spec": job.spec,
        **_failure(job, merged),
    }
    return show(request, job, "overview", context, merged=merged)


def _missing(job: TransformJob, merged: queries.Merged, known: files.FileCounts) -> int | None:
    """How many outputs are not there; None where they were not counted.

    Of the files where all are known one by one, else by what the attempts at all of them have counted.
    """
    total = job.objects_total or 0
    if known.known >= total:
        return known.missing
    tries = [one for one in merged.attempts if one.objects_total == total]
    counted = [one.objects_done for one in tries if one.objects_done is not None]
    if not counted and not merged.is_active:
        return known.missing or None
    return max(known.missing, total - max(counted, default=0))


def _failure(job: TransformJob, merged: queries.Merged) -> dict[str, Any]:
    """The cause of a failure, and what is to be tried under the name that the form has for it.

    A job of several attempts failed as the last one that ran did; if the outputs are all there, it did not.
    """
    failed = merged.decisive if job.root_id is None else job
    failure = None if merged.as_whole(job).state == JobState.COMPLETED else failure_report.failure_of(failed)
    if failure is None or failure.change is None:
        return {"failure": failure, "failed": failed}
    label = job_fields()[failure.change.field].label
    url = failure_report.try_url(job, failure.change)
    return {"failure": failure, "failed": failed, "change_label": label, "try_url": url}
