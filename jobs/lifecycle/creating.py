"""Writes the row of a transform job, whether a person submits it, it is retried, or it was found in SageMaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.models import Connection, JobEvent, RegisteredModel, TransformJob
from jobs.models.job_end import publish_end
from jobs.models.job_values import attempt_name, new_key, remote_name
from jobs.states import JobState, Origin
from teams.models import User


@dataclass(frozen=True, slots=True)
class Lineage:
    """The job that a new job comes from, and how. `root` and `attempt` are for an attempt after the first.

    `key` is the new job's key, if the caller had to know it before.
    """

    parent: TransformJob
    origin: Origin
    root: TransformJob | None = None
    attempt: int = 1
    key: str = ""

    def columns(self) -> dict[str, Any]:
        """The columns of the new job that hold its lineage."""
        columns = {
            "parent": self.parent,
            "origin": self.origin,
            "root": self.root,
            "attempt": self.attempt,
        }
        if self.root is None:
            return columns
        # A further attempt is the same job.
        return {
            **columns,
            "preset_id": self.parent.preset_id,
            "preset_used": self.parent.preset_used,
            "deployment": self.parent.deployment,
        }

    @property
    def sentence(self) -> str:
        """The reason in the first entry of the timeline."""
        if self.root is None:
            return f"Submitted; cloned from {self.parent.name}."
        return f"Submitted as attempt {self.attempt} of {self.root.name}."


def columns_of_request(connection: Connection, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that follow from the connection and the request, by attribute name (`team_id`)."""
    return {
        "team_id": connection.team_id,
        "connection_id": connection.pk,
        "model_name": spec.get("model_name", ""),
        "spec": spec,
        "instance_type": spec.get("instance_type", ""),
        "instance_count": spec.get("instance_count", 1),
    }


def create_job(
    connection: Connection,
    spec: dict[str, Any],
    *,
    reason: str,
    by: User | None = None,
    lineage: Lineage | None = None,
    **columns: Any,
) -> TransformJob:
    """Write a job and the first entry of its timeline, together. `columns` replace what is derived here.

    `spec` is the request in the SageMaker SDK's field names, `reason` the entry's sentence, and `by` the person
    who acts now. Raises IntegrityError where another job of the connection has the name.
    """
    now, key = timezone.now(), (lineage and lineage.key) or new_key()
    values = {
        "key": key,
        "created_at": now,
        "changed_at": now,
        "submitted_by_id": by and by.pk,
        **columns_of_request(connection, spec),
        **(lineage.columns() if lineage else {}),
        **columns,
    }
    if "model_id" not in values:
        models = RegisteredModel.objects.filter(connection=connection, name=values["model_name"])
        values["model"] = models.first()
    if "name" not in values:
        values["name"] = spec.get("name") or _new_name(connection, values["model_name"], key, now, lineage)
    job = TransformJob(**values)
    job.team, job.connection = connection.team, connection
    if by is not None:
        job.submitted_by = by
    with transaction.atomic(savepoint=False):
        job.save()
        JobEvent.objects.create(job=job, at=now, to_state=JobState(job.state), by=by, reason=reason)
        if job.is_terminal:
            publish_end(job, job.state)
    return job


def next_attempt_of(job: TransformJob, first: TransformJob, *, reason: str, **changes: Any) -> TransformJob:
    """Write the attempt after `job`, the latest of those that began with `first`.

    It asks for all that `job` asked for, but for `changes` of its columns and a name that was chosen.
    """
    lineage = Lineage(job, Origin.RETRY, root=first, attempt=job.attempt + 1)
    spec = {name: value for name, value in job.spec.items() if name != "name"}
    columns = {name: value for name, value in job.request_columns().items() if name != "spec"} | changes
    return create_job(job.connection, spec, reason=reason, lineage=lineage, **columns)


def job_named(connection: Connection, name: str | None) -> TransformJob | None:
    """The connection's job that has used up this name; a job that never got to SageMaker has not."""
    unused = {JobState.REJECTED, JobState.CANCELLED}
    return TransformJob.objects.filter(connection=connection, name=name).exclude(state__in=unused).first()


def _new_name(
    connection: Connection, model_name: str, key: str, now: datetime, lineage: Lineage | None
) -> str:
    """The name of a job without a chosen one. A further attempt has the first attempt's name and its number."""
    if lineage is None or lineage.root is None:
        return remote_name(model_name, key, now)
    name = attempt_name(lineage.root.name, lineage.attempt)
    return attempt_name(lineage.root.name, lineage.attempt, key) if job_named(connection, name) else name
