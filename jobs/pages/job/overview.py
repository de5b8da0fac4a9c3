"""The Overview tab: state, cause of a failure, settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.costs import amount, instance_seconds
from jobs.forms.job_fields import job_fields
from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job, show
from jobs.pages.phases import phases
from jobs.pages.polling import is_poll
from jobs.pages.sentences import rows_sentence
from jobs.services import files, object_map
from jobs.services.attempts import failure_report, like_jobs
from jobs.services.listing import typical
from jobs.states import MEANING, JobState
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def overview(request: MemberRequest, key: str) -> HttpResponse:
    """Progress, times, settings, and the cause of a failure. The page of a trial goes on to its results."""
    job = find_job(request.team, key)
    if job.trial_run and is_poll(request) and job.state == JobState.COMPLETED:
        # Its page was open when it ended.
        return HttpResponse(headers={"HX-Redirect": reverse("job-results", args=[job.key])})
    rows, counts, merged = queries.rows(job), files.counts(job), queries.merged(job)
    context = {
        "timeline": queries.timeline(job),
        "phases_of_attempts": [(attempt, phases(attempt)) for attempt in _shown_attempts(job, merged)],
        "files": counts,
        "missing": _missing(job, merged, counts),
        "rows": rows,
        "rows_sentence": rows_sentence(rows),
        "meaning": MEANING[JobState(job.state)],
        "spec": job.spec,
        "map": object_map.object_map(merged.planned_by, active=merged.is_active),
        "map_job": merged.planned_by,
        "typical": typical.typical_seconds([job]).get(job.model_id or 0),
        "cost_at_end": _cost_at_end(job),
        **_failure(job, merged),
    }
    return show(request, job, "overview", context, merged=merged)


def _shown_attempts(job: TransformJob, merged: queries.Merged) -> tuple[TransformJob, ...]:
    """The attempts whose times the timeline shows: all on the first one's page, else only this one."""
    return merged.attempts if job.root_id is None else (job,)


def _missing(job: TransformJob, merged: queries.Merged, counts: files.FileCounts) -> int | None:
    """The number of missing outputs; None if they were not counted.

    It is counted from the files if all are known, else from the counts of attempts at all files.
    """
    total = job.objects_total or 0
    if counts.listed >= total:
        return counts.missing
    tries = [attempt for attempt in merged.attempts if attempt.objects_total == total]
    counted = [attempt.objects_done for attempt in tries if attempt.objects_done is not None]
    if not counted and not merged.is_active:
        return counts.missing or None
    return max(counts.missing, total - max(counted, default=0))


def _failure(job: TransformJob, merged: queries.Merged) -> dict[str, Any]:
    """The cause of a failure and the change to try, with the form's label of its field.

    A job with several attempts has the failure of its decisive attempt, and none if all outputs exist.
    """
    failed = merged.decisive if job.root_id is None else job
    failure = None if merged.as_whole(job).state == JobState.COMPLETED else failure_report.failure_of(failed)
    if failure is None:
        return {"failure": None, "failed": failed}
    context: dict[str, Any] = {"failure": failure, "failed": failed}
    if failure.is_known:
        context["same_cause"] = like_jobs.same_cause(failed)
        context["same_cause_link"] = urlencode({"cause": failure.cause, "since": f"{like_jobs.DAYS}d"})
    if failure.change is None:
        return context
    label = job_fields()[failure.change.field].label
    url = failure_report.try_url(job, failure.change)
    evidence = like_jobs.evidence(failed, failure.change)
    return {**context, "change_label": label, "try_url": url, "evidence": evidence}


def _cost_at_end(job: TransformJob) -> Decimal | None:
    """What a running job will have cost when its last output is expected; None if that or its price is not known."""
    end = job.expected_end
    if end is None or job.started_at is None or job.price_now is None:
        return None
    return amount(instance_seconds(job.started_at, end, job.instance_count), job.price_now)
