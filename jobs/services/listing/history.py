"""Who did what with a job: the recorded acts of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from jobs.models import TransformJob
from jobs.states import Origin
from teams.models import Activity

MOST = 200
#: Verbs of acts in words that follow the person's name.
_VERB_TEXTS = {
    "job.submitted": "submitted it",
    "job.cancelled": "withdrew it before it started",
    "job.stop_requested": "asked to stop it",
    "job.archived": "put it away from lists",
    "job.restored": "brought it back to lists",
    "job.tagged": "changed its tags",
    "job.search_begun": "began a search for its bad records",
    "job.search_stopped": "stopped a search for its bad records",
    "job.run_without_bad": "ran an object without its bad records",
    "job.check_added": "added an output check of its model",
    "job.check_removed": "removed an output check of its model",
    "job.accepted": "accepted its held outputs",
    "job.refused": "refused its held outputs",
    "job.columns_named": "named the columns of its model",
}
#: Words for an act that made another job of this one.
_NEW_JOB_TEXTS = {
    Origin.CLONE: "cloned it as",
    Origin.SEARCH: "searched its bad records with",
    Origin.FINISH: "started attempt {}, for its missing outputs:",
    Origin.RETRY: "started attempt {}, for all of it again:",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a person: `who` in words, `text` what was done, `token` the API token or empty.

    `job` is the other job that the act made, or that this job was made of; None without one.
    """

    at: datetime
    verb: str
    who: str
    token: str
    text: str
    job: TransformJob | None


def acts(job: TransformJob) -> tuple[Act, ...]:
    """The latest acts on the job and those that made other jobs of it, newest first."""
    new_jobs = TransformJob.objects.for_team(job.team).filter(Q(parent=job) | Q(root=job)).exclude(pk=job.pk)
    jobs_by_key = {new_job.key: new_job for new_job in new_jobs.order_by("-id")[:MOST]}
    about = Q(object_id=job.key) | Q(object_id__in=list(jobs_by_key), verb="job.submitted")
    rows = Activity.objects.filter(about, team=job.team_id, object_kind=TransformJob._meta.model_name)
    return tuple(
        _act(job, row, jobs_by_key.get(row.object_id))
        for row in rows.select_related("user", "token").order_by("-id")[:MOST]
    )


def submitter(job: TransformJob) -> str:
    """The name of the person who submitted the job, or words for nobody; empty for a job made outside."""
    if job.external:
        return ""
    if job.submitted_by is not None:
        return job.submitted_by.label
    kind = TransformJob._meta.model_name
    rows = Activity.objects.filter(
        team=job.team_id, object_kind=kind, object_id=job.key, verb="job.submitted"
    )
    row = rows.first()
    return row.who if row else "someone who left"


def _act(job: TransformJob, row: Activity, new_job: TransformJob | None) -> Act:
    token = row.token.name if row.token else ""
    if new_job is not None:
        text = _NEW_JOB_TEXTS.get(Origin(new_job.origin), "made of it").format(new_job.attempt)
        return Act(row.at, row.verb, row.who, token, text, new_job)
    text = _VERB_TEXTS.get(row.verb, row.verb)
    if row.verb == "job.submitted" and job.parent is not None:
        return Act(
            row.at, row.verb, row.who, token, f"{text}: {job.get_origin_display().lower()}, of", job.parent
        )
    return Act(row.at, row.verb, row.who, token, text, None)
