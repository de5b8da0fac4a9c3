"""The CreateTransformJob requests of jobs, as pages and the API show them."""

from __future__ import annotations

from typing import Any

from jobs.lifecycle.queue import starting
from jobs.models import TransformJob


def original_request(job: TransformJob) -> dict[str, Any]:
    """The request that the person made, under the job's final name and with the instance type that was used last."""
    return starting.submitted_request(job)


def sent_request(job: TransformJob) -> dict[str, Any]:
    """The request as SageMaker gets it: the original one and the tags that mark the job as ours."""
    return starting.creation_request(job)
