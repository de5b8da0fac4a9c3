"""Sends a requested stop to SageMaker."""

from __future__ import annotations

from aws import GatewayError, transforms
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import TransformJob
from jobs.states import JobState


def stop_remote(job_id: int) -> bool:
    """Ask SageMaker to stop a job whose stop was requested. False if it is to be tried again later."""
    job = TransformJob.objects.select_related("connection", "stop_requested_by").filter(pk=job_id).first()
    if job is None or job.state != JobState.IN_PROGRESS or job.stop_requested_at is None:
        return True
    try:
        with asking(job.connection, Pace.FIRST) as target:
            was_running = transforms.stop(target, job.name)
    except GatewayError as error:
        TransformJob.objects.filter(pk=job.pk, state=JobState.IN_PROGRESS).update(
            state_reason=f"The stop could not be sent yet: {error.sentence}"
        )
        return False
    # If it had ended already, the poller finds its end.
    if was_running:
        job.move(
            JobState.STOPPING,
            from_={JobState.IN_PROGRESS},
            reason=job.stop_reason,
            by=job.stop_requested_by,
        )
    return True
