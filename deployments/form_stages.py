"""The stages that the form of a deployment has: those at its start, added ones, and without those left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from deployments.models import Deployment
from deployments.services.plans import MAX_STAGES, stage_slug
from teams.names import trouble_with_name

#: The names of the form's inputs: the slugs of its stages in their order, a new stage's name, and the button's.
STAGE, NEW_STAGE, LEAVE_OUT = "stage", "new_stage", "leave_out"
#: What a new stage takes over from the stage before it. Outputs of two stages in one folder would replace each other.
_TAKEN_OVER = ("connection", "data", "timezone", "needs_approval", "execution_role_arn")


@dataclass(frozen=True, slots=True)
class FormStage:
    """The beginning of the names of a stage's fields, its name for people, and the version that runs there."""

    slug: str
    title: str
    version: int | None = None


NEW_DEPLOYMENT = (FormStage("staging", "Staging"), FormStage("production", "Production"))


def stages_of(deployment: Deployment) -> list[FormStage]:
    """The stages of a deployment, the first one first."""
    return [FormStage(stage.slug, stage.name, stage.version) for stage in deployment.stages.all()]


def posted_stages(data: QueryDict, start: Sequence[FormStage]) -> list[FormStage]:
    """The stages that a sent form has; those of `start` for one that does not say, such as a script's."""
    by_slug = {stage.slug: stage for stage in start}
    slugs = list(dict.fromkeys(data.getlist(STAGE))) or list(by_slug)
    stages = [by_slug.get(slug) or FormStage(slug, data.get(f"stages.{slug}.name", "")) for slug in slugs]
    return [stage for stage in stages if stage.slug == stage_slug(stage.slug)]


def edit_stages(data: QueryDict, start: Sequence[FormStage]) -> tuple[QueryDict, str]:
    """Leave out the stage of the pressed button, or add the new one.

    Returns the form's new data, and why no stage was added; empty if one was.
    """
    edited = data.copy()
    stages = posted_stages(data, start)
    name, trouble = data.get(NEW_STAGE, ""), ""
    if slug := data.get(LEAVE_OUT):
        stages = [stage for stage in stages if stage.slug != slug]
    elif not (trouble := _trouble_with_new_stage(name, stages)):
        new_stage = FormStage(stage_slug(name), name.strip())
        edited[f"stages.{new_stage.slug}.name"] = new_stage.title
        for field in _TAKEN_OVER if stages else ():
            edited[f"stages.{new_stage.slug}.{field}"] = data.get(f"stages.{stages[-1].slug}.{field}", "")
        stages.append(new_stage)
        edited[NEW_STAGE] = ""
    edited.setlist(STAGE, [stage.slug for stage in stages])
    return edited, trouble


def _trouble_with_new_stage(name: str, stages: Sequence[FormStage]) -> str:
    """Why no stage of this name can be added; empty if one can."""
    if len(stages) >= MAX_STAGES:
        return f"A deployment has at most {MAX_STAGES} stages."
    if trouble := trouble_with_name(name, 40):
        return trouble
    same = next((stage for stage in stages if stage.slug == stage_slug(name)), None)
    return f"{same.title} is there already; the new stage needs another name." if same else ""
