"""Stop a job, or withdraw it while it waits."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from jobs import queries
from jobs.models import TransformJob
from jobs.services.errors import NotPossible
from jobs.states import ACTIVE, JobState
from jobs.tasks import enqueue, stop_job
from teams import activity
from teams.models import ApiToken, User


def stop(job: TransformJob, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Withdraw a waiting job at once; for a running one store the request and wake a worker to pass it on.

    Of a job with several attempts the active one is stopped. A repeated request changes nothing. Raises NotPossible
    if the job has ended.
    """
    under_way = queries.attempts(job).filter(state__in=ACTIVE).first() if job.joint_state in ACTIVE else None
    if under_way is not None:
        stop(under_way, by=by, token=token)
        job.refresh_from_db()
        return job
    with transaction.atomic():
        # With the row locked, a worker cannot move the job between our two queries.
        TransformJob.objects.select_for_update().get(pk=job.pk)
        reason = f"Withdrawn by {by.label} while waiting."
        if job.move(
            JobState.CANCELLED, from_={JobState.WAITING}, reason=reason, by=by, ended_at=timezone.now()
        ):
            activity.record(job.team, by, "job.cancelled", job, token=token)
            return job
        job.refresh_from_db()
        if job.is_terminal:
            raise NotPossible(f"This job has ended already: it is {job.get_state_display().lower()}.")
        now = timezone.now()
        wished = TransformJob.objects.filter(
            pk=job.pk, state__in={JobState.SUBMITTING, JobState.IN_PROGRESS}, stop_requested_at=None
        )
        if wished.update(stop_requested_at=now, stop_requested_by=by, changed_at=now) == 1:
            activity.record(job.team, by, "job.stop_requested", job, token=token)
            enqueue(stop_job, job.pk)
    job.refresh_from_db()
    return job
