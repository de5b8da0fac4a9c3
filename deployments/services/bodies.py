"""The body of a stage's job: the deployment's settings with the stage's own, and dates filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from deployments.models import Deployment, Stage
from deployments.preprocess_step import PreprocessStep, StepInput
from transform.date_placeholders import fill_placeholders

#: What a stage says itself, so that a deployment's settings cannot.
OF_STAGE = ("connection", "model", "data", "output_path")
#: What no job of a deployment has: its name is made for each run, and it begins with no preset.
NEVER = ("name", "preset", "request", "model_name", "replace_outputs")
DATA = "{data}"


def stage_settings(stage: Stage) -> dict[str, Any]:
    """The settings of the stage's jobs, with the paths as they are written."""
    instances: dict[str, Any] = {"instance_type": stage.instance_type, "instance_count": stage.instance_count}
    return {
        **stage.deployment.settings,
        **{name: value for name, value in instances.items() if value},
        "connection": stage.connection.slug,
        "data": stage.data,
        "output_path": stage.output_path,
    }


def job_body(stage: Stage, model_name: str, at: datetime, run: str) -> dict[str, Any]:
    """The body of a submission for a run at this time of this name. Raises BadPlaceholder."""
    body = stage_settings(stage)
    paths = {name: fill_placeholders(body[name], at, run) for name in ("data", "output_path")}
    return {**body, **paths, "model": model_name}


def step_fields(deployment: Deployment, data: str, at: datetime, run: str) -> dict[str, Any]:
    """The fields of the preprocess step of a run, with dates and the input's address filled in; empty without a step.

    Raises BadPlaceholder.
    """
    if not deployment.preprocess:
        return {}
    step = PreprocessStep.read(deployment.preprocess)
    arguments = tuple(
        data.join(fill_placeholders(part, at, run) for part in text.split(DATA)) for text in step.arguments
    )
    inputs = tuple(StepInput(fill_placeholders(row.s3_uri, at, run), row.local_path) for row in step.inputs)
    return replace(step, arguments=arguments, inputs=inputs).to_fields()
