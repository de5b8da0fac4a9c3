"""What a body says about a deployment and its stages, checked before anything is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from deployments.models import Deployment, FollowPolicy, Stage
from deployments.preprocess_step import BadStep, PreprocessStep
from deployments.services.bodies import NEVER, OF_STAGE, job_body, step_fields
from jobs import queries as job_queries
from jobs.models import Connection
from jobs.services.errors import InvalidFields
from jobs.services.submitting import submission
from teams.names import trouble_with_name
from transform.date_placeholders import BadPlaceholder
from transform.keys import parse_s3_uri

FIELDS = ("name", "description", "connection", "package_group", "follow", "settings", "preprocess", "stages")
STAGE_FIELDS = (
    *("name", "connection", "execution_role_arn", "instance_type", "instance_count"),
    *("data", "output_path", "artifact_path", "needs_approval", "schedule"),
)
#: The fields of a job that a deployment's settings may have.
SETTINGS = tuple(name for name in submission.FIELDS if name not in (*OF_STAGE, *NEVER))
MAX_STAGES = 5
_GROUP = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_SETTING_DEFAULTS = {"instance_type": "ml.m5.large", "instance_count": 1}
Problems = dict[str, list[str]]


@dataclass(slots=True)
class DeploymentPlan:
    """What is to be saved, with the problems found so far."""

    deployment: Deployment
    stages: list[Stage] = field(default_factory=list)
    #: By the stage's slug.
    schedules: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    problems: Problems = field(default_factory=dict)

    def refuse(self, name: str, text: str) -> None:
        """Add a problem with the field of this name."""
        self.problems.setdefault(name, []).append(text)


def stage_slug(name: str) -> str:
    """The slug of a new stage of this name: 1 to 20 small letters, digits and hyphens."""
    return slugify(name)[:20].strip("-") or "stage"


def default_artifact_path(connection: Connection, output_path: str, label: str) -> str:
    """A folder beside the outputs that the connection may use. Raises ValueError for an output path that is none."""
    bucket, _ = parse_s3_uri(output_path)
    path = f"s3://{bucket}/batchdeck/{label}/"
    scope = connection.scope
    return path if scope.allows_output(path) else f"{scope.uris[0]}batchdeck/{label}/"


def fill(plan: DeploymentPlan, body: Mapping[str, Any], *, is_new: bool) -> None:
    """Write a body into the plan's rows. Raises InvalidFields with names such as `stages.staging.data`."""
    deployment = plan.deployment
    for name in body:
        if name not in FIELDS:
            plan.refuse(str(name), f"There is no such field. There are {', '.join(FIELDS)}.")
    _fill_texts(plan, body)
    _fill_registry(plan, body, is_new)
    follow = body.get("follow") or FollowPolicy.OFFER
    if follow not in FollowPolicy.values:
        plan.refuse("follow", f"{follow!r} is none of {', '.join(FollowPolicy.values)}.")
    deployment.follow = str(follow)
    _fill_settings(plan, body.get("settings"))
    _fill_preprocess(plan, body.get("preprocess"))
    _fill_stages(plan, body.get("stages"))
    if plan.problems:
        raise InvalidFields(plan.problems)
    for stage in plan.stages:
        _check_job(plan, stage)
    if plan.problems:
        raise InvalidFields(plan.problems)


def _fill_texts(plan: DeploymentPlan, body: Mapping[str, Any]) -> None:
    name, description = body.get("name"), body.get("description") or ""
    if trouble := trouble_with_name(name):
        plan.refuse("name", trouble)
    else:
        plan.deployment.name = str(name).strip()
    if not isinstance(description, str) or len(description) > 400 or "\0" in description:
        plan.refuse("description", "It must be at most 400 characters.")
    else:
        plan.deployment.description = description.strip()


