"""The outputs that a team's jobs under way will write: they may not be there yet when another job is submitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from aws import GatewayError, Target
from jobs.lifecycle.queue.planning import planned_objects
from jobs.models import Connection, TransformJob
from jobs.services.errors import NotPossible
from jobs.states import ACTIVE
from teams import once
from teams.models import Team
from transform import keys
from transform.spec import TransformSpec

#: Jobs that are looked at, the newest first, and for how long: more of them may be waiting than can be listed.
MOST = 100
SECONDS = 3.0
#: Keys of one query.
_AT_ONCE = 500
#: How often outputs are looked for while others submit to the same place.
_TRIES = 4
_Result = TypeVar("_Result")


def find(connection: Connection, output_path: str, data: str) -> list[TransformJob]:
    """The team's jobs at the connection's place that have not ended and write to, above or below this output path.

    The newest MOST of them; those with the same input first. Raises ValueError for a malformed URI.
    """
    bucket, prefix = keys.parse_s3_uri(output_path)
    folder = keys.output_folder(prefix)
    # Thousands may be waiting, so the database leaves out those of other buckets.
    rows = TransformJob.objects.for_team(connection.team).filter(
        state__in=ACTIVE, spec__output_path__icontains=bucket
    )
    near = [
        job
        for job in rows.select_related("connection").order_by("-id")
        if job.connection.place == connection.place and _meets(job.output_path, bucket, folder)
    ]
    return sorted(near[:MOST], key=lambda job: job.data != data)


class SubmittedMeanwhile(NotPossible):
    """While outputs were looked for, somebody else submitted a job that writes near the output path."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}, which writes to the same place, was submitted a moment ago. Try again.")


def ids_near(connection: Connection, spec: TransformSpec) -> frozenset[int]:
    """The jobs that `find` finds for a request, to be read before its outputs are looked for."""
    return frozenset(job.pk for job in find(connection, spec.output_path, spec.data))


def refuse_newer(connection: Connection, spec: TransformSpec, known_ids: frozenset[int]) -> None:
    """Raise SubmittedMeanwhile for a job near the output path that is not among those `known_ids`.

    Call it in the transaction that writes the job: until its end nobody else of the team passes. Raises once.InProgress
    if another process has taken the request over.
    """
    Team.objects.select_for_update(no_key=True).get(pk=connection.team_id)
    newer = [job for job in find(connection, spec.output_path, spec.data) if job.pk not in known_ids]
    if newer:
        # The newer job may be this very request's, submitted by the process that took it over.
        once.check_held()
        raise SubmittedMeanwhile(newer[0].name)


def until_unchanged(act: Callable[[], _Result]) -> _Result:
    """Call `act`, which looks for outputs and submits, again if another job was submitted in between."""
    for _ in range(_TRIES - 1):
        with suppress(SubmittedMeanwhile):
            return act()
    return act()


def promised_keys(
    target: Target, jobs: Sequence[TransformJob], output_keys: Collection[str]
) -> dict[str, str]:
    """Those of `output_keys` that the jobs will write, each with the name of a job that does.

    Looks at as many jobs as it can within SECONDS. What cannot be listed is left out.
    """
    until = time.monotonic() + SECONDS
    promised: dict[str, str] = {}
    sought_keys = set(output_keys)
    for job in jobs:
        if time.monotonic() > until or not sought_keys:
            break
        matching_keys = sought_keys & set(_outputs_of(job, target, sought_keys, until))
        promised |= dict.fromkeys(matching_keys, job.name)
        sought_keys -= matching_keys
    return promised


def _outputs_of(
    job: TransformJob, target: Target, sought_keys: Collection[str], until: float
) -> Iterable[str]:
    """The keys of the job's outputs, as far as they are known: at least those that are `sought_keys` and planned."""
    if job.planned_at is not None and job.objects_total is not None:
        rows = sorted(sought_keys)
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            yield from job.planned.filter(output_key__in=part).values_list("output_key", flat=True)
        return
    is_manifest = job.spec.get("data_type") == "ManifestFile"
    try:
        for row in planned_objects(target, job.data, job.output_path, is_manifest=is_manifest):
            yield row.output_key
            if time.monotonic() > until:
                return
    except (GatewayError, ValueError):
        return


def _meets(output_path: str, bucket: str, folder: str) -> bool:
    """Whether one of both folders is, or contains, the other."""
    try:
        other_bucket, prefix = keys.parse_s3_uri(output_path)
    except ValueError:
        return False
    other_folder = keys.output_folder(prefix)
    return other_bucket == bucket and (other_folder.startswith(folder) or folder.startswith(other_folder))
