"""Who did what with a job: the acts of people, as they were written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from jobs.models import TransformJob
from jobs.states import Origin
from teams.models import Activity

MOST = 200
#: What a person did, in words that follow the person's name.
_SAID = {
    "job.submitted": "submitted it",
    "job.cancelled": "withdrew it before it started",
    "job.stop_requested": "asked to stop it",
    "job.archived": "put it away from lists",
    "job.restored": "brought it back to lists",
}
#: The same where another job was made of this one; what came of that, its own state says.
_MADE_OF_IT = {
    Origin.CLONE: "cloned it as",
    Origin.FINISH: "started attempt {}, for its missing outputs:",
    Origin.RETRY: "started attempt {}, for all of it again:",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One act: `who` names the person, or says that there is none, `token` the API token that was used, if one was.

    `job` is another job that came of it; None if there is none.
    """

    at: datetime
    verb: str
    who: str
    token: str
    said: str
    job: TransformJob | None


def acts(job: TransformJob) -> tuple[Act, ...]:
    """The latest acts upon the job, newest first, and those by which other jobs were made of it."""
    made = TransformJob.objects.for_team(job.team).filter(Q(parent=job) | Q(root=job)).exclude(pk=job.pk)
    from_it = {one.key: one for one in made.order_by("-id")[:MOST]}
    about = Q(object_id=job.key) | Q(object_id__in=list(from_it), verb="job.submitted")
    rows = Activity.objects.filter(about, team=job.team_id, object_kind=TransformJob._meta.model_name)
    return tuple(
        _act(job, row, from_it.get(row.object_id))
        for row in rows.select_related("user", "token").order_by("-id")[:MOST]
    )


def submitter(job: TransformJob) -> str:
    """Who submitted the job, as a person is told; empty for one made outside."""
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


def _act(job: TransformJob, row: Activity, made: TransformJob | None) -> Act:
    token = row.token.name if row.token else ""
    if made is not None:
        said = _MADE_OF_IT.get(Origin(made.origin), "made of it").format(made.attempt)
        return Act(row.at, row.verb, row.who, token, said, made)
    said = _SAID.get(row.verb, row.verb)
    if row.verb == "job.submitted" and job.parent is not None:
        return Act(
            row.at, row.verb, row.who, token, f"{said}: {job.get_origin_display().lower()}, of", job.parent
        )
    return Act(row.at, row.verb, row.who, token, said, None)
