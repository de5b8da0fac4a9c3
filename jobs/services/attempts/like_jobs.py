"""What other jobs tell about a failure: those with the same cause, and whether the change to try has worked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from jobs import queries
from jobs.models import TransformJob
from jobs.services.attempts.failure_report import ToTry
from jobs.states import JobState

#: Jobs with the same cause that are named, and how long ago they were submitted.
MOST, DAYS = 4, 30
#: The latest jobs of the model that may show whether a change works.
_LATEST = 200


@dataclass(frozen=True, slots=True)
class SameCause:
    """The latest other jobs with the cause, and the number of all of them within DAYS, up to `queries.COUNTED` + 1."""

    jobs: list[TransformJob]
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many ended jobs of the model had the changed value, and how many of them completed."""

    completed: int
    ended: int


def same_cause(job: TransformJob) -> SameCause:
    """The other jobs of the team that failed for the job's cause in the last DAYS days; two queries."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = queries.jobs(job.team).filter(overall_cause=job.cause, created_at__gte=since, root=None)
    other_jobs = rows.exclude(pk=job.first_id)
    return SameCause([queries.whole(other_job) for other_job in other_jobs[:MOST]], queries.count(other_jobs))


def evidence(job: TransformJob, change: ToTry) -> Evidence:
    """Whether the latest jobs of the model that had the changed value completed; one query."""
    rows = TransformJob.objects.filter(
        team=job.team_id,
        model_name=job.model_name,
        root=None,
        overall_state__in=(JobState.COMPLETED, JobState.FAILED),
    )
    latest = rows.order_by("-created_at", "-id").values_list("overall_state", f"spec__{change.field}")[
        :_LATEST
    ]
    states = [state for state, value in latest if ("" if value is None else str(value)) == change.value]
    return Evidence(states.count(JobState.COMPLETED), len(states))
