"""The end of a job, published once for whoever wants to act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.dispatch import Signal

if TYPE_CHECKING:
    from jobs.models.job import TransformJob

#: Sent once for each job that ends, after the commit, with `job_id` and `state`; the sender is TransformJob. A process
#: that is killed after the commit does not send it, so what must not be forgotten stands in the rows.
job_ended = Signal()


def publish_end(job: TransformJob, state: str) -> None:
    """Send `job_ended` when the transaction commits. `TransformJob.move` and `creating.create_job` call it."""
    sender, job_id = type(job), job.pk
    transaction.on_commit(lambda: job_ended.send_robust(sender, job_id=job_id, state=state), robust=True)
