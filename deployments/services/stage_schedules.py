"""The schedule of a stage: a row of the app of schedules that has no page of its own there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.models import Stage
from deployments.services.stage_runs import STAGE
from jobs.services.errors import InvalidFields
from schedules.services import scheduling
from teams.models import ApiToken, User

#: The fields of a stage's schedule, of those that the app of schedules has.
FIELDS = ("expression", "timezone", "overlap", "catch_up")
_DEFAULTS = {"timezone": "UTC", "overlap": "skip", "catch_up": "latest"}


def describe_schedule(stage: Stage) -> dict[str, Any] | None:
    """The stage's schedule as an entry of the body; None without one."""
    if stage.schedule is None:
        return None
    return {name: getattr(stage.schedule, name) for name in FIELDS}


def change_schedule(
    stage: Stage, values: Mapping[str, Any] | None, *, by: User, token: ApiToken | None = None
) -> None:
    """Make, change or remove the stage's schedule. Raises InvalidFields by `stages.<slug>.schedule.<field>`."""
    at = f"stages.{stage.slug}.schedule"
    if values is None:
        if stage.schedule is not None:
            scheduling.delete(stage.schedule, by=by, token=token)
            stage.schedule = None
        return
    if unknown := [str(name) for name in values if name not in FIELDS]:
        raise InvalidFields(
            {f"{at}.{name}": [f"There is no such field. There are {', '.join(FIELDS)}."] for name in unknown}
        )
    fields = {**_DEFAULTS, **{name: value for name, value in values.items() if value not in (None, "")}}
    try:
        if stage.schedule is None:
            name = str(stage)[:80]
            stage.schedule = scheduling.create(
                stage.team, {"name": name, **fields}, by=by, kind=STAGE, token=token
            )
            stage.save(update_fields=["schedule"])
        elif fields != describe_schedule(stage):
            stage.schedule = scheduling.change(stage.schedule, fields, by=by, token=token)
    except InvalidFields as error:
        raise InvalidFields({f"{at}.{name}": texts for name, texts in error.fields.items()}) from error
