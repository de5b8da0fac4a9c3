"""The outputs that a team's jobs under way will write: they may not be there yet when another job is submitted."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

from aws import GatewayError, Target
from jobs.lifecycle.queue.planning import planned_objects
from jobs.models import Connection, TransformJob
from jobs.states import ACTIVE
from transform import keys

#: Jobs that are looked at, the newest first, and for how long: more of them may be waiting than can be listed.
MOST = 100
SECONDS = 3.0
#: Keys of one query.
_AT_ONCE = 500


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
