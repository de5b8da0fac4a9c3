"""Archive an ended job, so that lists leave it out, and restore it. Nothing is deleted."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from jobs.models import TransformJob
from jobs.services.errors import NotPossible
from jobs.states import TERMINAL
from teams import activity
from teams.models import ApiToken, User


def archive(job: TransformJob, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Archive the job; raises NotPossible if it has not ended or is archived already."""
    now = timezone.now()
    rows = TransformJob.objects.filter(pk=job.pk, overall_state__in=TERMINAL, archived_at=None)
    with transaction.atomic():
        if rows.update(archived_at=now, archived_by=by, changed_at=now) != 1:
            job.refresh_from_db()
            raise NotPossible(
                "This job is archived already."
                if job.archived_at
                else "Only a job that has ended can be archived. Stop it, or wait for its end."
            )
        return _record_move(job, by, token, "job.archived", f"Archived by {by.label}.")


def restore(job: TransformJob, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Restore the job; raises NotPossible if it is not archived."""
    rows = TransformJob.objects.filter(pk=job.pk, archived_at__isnull=False)
    with transaction.atomic():
        if rows.update(archived_at=None, archived_by=None, changed_at=timezone.now()) != 1:
            raise NotPossible("This job is not archived.")
        return _record_move(job, by, token, "job.restored", f"Brought back from the archive by {by.label}.")


def _record_move(job: TransformJob, by: User, token: ApiToken | None, verb: str, text: str) -> TransformJob:
    job.refresh_from_db()
    job.note(text)
    activity.record(job.team, by, verb, job, token=token)
    return job
