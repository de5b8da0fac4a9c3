"""Submit a job's request with some fields changed, as a clone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from jobs.lifecycle.creating import Lineage
from jobs.models import TransformJob
from jobs.services.errors import InvalidFields, NotPossible, OutputsExist
from jobs.services.submitting import job_options, jobs_under_way, replacing, submission
from jobs.states import Origin
from teams.models import ApiToken, User
from transform.request_fields import FIELDS
from transform.spec import SpecError, TransformSpec

#: Fields that a clone may change: all but its name, which is made anew.
CHANGEABLE = tuple(name for name in FIELDS if name != "name")


def check_changes(changes: Mapping[str, Any]) -> None:
    """Raise InvalidFields, naming `set`, for no change or for a field that a clone cannot change."""
    if not changes:
        raise InvalidFields({"set": ["It must name at least one field of the request and its new value."]})
    unknown = [name for name in changes if name not in CHANGEABLE]
    if unknown:
        raise InvalidFields({"set": [f"{str(unknown[0])[:40]} is none of {', '.join(CHANGEABLE)}."]})


def clone_with(
    job: TransformJob, *, changes: Mapping[str, Any], by: User, token: ApiToken | None = None
) -> TransformJob:
    """Submit the job's request with these fields changed; a value of None leaves a field out.

    Where outputs would be replaced, it writes to a new folder beside. Raises NotPossible with the reason.
    """
    locked = [name for name in changes if job.preset and name in job.preset.locked]
    if locked and job.preset:
        raise NotPossible(f"{locked[0]} is locked by the preset {job.preset.name}.")
    try:
        return jobs_under_way.until_unchanged(lambda: _check_and_submit(job, changes, by, token))
    except InvalidFields as error:
        name, texts = next(iter(error.fields.items()))
        raise NotPossible(f"{name}: {' '.join(texts)}") from error


def _check_and_submit(
    job: TransformJob, changes: Mapping[str, Any], by: User, token: ApiToken | None
) -> TransformJob:
    spec = _changed(job, changes)
    known_ids = jobs_under_way.ids_near(job.connection, spec)
    try:
        replacing.check(job.connection, spec)
    except OutputsExist as error:
        spec = _changed(job, {**changes, "output_path": error.instead})
    with transaction.atomic():
        jobs_under_way.refuse_newer(job.connection, spec, known_ids)
        return submit_clone(job, spec, by=by, token=token)


def submit_clone(
    job: TransformJob, spec: TransformSpec, *, by: User, token: ApiToken | None = None
) -> TransformJob:
    """Submit this request as a clone of the job, with its options and its preset. Raises what `submit` raises."""
    return submission.submit(
        job.connection,
        spec,
        job_options.options_of(job),
        by=by,
        token=token,
        lineage=Lineage(job, Origin.CLONE),
        preset=job.preset,
    )


def _changed(job: TransformJob, changes: Mapping[str, Any]) -> TransformSpec:
    try:
        return TransformSpec.from_fields({**job.spec, **changes, "name": None})
    except SpecError as error:
        raise InvalidFields(error.errors) from error
