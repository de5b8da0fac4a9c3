"""What a person asks of the output checks of a model: list, add, change and remove them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from jobs import queries
from jobs.models import Connection, Preset, TransformJob
from jobs.services.errors import InvalidFields, NotPossible
from results.checking import check
from results.models import Measure, OnMiss, OutputCheck, OutputReading
from teams import activity
from teams.act_changes import values_of
from teams.models import ApiToken, Team, User
from teams.names import trouble_with_name
from teams.whole_numbers import parse_whole_number

#: Checks of a model, characters of a column's name, and earlier runs that one looks at.
MOST_CHECKS, LONGEST_NAME, MOST_RUNS = 50, 80, 50


@dataclass(frozen=True, slots=True)
class CheckFields:
    """What a person gives of a check. The limits are numbers, None, or texts of a form such as 5%."""

    measure: str = ""
    column: str = ""
    low: float | str | None = None
    high: float | str | None = None
    runs: int | str = 5
    on_miss: str = OnMiss.WARN


def checks_for(team: Team) -> QuerySet[OutputCheck]:
    """The output checks of all of the team's models, the newest first."""
    rows = OutputCheck.objects.filter(connection__team=team, connection__removed_at=None)
    return rows.select_related("connection", "preset", "made_by").order_by("-id")


def add(
    connection: Connection,
    model_name: str,
    check_fields: CheckFields,
    *,
    by: User,
    preset: Preset | None = None,
    job: TransformJob | None = None,
    token: ApiToken | None = None,
) -> OutputCheck:
    """Add an output check for a model of the connection, or for one of its presets alone. Raises InvalidFields.

    Figures that `job` has already are held against it at once, and nobody is told.
    """
    columns = _columns(check_fields)
    if OutputCheck.objects.filter(connection=connection, model_name=model_name).count() >= MOST_CHECKS:
        raise InvalidFields({"measure": [f"{model_name} has {MOST_CHECKS} checks; remove one first."]})
    with transaction.atomic():
        output_check = OutputCheck.objects.create(
            connection=connection, model_name=model_name, preset=preset, made_by=by, **columns
        )
        _record("check_added", output_check, by, job, token)
        _check_again(job)
    return output_check


def change(
    output_check: OutputCheck, changes: Mapping[str, Any], *, by: User, token: ApiToken | None = None
) -> OutputCheck:
    """Change some of `CheckFields`; later jobs are held against it. Raises InvalidFields."""
    before = values_of(output_check)
    current = CheckFields(**{field.name: getattr(output_check, field.name) for field in fields(CheckFields)})
    columns = _columns(replace(current, **changes))
    with transaction.atomic():
        for name, value in columns.items():
            setattr(output_check, name, value)
        output_check.save(update_fields=list(columns))
        connection = output_check.connection
        activity.record(connection.team, by, "check.changed", output_check, token=token, before=before)
    return output_check


def remove(
    output_check: OutputCheck, *, by: User, job: TransformJob | None = None, token: ApiToken | None = None
) -> None:
    """Remove a check; what it holds stays held. Raises NotPossible if it was removed already."""
    with transaction.atomic():
        row = OutputCheck.objects.select_for_update().filter(pk=output_check.pk).first()
        if row is None:
            raise NotPossible("This check was removed already.")
        _record("check_removed", row, by, job, token)
        row.delete()
        _check_again(job)


def _record(
    act: str, output_check: OutputCheck, by: User, job: TransformJob | None, token: ApiToken | None
) -> None:
    """Record the act, for the job from whose page it was done if there is one."""
    team = output_check.connection.team
    detail: dict[str, object] = {"check": output_check.text, "model": output_check.model_name}
    if job is not None:
        activity.record(team, by, f"job.{act}", job, detail=detail, token=token)
    else:
        verb = act.replace("check_", "check.")
        activity.record(team, by, verb, output_check, detail=detail, token=token)


def _check_again(job: TransformJob | None) -> None:
    """Hold the figures that the job has against its checks of now; nobody is told."""
    if job is None:
        return
    reading = OutputReading.objects.filter(
        job=queries.merged(job).planned_by, filter="", finished_at__isnull=False
    ).first()
    if reading is not None:
        check(reading, is_told=False)


def _columns(check_fields: CheckFields) -> dict[str, Any]:
    """The columns of a check. Raises InvalidFields."""
    problems: dict[str, list[str]] = {}
    if check_fields.measure not in Measure.values:
        problems["measure"] = [f"It must be one of {', '.join(Measure.values)}."]
    if check_fields.on_miss not in OnMiss.values:
        problems["on_miss"] = [f"It must be one of {', '.join(OnMiss.values)}."]
    limits = {name: _limit(name, getattr(check_fields, name), problems) for name in ("low", "high")}
    if not problems:
        problems |= _limit_problems(Measure(check_fields.measure), **limits)
    column = check_fields.column.strip()
    if column and (trouble := trouble_with_name(column, LONGEST_NAME)):
        problems["column"] = [trouble]
    runs = parse_whole_number(str(check_fields.runs))
    if runs is None or not 1 <= runs <= MOST_RUNS:
        problems["runs"] = [f"It must be a whole number from 1 to {MOST_RUNS}."]
    if problems:
        raise InvalidFields(problems)
    return {**asdict(check_fields), **limits, "column": column, "runs": runs}


def _limit(name: str, value: float | str | None, problems: dict[str, list[str]]) -> float | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        problems[name] = [f"“{text[:40]}” is not a number."]
        return None
    return number / 100 if text.endswith("%") else number


def _limit_problems(measure: Measure, low: float | None, high: float | None) -> dict[str, list[str]]:
    if measure in (Measure.NULLS, Measure.DRIFT):
        if high is None or high < 0:
            return {"high": ["Give the most that it may be, such as 5% or 0.05."]}
        return {}
    if low is None and high is None:
        return {"low": ["Give a lowest value, a highest value or both."]}
    if low is not None and high is not None and low > high:
        return {"high": ["It must not be less than the lowest value."]}
    return {}
