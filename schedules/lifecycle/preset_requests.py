"""The request of a run of a preset: the preset's, with the schedule's input and output, and dates in the paths."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.models import Connection, Preset
from jobs.options import RunOptions
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting import submission
from schedules.models import Schedule
from schedules.run_handlers import TargetGone
from teams.models import Membership
from transform.date_placeholders import BadPlaceholder, check_placeholders, fill_placeholders
from transform.spec import TransformSpec

#: The paths that a schedule may have of its own, and that may have placeholders.
PATHS = ("data", "output_path")


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A checked request, its preset, and the output path before its placeholders were filled."""

    preset: Preset
    connection: Connection
    spec: TransformSpec
    options: RunOptions
    output_template: str

    @property
    def has_own_folder(self) -> bool:
        """Whether the output path holds the run's name, so that no other run has written there."""
        return "run" in check_placeholders(self.output_template)


def preset_of(schedule: Schedule) -> Preset:
    """The schedule's preset; raises TargetGone if it was deleted."""
    if schedule.preset is None:
        raise TargetGone("The preset that it ran was deleted. Edit the schedule and choose another.")
    return schedule.preset


def path_templates(schedule: Schedule, preset: Preset) -> dict[str, str]:
    """Input and output path with their placeholders: the schedule's own, else the preset's; empty for neither."""
    return {name: getattr(schedule, name) or str(preset.body.get(name) or "") for name in PATHS}


def request_at(schedule: Schedule, at: datetime, name: str, member: Membership | None = None) -> RunRequest:
    """The request of the run `name` at the time `at`, which is in the schedule's zone.

    Raises InvalidFields by the fields of a job, also for those that the preset locks for the `member`, and TargetGone.
    """
    preset = preset_of(schedule)
    templates = path_templates(schedule, preset)
    body: dict[str, Any] = {**preset.body, **_filled(templates, at, name)}
    if member is not None and preset.holds(member):
        _check_locked(schedule, preset)
    connection, spec, options = submission.parse(schedule.team, body)
    if schedule.incremental:
        _check_incremental(spec)
    return RunRequest(preset, connection, spec, options, templates["output_path"])


def _filled(templates: dict[str, str], at: datetime, name: str) -> dict[str, str | None]:
    paths: dict[str, str | None] = {}
    problems: dict[str, list[str]] = {}
    for field, template in templates.items():
        try:
            # None is reported as a missing field, like any other.
            paths[field] = fill_placeholders(template, at, name) or None
        except BadPlaceholder as error:
            problems[field] = [str(error)]
    if problems:
        raise InvalidFields(problems)
    return paths


def _check_locked(schedule: Schedule, preset: Preset) -> None:
    changed = [
        name
        for name in PATHS
        if name in preset.locked and getattr(schedule, name) not in ("", preset.body.get(name))
    ]
    if changed:
        raise InvalidFields({name: [f"It is locked by the preset {preset.name}."] for name in changed})


def _check_incremental(spec: TransformSpec) -> None:
    if spec.data_type not in (None, "S3Prefix"):
        raise InvalidFields(
            {
                "incremental": [
                    f"The preset's input is a {spec.data_type}; new objects are found below an S3Prefix."
                ]
            }
        )
    folder = spec.output_path if spec.output_path.endswith("/") else f"{spec.output_path}/"
    if folder.startswith(spec.data):
        raise InvalidFields(
            {
                "output_path": [
                    "It must not be below the input: the outputs of a run would be new inputs of the next."
                ]
            }
        )


def no_manifest(spec: TransformSpec) -> NotPossible:
    """The refusal where no manifest can list the new objects."""
    return NotPossible(
        f"No one manifest can list the new objects of {spec.data}: end the input with a slash, and do not write to a "
        "bucket that is input as a whole."
    )
