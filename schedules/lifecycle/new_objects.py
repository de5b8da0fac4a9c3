"""The input objects that no completed run of a schedule has covered with the same model and settings."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Q

from aws import Target
from jobs.batches import batched
from jobs.lifecycle.queue.planning import planned_objects
from jobs.models import Connection, PlannedObject, RegisteredModel
from jobs.services.errors import NotPossible
from jobs.states import Hold, JobState
from schedules.models import InputObject, Schedule
from transform.keys import parse_s3_uri
from transform.spec import TransformSpec

#: The most objects of one run, as many as a job's plan has; further ones are left to the next run.
MOST = PlannedObject.LIMIT
#: The listing ends in this time, or the run fails: a list that is cut off would leave out objects unnoticed.
SECONDS = 30.0
#: Objects of one query.
_AT_ONCE = 500
#: Fields of a request that do not change what is written for an object, or that each run has of its own.
_IRRELEVANT = frozenset(
    {
        *("name", "data", "data_type", "output_path", "tags", "experiment_config", "data_capture_config"),
        *("instance_type", "instance_count", "max_concurrent_transforms", "model_client_config"),
        *("volume_kms_key", "output_kms_key"),
    }
)


@dataclass(slots=True)
class NewObjects:
    """The new objects of an input, with the keys of their outputs; `before` counts those covered before."""

    bucket: str
    rows: list[PlannedObject] = field(default_factory=list)
    before: int = 0
    #: Whether there were more new ones than MOST.
    more: bool = False

    def inputs_of(self, schedule: Schedule, fingerprint: str) -> Iterator[InputObject]:
        """Rows for these objects, which have no run yet."""
        for row in self.rows:
            yield InputObject(
                schedule=schedule,
                fingerprint=fingerprint,
                uri=_uri(self.bucket, row.key),
                etag=row.etag,
            )


def fingerprint_of(connection: Connection, spec: TransformSpec, output_path: str) -> str:
    """A digest of what decides the outputs: the model, the settings, and the output path with its placeholders."""
    model = RegisteredModel.objects.filter(connection=connection, name=spec.model_name).first()
    settings = {name: value for name, value in spec.to_fields().items() if name not in _IRRELEVANT}
    facts = [connection.place, model.containers if model else None, settings, output_path]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def find_new_objects(target: Target, schedule: Schedule, fingerprint: str, spec: TransformSpec) -> NewObjects:
    """List the input and leave out what a completed run of the same fingerprint has covered, by key and ETag.

    Raises NotPossible if the listing takes too long, and GatewayError.
    """
    until = time.monotonic() + SECONDS
    bucket, _ = parse_s3_uri(spec.data)
    new_objects = NewObjects(bucket)
    rows = planned_objects(target, spec.data, spec.output_path, is_manifest=False)
    for batch in batched(rows, _AT_ONCE):
        covered = _covered(schedule, fingerprint, [_uri(bucket, row.key) for row in batch])
        for row in batch:
            if (_uri(bucket, row.key), row.etag) in covered:
                new_objects.before += 1
            elif len(new_objects.rows) < MOST:
                new_objects.rows.append(row)
            else:
                new_objects.more = True
        if new_objects.more:
            break
        if time.monotonic() > until:
            raise NotPossible(
                f"{spec.data} has more objects than could be listed in {SECONDS:.0f} seconds. Let the schedule read "
                "a folder of fewer, such as one for each day with {date} in its path."
            )
    return new_objects


def _covered(schedule: Schedule, fingerprint: str, uris: list[str]) -> set[tuple[str, str]]:
    rows = InputObject.objects.filter(
        schedule=schedule,
        fingerprint=fingerprint,
        uri__in=uris,
        run__job__overall_state=JobState.COMPLETED,
    ).filter(Q(run__job__hold=None) | Q(run__job__hold=Hold.ACCEPTED))
    return set(rows.values_list("uri", "etag"))


def _uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"