def _fill_registry(plan: DeploymentPlan, body: Mapping[str, Any], is_new: bool) -> None:
    deployment = plan.deployment
    connection = _connection(plan, "connection", body.get("connection"))
    group = body.get("package_group")
    if not isinstance(group, str) or not _GROUP.fullmatch(group):
        plan.refuse(
            "package_group",
            f"{group!r} is no name of a model package group: 1 to 63 letters, digits and hyphens.",
        )
        return
    changes = not is_new and (group != deployment.package_group or connection != deployment.connection)
    if changes and deployment.newest_version is not None:
        plan.refuse(
            "package_group",
            "It cannot be changed once versions were offered. Make another deployment for it.",
        )
    deployment.package_group = group
    if connection is not None:
        deployment.connection = connection


def _fill_settings(plan: DeploymentPlan, settings: object) -> None:
    if settings is None:
        settings = {}
    if not isinstance(settings, Mapping):
        plan.refuse("settings", "It must be an object: the fields of a job that all stages share.")
        return
    for name in settings:
        if name in OF_STAGE:
            plan.refuse(f"settings.{name}", "Each stage has its own; put it there.")
        elif name not in SETTINGS:
            plan.refuse(f"settings.{name}", f"There is no such setting. There are {', '.join(SETTINGS)}.")
    plan.deployment.settings = {
        **_SETTING_DEFAULTS,
        **{name: value for name, value in settings.items() if value is not None},
    }


def _fill_preprocess(plan: DeploymentPlan, fields: object) -> None:
    if not fields:
        plan.deployment.preprocess = {}
        return
    if not isinstance(fields, Mapping):
        plan.refuse("preprocess", "It must be an object: the fields of the preprocess step; null for none.")
        return
    try:
        plan.deployment.preprocess = PreprocessStep.read(fields).to_fields()
    except BadStep as error:
        for name, texts in error.errors.items():
            plan.problems[f"preprocess.{name}"] = texts


def _fill_stages(plan: DeploymentPlan, rows: object) -> None:
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_STAGES:
        plan.refuse("stages", f"It must be a list of 1 to {MAX_STAGES} stages, the first one first.")
        return
    present = {stage.slug: stage for stage in plan.deployment.stages.all()} if plan.deployment.pk else {}
    for position, row in enumerate(rows):
        if not isinstance(row, Mapping):
            plan.refuse("stages", "Each must be an object.")
            continue
        stage = _read_stage(plan, row, present)
        stage.position = position
        plan.stages.append(stage)
    slugs = [stage.slug for stage in plan.stages]
    if len(set(slugs)) < len(slugs):
        plan.refuse("stages", "Each must have another name.")


def _read_stage(plan: DeploymentPlan, row: Mapping[str, Any], present: Mapping[str, Stage]) -> Stage:
    name = row.get("name")
    if trouble := trouble_with_name(name, 40):
        plan.refuse("stages", f"The name of each: {trouble}")
        name = "stage"
    name = str(name)
    slug = row.get("slug") or stage_slug(name)
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        plan.refuse(
            "stages",
            f"The slug {slug!r} must be 1 to 20 small letters, digits and hyphens, and begin with no hyphen.",
        )
        slug = "stage"
    stage = present.get(slug) or Stage(team=plan.deployment.team, slug=slug)
    stage.deployment, stage.name = plan.deployment, name.strip()
    at = f"stages.{slug}"
    for field_name in row:
        if field_name not in (*STAGE_FIELDS, "slug"):
            plan.refuse(
                f"{at}.{field_name}", f"There is no such field. There are slug, {', '.join(STAGE_FIELDS)}."
            )
    if row.get("needs_approval") not in (None, True, False):
        plan.refuse(f"{at}.needs_approval", "It must be true or false.")
    stage.needs_approval = row.get("needs_approval") is True
    schedule = row.get("schedule")
    if schedule is not None and not isinstance(schedule, Mapping):
        plan.refuse(f"{at}.schedule", "It must be an object with expression and timezone; null for none.")
        schedule = None
    plan.schedules[slug] = schedule or None
    _read_place(plan, at, row, stage)
    _read_paths(plan, at, row, stage)
    return stage


