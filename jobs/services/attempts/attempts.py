"""Further attempts at a job: one that writes only what is missing, or one that runs the whole request again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from aws import Target, objects
from jobs import queries
from jobs.lifecycle.creating import Lineage, job_named
from jobs.lifecycle.follow import counting
from jobs.lifecycle.queue import planning
from jobs.models import PlannedObject, TransformJob
from jobs.models.job_values import new_key
from jobs.services.calling import calls_for_person
from jobs.services.errors import InvalidFields, NameTaken, NotPossible, OlderOutputs, OutputsExist
from jobs.services.submitting import job_options, jobs_under_way, replacing, submission
from jobs.services.submitting.cloning import submit_clone
from jobs.services.submitting.manifest_places import place_of_manifest
from jobs.services.submitting.replacing import Outputs
from jobs.states import Origin
from teams.models import ApiToken, User
from transform import keys, manifest
from transform.spec import SpecError, TransformSpec


def finish_missing(
    job: TransformJob,
    *,
    by: User,
    token: ApiToken | None = None,
    name: str | None = None,
    replace_outputs: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> TransformJob:
    """Submit the next attempt, with a manifest of the inputs whose outputs are missing now and with the `changes`.

    Its outputs get the keys of the first attempt's. Raises NotPossible with the reason, OlderOutputs if it would
    replace objects and `replace_outputs` is false, InvalidFields for a wrong `name`, or Unavailable.
    """
    plan = _plan_to_finish(job)
    for field in changes or {}:
        _check_unlocked(job, field)
    key, request = new_key(), same_request(plan, name=name, changes=changes)
    _check_name(plan, name)
    with calls_for_person(plan.connection) as target:
        missing = counting.recount(plan, target)
        if not missing.rows:
            raise NotPossible("Nothing is missing: every input has its output.")
        if missing.replaced and not replace_outputs:
            raise OlderOutputs(missing.replaced)
        listed = _manifest(plan, missing.rows, target)
        place = manifest_place(plan, key)
        # Written before the job's row: a worker may start the job as soon as that is committed.
        objects.put(target, *place, listed.body())
    data = f"s3://{place[0]}/{place[1]}"
    spec = replace(request, data=data, data_type="ManifestFile")
    return _next_attempt(job, Origin.FINISH, spec, key=key, by=by, token=token)


def retry(
    job: TransformJob,
    *,
    by: User,
    token: ApiToken | None = None,
    name: str | None = None,
    output_path: str | None = None,
    outputs: Outputs = Outputs.REFUSE,
) -> TransformJob:
    """Submit the job's request again, under a new name, as the next attempt.

    With another `output_path`, or if `outputs` is NEW and objects would be replaced, it becomes a clone of this job.
    Raises OutputsExist, NotPossible, and InvalidFields for a wrong name or path, or a path that the preset locks.
    """
    request = same_request(job, name=name, output_path=output_path)
    _check_name(job, name)
    check_retry(job)

    def submit(spec: TransformSpec) -> TransformJob:
        if spec.output_path != job.output_path:
            _check_unlocked(job, "output_path")
            return submit_clone(job, spec, by=by, token=token)
        return _next_attempt(job, Origin.RETRY, spec, by=by, token=token)

    def check_and_submit() -> TransformJob:
        known_ids, spec = jobs_under_way.ids_near(job.connection, request), request
        try:
            replacing.check(job.connection, spec)
        except OutputsExist as error:
            if outputs is Outputs.REFUSE:
                raise
            spec = replace(spec, output_path=error.instead)
        with transaction.atomic():
            jobs_under_way.refuse_newer(job.connection, spec, known_ids)
            return submit(spec)

    return submit(request) if outputs is Outputs.REPLACE else jobs_under_way.until_unchanged(check_and_submit)


def _check_unlocked(job: TransformJob, field: str) -> None:
    if job.preset and field in job.preset.locked:
        raise InvalidFields({field: [f"It is locked by the preset {job.preset.name}."]})


def check_retry(job: TransformJob) -> None:
    """Raise NotPossible if the job cannot be run again now."""
    _check_all_ended(list(queries.attempts(job)))
    _check_connection(job)


def manifest_place(plan: TransformJob, key: str) -> tuple[str, str]:
    """Bucket and key of the manifest of the attempt `key`. Raises NotPossible if the whole bucket is the input."""
    is_manifest = plan.spec.get("data_type") == "ManifestFile"
    place = place_of_manifest(plan.data, plan.output_path, key, is_manifest=is_manifest)
    if place is not None:
        return place
    raise NotPossible(
        "The job reads the whole bucket that it writes to, so a list of what is missing would become its input. "
        "Run it again instead."
    )


def _plan_to_finish(job: TransformJob) -> TransformJob:
    """The attempt whose plan lists the expected outputs. Raises NotPossible if no attempt has a whole plan."""
    merged = queries.merged(job)
    _check_all_ended(merged.attempts)
    if not merged.ran:
        raise NotPossible("Nothing was run, so there is nothing to finish. Run it again instead.")
    if merged.plan is None:
        raise NotPossible(
            "What is missing cannot be told, as not every input of this job is known: it could not be listed, or "
            f"has more than {PlannedObject.LIMIT:,} objects. Run it again instead."
        )
    return merged.plan


def _manifest(plan: TransformJob, missing: list[PlannedObject], target: Target) -> manifest.Manifest:
    _, output_prefix = keys.parse_s3_uri(plan.output_path)
    named = dict.fromkeys((row.key, row.output_key) for row in missing)
    new_manifest = manifest.manifest_of(_input_bucket(plan, target), named, output_prefix)
    if new_manifest is None:
        raise NotPossible(
            "No one manifest gives these outputs the keys that the job would: its input begins inside the names "
            "of several folders. Run it again instead."
        )
    return new_manifest


def _input_bucket(plan: TransformJob, target: Target) -> str:
    try:
        bucket = planning.input_bucket(plan, target)
    except manifest.ManifestError as error:
        raise NotPossible(f"The job's manifest, {plan.data}, has changed: {error}.") from error
    if bucket is None:
        raise NotPossible(f"The job's manifest, {plan.data}, is no longer there.")
    return bucket


def same_request(
    job: TransformJob,
    *,
    name: str | None = None,
    output_path: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> TransformSpec:
    """The job's request with another name, since names are used once, and optionally other values.

    Raises InvalidFields for these, and NotPossible if the rules no longer allow the request.
    """
    changes = {
        **(changes or {}),
        "name": name,
        **({} if output_path is None else {"output_path": output_path}),
    }
    try:
        return TransformSpec.from_fields({**job.spec, **changes})
    except SpecError as error:
        wrong = {
            field: list(texts) for field, texts in error.errors.items() if changes.get(field) is not None
        }
        if wrong:
            raise InvalidFields(wrong) from error
        # Rules may have become stricter since the job was submitted.
        raise NotPossible(f"The job's request must be changed first: {error}") from error


def _check_name(job: TransformJob, name: str | None) -> None:
    if name is not None and (other_job := job_named(job.connection, name)):
        raise NameTaken(other_job.name, other_job.key)


def _check_connection(job: TransformJob) -> None:
    if job.connection.removed_at:
        raise NotPossible(
            f"The connection {job.connection.name} was removed. Clone the job onto another one."
        )


def _next_attempt(
    job: TransformJob, origin: Origin, spec: TransformSpec, *, by: User, token: ApiToken | None, key: str = ""
) -> TransformJob:
    _check_connection(job)
    with transaction.atomic():
        # The lock on the first attempt's row keeps two people from starting an attempt at the same time.
        first = TransformJob.objects.select_for_update().get(pk=job.first_id)
        attempts = list(queries.attempts(first))
        _check_all_ended(attempts)
        number = attempts[-1].attempt + 1
        lineage = Lineage(job, origin, root=first, attempt=number, key=key)
        return submission.submit(
            job.connection, spec, job_options.options_of(job), by=by, token=token, lineage=lineage
        )


def _check_all_ended(attempts: list[TransformJob] | tuple[TransformJob, ...]) -> None:
    active = next((job for job in attempts if job.is_active), None)
    if active is not None:
        raise NotPossible(f"{active.name} is not done yet. Wait for its end, or stop it.")
