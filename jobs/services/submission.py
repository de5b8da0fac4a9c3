"""Submitting a transform job: check, write, and wake a worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.models import Connection, JobEvent, RegisteredModel, TransformJob
from jobs.models.job import new_key
from jobs.services.errors import InvalidFields
from jobs.states import JobState
from jobs.tasks import enqueue, start_job
from teams import activity
from teams.models import ApiToken, Team, User
from transform.spec import SpecError, TransformSpec

#: SageMaker allows 50 tags; one of them marks the job as ours.
MAX_TAGS = 49
_NAME_LENGTH = 63


def submit(
    connection: Connection, spec: TransformSpec, *, by: User | None, token: ApiToken | None = None
) -> TransformJob:
    """Write the job as WAITING and, once that is committed, wake a worker to create it.

    The answer comes before SageMaker is asked; its `name` is final. Raises InvalidFields.
    """
    if len(spec.tags) > MAX_TAGS:
        raise InvalidFields(
            {"tags": [f"must be at most {MAX_TAGS}; SageMaker's fiftieth marks the job as ours."]}
        )
    key, now = new_key(), timezone.now()
    with transaction.atomic():
        job = TransformJob.objects.create(
            key=key,
            team=connection.team,
            connection=connection,
            model=RegisteredModel.objects.filter(connection=connection, name=spec.model_name).first(),
            model_name=spec.model_name,
            name=spec.name or remote_name(spec.model_name, key, now),
            spec=spec.to_fields(),
            submitted_by=by,
            created_at=now,
            changed_at=now,
        )
        JobEvent.objects.create(job=job, at=now, to_state=JobState.WAITING, by=by, reason="Submitted.")
        activity.record(connection.team, by, "job.submitted", job, token=token)
        enqueue(start_job, job.pk)
    return job


def submit_fields(
    team: Team, body: Mapping[str, Any], *, by: User | None, token: ApiToken | None = None
) -> TransformJob:
    """Submit from a request body: `connection` (a slug) beside the job's fields, or beside `request`.

    Raises InvalidFields, keyed by the body's own names.
    """
    connection, spec = parse(team, body)
    return submit(connection, spec, by=by, token=token)


def parse(team: Team, body: Mapping[str, Any]) -> tuple[Connection, TransformSpec]:
    """The connection and request that a body describes; InvalidFields names every problem at once."""
    fields = dict(body)
    slug = fields.pop("connection", None)
    problems: dict[str, list[str]] = {}
    connection = _connection(team, slug, problems)
    spec: TransformSpec | None = None
    try:
        spec = _spec(fields)
    except SpecError as error:
        problems |= {_public(name): list(texts) for name, texts in error.errors.items()}
    except InvalidFields as error:
        problems |= error.fields
    if problems or connection is None or spec is None:
        raise InvalidFields(problems)
    return connection, spec


def remote_name(model_name: str, key: str, at: datetime) -> str:
    """A transform job name that only this job can have: model, time in UTC and the key's beginning."""
    ending = f"-{at:%Y%m%d%H%M%S}-{key[:6]}"
    return model_name[: _NAME_LENGTH - len(ending)].rstrip("-") + ending


def _connection(team: Team, slug: object, problems: dict[str, list[str]]) -> Connection | None:
    if not isinstance(slug, str) or not slug:
        problems["connection"] = ["is required: the slug of one of the team's connections."]
        return None
    found = Connection.objects.for_team(team).filter(slug=slug).first()
    if found is None:
        known = ", ".join(Connection.objects.for_team(team).values_list("slug", flat=True)) or "none yet"
        problems["connection"] = [f"must be one of the team's connections ({known})."]
    return found


def _spec(fields: dict[str, Any]) -> TransformSpec:
    if "request" not in fields:
        if "model_name" in fields:
            raise InvalidFields({"model_name": ["is not a field here; use model."]})
        if "model" in fields:
            fields["model_name"] = fields.pop("model")
        return TransformSpec.from_fields(fields)
    request = fields.pop("request")
    if fields:
        raise InvalidFields({name: ["cannot be given beside request; put it inside."] for name in fields})
    if not isinstance(request, Mapping):
        raise InvalidFields({"request": ["must be an object: the CreateTransformJob JSON."]})
    return TransformSpec.from_request(request)


def _public(name: str) -> str:
    return "model" if name == "model_name" else name