def _read_place(plan: DeploymentPlan, at: str, row: Mapping[str, Any], stage: Stage) -> None:
    """The connection with its role, and the instances."""
    connection = _connection(plan, f"{at}.connection", row.get("connection"))
    if connection is not None:
        stage.connection = connection
    stage.instance_type = _text(plan, f"{at}.instance_type", row.get("instance_type"), 64)
    count = row.get("instance_count")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        plan.refuse(f"{at}.instance_count", f"{count!r} is not a whole number from 1.")
        count = None
    stage.instance_count = count
    role = _text(plan, f"{at}.execution_role_arn", row.get("execution_role_arn"), 2048)
    if role and not _ROLE.fullmatch(role):
        plan.refuse(f"{at}.execution_role_arn", f"{role!r} is not like arn:aws:iam::123456789012:role/name.")
    elif connection is not None and not connection.is_engine and not role:
        plan.refuse(
            f"{at}.execution_role_arn",
            "It is required: the role with which SageMaker runs models and scripts.",
        )
    stage.execution_role_arn = role


def _read_paths(plan: DeploymentPlan, at: str, row: Mapping[str, Any], stage: Stage) -> None:
    for path in ("data", "output_path"):
        setattr(stage, path, _text(plan, f"{at}.{path}", row.get(path), 1024))
        if not getattr(stage, path):
            plan.refuse(f"{at}.{path}", "It is required: an address such as s3://bucket/{yyyy}/{mm}/{dd}/.")
    stage.artifact_path = _text(plan, f"{at}.artifact_path", row.get("artifact_path"), 1024)


def _text(plan: DeploymentPlan, name: str, value: object, longest: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        plan.refuse(name, f"It must be a text of at most {longest:,} characters.")
        return ""
    return value.strip()


def _connection(plan: DeploymentPlan, name: str, slug: object) -> Connection | None:
    rows = job_queries.connections(plan.deployment.team)
    connection = rows.filter(slug=slug).first() if isinstance(slug, str) and "\0" not in slug else None
    if connection is None:
        slugs = ", ".join(rows.values_list("slug", flat=True)) or "none yet"
        plan.refuse(name, f"It must be the slug of one of the team's connections: {slugs}.")
    return connection


def _check_job(plan: DeploymentPlan, stage: Stage) -> None:
    """Check what a run of the stage would ask for now: paths, settings and what the connection may use."""
    at, now = f"stages.{stage.slug}", timezone.now()
    try:
        body = job_body(stage, stage.model_name(1), now, "run")
        step_fields(stage.deployment, body["data"], now, "run")
    except BadPlaceholder as error:
        plan.refuse(f"{at}.data", str(error))
        return
    if not stage.artifact_path:
        try:
            stage.artifact_path = default_artifact_path(stage.connection, body["output_path"], stage.label)
        except ValueError as error:
            plan.refuse(f"{at}.output_path", str(error))
            return
    if not stage.artifact_path.endswith("/"):
        stage.artifact_path += "/"
    if not stage.artifact_path.startswith("s3://") or "{" in stage.artifact_path:
        plan.refuse(
            f"{at}.artifact_path", "It must be an address such as s3://bucket/folder/, without dates."
        )
    elif not stage.connection.scope.allows_output(stage.artifact_path):
        places = " or ".join(stage.connection.scope.uris)
        plan.refuse(
            f"{at}.artifact_path", f"It must be in {places}: {stage.connection.name} may use nothing else."
        )
    try:
        submission.parse(stage.team, body)
    except InvalidFields as error:
        for name, texts in error.fields.items():
            of_stage = name in OF_STAGE or (
                name in ("instance_type", "instance_count") and getattr(stage, name)
            )
            plan.problems.setdefault(f"{at}.{name}" if of_stage else f"settings.{name}", list(texts))
