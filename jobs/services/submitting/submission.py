"""Submitting a transform job: check, write, and wake a worker."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction

from jobs import queries
from jobs.lifecycle.after import costing
from jobs.lifecycle.creating import Lineage as Lineage
from jobs.lifecycle.creating import create_job, job_named
from jobs.models import Connection, Preset, TransformJob
from jobs.models.job_values import MAX_TAGS, OWN_TAGS
from jobs.options import RunOptions
from jobs.services.errors import InvalidFields, NameTaken
from jobs.services.submitting.job_options import NAMES, take_options
from jobs.states import Origin
from jobs.tasks import enqueue, start_job
from teams import activity
from teams.models import ApiToken, Team, User
from transform.rule_texts import REQUIRED, RuleText
from transform.spec import SpecError, TransformSpec

#: Every field that the body of a submission may have.
FIELDS = (
    *("connection", "preset", "request", "model"),
    *(item.name for item in dataclasses.fields(TransformSpec) if item.name != "model_name"),
    *NAMES,
    "replace_outputs",
)


def submit(
    connection: Connection,
    spec: TransformSpec,
    options: RunOptions = RunOptions(),  # noqa: B008  # frozen
    *,
    by: User | None,
    token: ApiToken | None = None,
    lineage: Lineage | None = None,
    preset: Preset | None = None,
    reason: str = "Submitted.",
    deployment: str = "",
    origin: Origin = Origin.NEW,
) -> TransformJob:
    """Write the job as WAITING and, once that is committed, wake a worker to create it.

    `preset` is only recorded; `presets.check_locked` checks its locks. `reason` begins the timeline of a job without a
    lineage, which has the job's origin; without one it is `origin`. `deployment` marks the run of a stage. The job is
    returned before SageMaker creates it, and its name is final. Raises InvalidFields, as NameTaken if another job
    of the connection has the name.
    """
    # A request that was copied from another job's answer has that job's own tags.
    spec = replace(spec, tags={key: value for key, value in spec.tags.items() if key not in OWN_TAGS})
    if len(spec.tags) > MAX_TAGS:
        raise InvalidFields(
            {"tags": [f"It must be at most {MAX_TAGS}; SageMaker's fiftieth marks the job as ours."]}
        )
    if outside := scope_problems(connection, spec):
        raise InvalidFields(outside)
    try:
        columns = {"deployment": deployment} if deployment else {}
        if lineage is None:
            columns["origin"] = origin
        return _write(connection, spec, options, by, token, lineage, preset, reason, columns)
    except IntegrityError as error:
        namesake = job_named(connection, spec.name)
        if namesake is None:
            raise
        raise NameTaken(namesake.name, namesake.key) from error


def scope_problems(connection: Connection, spec: TransformSpec) -> dict[str, list[str]]:
    """The fields of a request that name what the connection may not use, each with a sentence."""
    scope = connection.scope
    places = f"It must be in {' or '.join(scope.uris)}: {connection.name} may use nothing else."
    names = f"It must be {' or '.join(scope.names)}: {connection.name} may use nothing else."
    capture = spec.data_capture_config.destination_s3_uri if spec.data_capture_config else ""
    script = spec.env.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    fits = {
        "data": (scope.allows_uri(spec.data), places),
        "output_path": (scope.allows_output(spec.output_path), places),
        "data_capture_config": (not capture or scope.allows_uri(capture), places),
        "env": (not script.startswith("s3://") or scope.allows_uri(script), places),
        "model": (scope.allows_model(spec.model_name), names),
        "name": (not connection.engine_key or not spec.name or scope.allows_job(spec.name), names),
    }
    return {field: [sentence] for field, (right, sentence) in fits.items() if not right}


def _write(
    connection: Connection,
    spec: TransformSpec,
    options: RunOptions,
    by: User | None,
    token: ApiToken | None,
    lineage: Lineage | None,
    preset: Preset | None,
    reason: str,
    further_columns: Mapping[str, Any],
) -> TransformJob:
    reason = lineage.sentence if lineage else reason
    # A further attempt has the deployment of the job before it.
    columns = {**options.columns(), **(preset.as_used() if preset else {}), **further_columns}
    with transaction.atomic():
        job = create_job(connection, spec.to_fields(), reason=reason, by=by, lineage=lineage, **columns)
        activity.record(connection.team, by, "job.submitted", job, token=token)
        enqueue(start_job, job.pk)
    return job


def parse(team: Team, body: Mapping[str, Any]) -> tuple[Connection, TransformSpec, RunOptions]:
    """The connection, request and options that a body describes; InvalidFields names every problem at once."""
    fields = dict(body)
    slug = fields.pop("connection", None)
    problems: dict[str, list[str]] = {}
    if "request" not in fields:
        problems |= {name: _no_field(name) for name in fields if name not in FIELDS}
        fields = {name: value for name, value in fields.items() if name in FIELDS}
    connection = _connection(team, slug, problems)
    spec: TransformSpec | None = None
    options = RunOptions()
    try:
        options = take_options(fields)
    except InvalidFields as error:
        problems |= error.fields
    try:
        spec = _spec(fields)
    except SpecError as error:
        problems |= {public_name(name): list(texts) for name, texts in error.errors.items()}
    except InvalidFields as error:
        problems |= error.fields
    if spec is not None and spec.instance_type in options.fallback_instance_types:
        problems["fallback_instance_types"] = [f"It must be other types than {spec.instance_type} itself."]
    if connection and spec:
        problems |= scope_problems(connection, spec)
    if connection and spec and options.max_cost_usd and (text := _cannot_cap(connection, spec, options)):
        problems["max_cost_usd"] = [text]
    if problems or connection is None or spec is None:
        raise InvalidFields(problems)
    if spec.name is not None and (namesake := job_named(connection, spec.name)):
        raise NameTaken(namesake.name, namesake.key)
    return connection, spec, options


def _connection(team: Team, slug: object, problems: dict[str, list[str]]) -> Connection | None:
    if not isinstance(slug, str) or not slug:
        problems["connection"] = [
            RuleText("It is required: the slug of one of the team's connections.", REQUIRED)
        ]
        return None
    connection = queries.connections(team).filter(slug=slug).first()
    if connection is None:
        slugs = ", ".join(queries.connections(team).values_list("slug", flat=True)) or "none yet"
        problems["connection"] = [f"It must be one of the team's connections ({slugs})."]
    return connection


def _spec(fields: dict[str, Any]) -> TransformSpec:
    if "request" not in fields:
        if "model" in fields:
            fields["model_name"] = fields.pop("model")
        return TransformSpec.from_fields(fields)
    request = fields.pop("request")
    if fields:
        raise InvalidFields({name: ["It cannot be given beside request; put it inside."] for name in fields})
    if not isinstance(request, Mapping):
        raise InvalidFields({"request": ["It must be an object: the CreateTransformJob JSON."]})
    return TransformSpec.from_request(request)


def _no_field(name: str) -> list[str]:
    """The sentence about a field that no submission has."""
    if name == "model_name":
        return ["It is not a field here; use model."]
    return [f"There is no such field. There are {', '.join(FIELDS)}."]


def _cannot_cap(connection: Connection, spec: TransformSpec, options: RunOptions) -> str:
    """Why a cost cap could not be held to, since an instance type has no price; empty if all have one."""
    missing = costing.unpriced(connection, [spec.instance_type, *options.fallback_instance_types])
    if not missing:
        return ""
    return (
        f"It cannot be held to: {connection.name} has no price for {', '.join(missing)}. Set one on the connection's "
        "prices page, or leave the cap out."
    )


def public_name(name: str) -> str:
    """The name of a request's field in bodies and forms."""
    return "model" if name == "model_name" else name
