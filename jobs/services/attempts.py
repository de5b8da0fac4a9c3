"""Further attempts at a job: one that writes only what is missing, or one that runs the whole request again."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from jobs import queries
from jobs.gateway import Target, objects
from jobs.lifecycle import counting, planning
from jobs.models import PlannedObject, TransformJob
from jobs.models.job_values import new_key
from jobs.services import submission, terms
from jobs.services.asking import asked
from jobs.services.errors import NotPossible
from jobs.states import Origin
from teams.models import ApiToken, User
from transform import keys, manifest
from transform.spec import SpecError, TransformSpec


def finish_missing(job: TransformJob, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Submit the next attempt, over a manifest of the inputs whose outputs are not there now.

    Its outputs get the keys that the first attempt's would have had. Raises NotPossible with the reason, or
    Unavailable where S3 cannot be asked.
    """
    plan = _plan_to_finish(job)
    key = new_key()
    with asked(plan.connection) as target:
        missing = counting.recount(plan, target)
        if not missing:
            raise NotPossible("Nothing is missing: every input has its output.")
        listed = _manifest(plan, missing, target)
        place = manifest_place(plan, key)
        # Written before the job is: a worker may take it up the moment it is committed.
        objects.put(target, *place, listed.body())
    data = f"s3://{place[0]}/{place[1]}"
    spec = replace(_same_request(plan), data=data, data_type="ManifestFile")
    return _next_attempt(job, Origin.FINISH, spec, key=key, by=by, token=token)


def retry(job: TransformJob, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Submit the job's request again, under a new name, as the next attempt; raises NotPossible."""
    return _next_attempt(job, Origin.RETRY, _same_request(job), by=by, token=token)


def manifest_place(plan: TransformJob, key: str) -> tuple[str, str]:
    """Bucket and key for the manifest of the attempt `key`: below the output path, if that is not input too.

    It ends in .manifest, so that it is nobody's output. Raises NotPossible if the whole bucket is the input.
    """
    bucket, output_prefix = keys.parse_s3_uri(plan.output_path)
    input_bucket, input_prefix = keys.parse_s3_uri(plan.data)
    name = f".batchdeck/{key}.manifest"
    for place in (keys.output_folder(output_prefix) + name, name):
        listed = plan.spec.get("data_type") != "ManifestFile" and bucket == input_bucket
        if not (listed and place.startswith(input_prefix)):
            return bucket, place
    raise NotPossible(
        "The job reads the whole bucket that it writes to, so a list of what is missing would become its input. "
        "Run it again instead."
    )


def _plan_to_finish(job: TransformJob) -> TransformJob:
    """The attempt whose plan says what should be there; NotPossible if there is nothing to hold outputs against."""
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
    made = manifest.manifest_of(_input_bucket(plan, target), named, output_prefix)
    if made is None:
        raise NotPossible(
            "No one manifest gives these outputs the keys that the job would: its input begins inside the names "
            "of several folders. Run it again instead."
        )
    return made


def _input_bucket(plan: TransformJob, target: Target) -> str:
    try:
        bucket = planning.input_bucket(plan, target)
    except manifest.ManifestError as error:
        raise NotPossible(f"The job's manifest, {plan.data}, has changed: {error}.") from error
    if bucket is None:
        raise NotPossible(f"The job's manifest, {plan.data}, is no longer there.")
    return bucket


def _same_request(job: TransformJob) -> TransformSpec:
    """The job's request without its name, which SageMaker would not take twice."""
    try:
        return TransformSpec.from_fields({**job.spec, "name": None})
    except SpecError as error:
        # Rules may have grown stricter since the job was submitted.
        raise NotPossible(f"The job's request must be changed first: {error}") from error


def _next_attempt(
    job: TransformJob, origin: Origin, spec: TransformSpec, *, by: User, token: ApiToken | None, key: str = ""
) -> TransformJob:
    if job.connection.removed_at:
        raise NotPossible(
            f"The connection {job.connection.name} was removed. Clone the job onto another one."
        )
    with transaction.atomic():
        # With the first attempt's row locked, two people who press at once do not both start one.
        first = TransformJob.objects.select_for_update().get(pk=job.first_id)
        attempts = list(queries.attempts(first))
        _check_all_ended(attempts)
        number = attempts[-1].attempt + 1
        lineage = submission.Lineage(job, origin, root=first, attempt=number, key=key)
        return submission.submit(job.connection, spec, terms.of(job), by=by, token=token, lineage=lineage)


def _check_all_ended(attempts: list[TransformJob] | tuple[TransformJob, ...]) -> None:
    active = next((job for job in attempts if job.is_active), None)
    if active is not None:
        raise NotPossible(f"{active.name} is not done yet. Wait for its end, or stop it.")
