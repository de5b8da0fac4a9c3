"""What a promotion changes in a stage: the version's containers, and how the stage's settings differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws import packages
from deployments.models import Promotion, Stage
from deployments.services import queries
from deployments.services.bodies import stage_settings
from jobs.services.calling import calls_for_person
from jobs.services.errors import Unavailable
from transform.request_fields import FIELDS

_LABELS = {"Image": "Image", "ModelDataUrl": "Model archive", "Environment": "Environment"}


@dataclass(frozen=True, slots=True)
class StageChange:
    """A value that differs; empty texts for a value that is not given."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a version changes in a stage.

    `settings` compares the stage with the one before it, in which the version was tried. `problem` says why the
    version's containers are not known.
    """

    version: tuple[StageChange, ...]
    settings: tuple[StageChange, ...]
    stage_before: Stage | None
    problem: str = ""


def compare(stage: Stage, version: int) -> Comparison:
    """Compare a version with the one that runs in the stage, and the stage with the one before it."""
    problem = ""
    try:
        after = containers_of(stage, version)
        before = containers_of(stage, stage.version) if stage.version else []
    except Unavailable as error:
        before, after, problem = [], [], str(error)
    stage_before = _stage_before(stage)
    settings = _changes(_settings_of(stage_before), _settings_of(stage)) if stage_before else ()
    return Comparison(_container_changes(before, after), settings, stage_before, problem)


def containers_of(stage: Stage, version: int) -> list[dict[str, Any]]:
    """The containers of a version in the registry; raises Unavailable if it must be asked and does not answer."""
    promotions = Promotion.objects.filter(
        stage__deployment=stage.deployment, version=version, carried__has_key="containers"
    )
    promotion = promotions.order_by("-id").first()
    if promotion is not None:
        return list(promotion.carried["containers"])
    arn = (
        Promotion.objects.filter(stage__deployment=stage.deployment, version=version)
        .values_list("version_arn", flat=True)
        .first()
    )
    if not arn and version == stage.deployment.newest_version:
        arn = stage.deployment.newest_arn
    if not arn:
        return []
    with calls_for_person(stage.deployment.connection) as target:
        described = packages.describe(target, arn)
    return list(described.containers) if described else []


def _stage_before(stage: Stage) -> Stage | None:
    earlier = [row for row in queries.stages(stage.deployment) if row.position < stage.position]
    return earlier[-1] if earlier else None


def _container_changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> tuple[StageChange, ...]:
    changes: list[StageChange] = []
    count = max(len(before), len(after))
    for number in range(count):
        old = _described(before[number]) if number < len(before) else {}
        new = _described(after[number]) if number < len(after) else {}
        beginning = f"Container {number + 1}, " if count > 1 else ""
        changes += [
            StageChange(f"{beginning}{row.field}" if beginning else row.field, row.before, row.after)
            for row in _changes(old, new)
        ]
    return tuple(changes)


def _described(container: Mapping[str, Any]) -> dict[str, str]:
    values = {label: container.get(name) for name, label in _LABELS.items() if name != "Environment"}
    environment = {
        f"Variable {name}": text for name, text in sorted((container.get("Environment") or {}).items())
    }
    return {name: str(value) for name, value in {**values, **environment}.items() if value}


def _settings_of(stage: Stage) -> dict[str, str]:
    """The stage's settings, role and schedule by the labels that forms have for them."""
    times = f"{stage.schedule.expression} {stage.schedule.timezone}" if stage.schedule else ""
    settings = {
        **stage_settings(stage),
        "execution_role_arn": stage.execution_role_arn,
        "schedule": times,
    }
    return {
        FIELDS[name].label if name in FIELDS else name.capitalize().replace("_", " "): str(value)
        for name, value in settings.items()
        if value not in (None, "", {}, [])
    }


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[StageChange, ...]:
    names = list(dict.fromkeys([*before, *after]))
    return tuple(
        StageChange(name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name, "") != after.get(name, "")
    )
