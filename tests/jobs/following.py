"""Following a job to its end, as the worker's tasks would."""

from __future__ import annotations

import time

from jobs.lifecycle.follow import polling
from jobs.models import Connection, TransformJob


def follow(job: TransformJob, seconds: float = 120) -> TransformJob:
    """Poll the job's connection until the job has ended; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        poll_now(job.connection)
        job.refresh_from_db()
        if job.is_terminal:
            return job
        time.sleep(0.1)
    raise AssertionError(f"still {job.state} after {seconds} s: {job.state_reason}")


def poll_now(connection: Connection) -> polling.PollResult:
    """Poll without waiting for the connection's interval."""
    Connection.objects.filter(pk=connection.pk).update(polled_at=None)
    return polling.poll(connection.pk)
