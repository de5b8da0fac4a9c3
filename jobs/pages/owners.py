"""The owner of a job, in words for the person who looks."""

from __future__ import annotations

from jobs.models import TransformJob
from jobs.services.listing import history
from teams.access import MemberRequest


def owner(request: MemberRequest, job: TransformJob) -> str:
    """Who submitted the job: you, a name, or somebody that Batchdeck does not know."""
    if job.submitted_by_id is not None and job.submitted_by_id == request.user.pk:
        return "you"
    return history.submitter(job) or "somebody outside Batchdeck"
