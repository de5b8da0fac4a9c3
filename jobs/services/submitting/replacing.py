"""Outputs that a job would replace: a job's output replaces whatever object has its key."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from django.utils import timezone

from aws import Target, objects
from jobs.lifecycle.queue.planning import planned_objects
from jobs.models import Connection, PlannedObject
from jobs.services.calling import calls_for_person
from jobs.services.errors import OutputsExist, Unavailable
from jobs.services.submitting.output_folders import beside
from transform import keys
from transform.spec import TransformSpec

#: After this no further page of objects is asked for.
SECONDS = 6.0


class Outputs(StrEnum):
    """What to do where a job would replace objects: not submit it, replace them, or write to a new folder."""

    REFUSE = "refuse"
    REPLACE = "replace"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Replaced:
    """The objects that a job would replace: how many, and the first one's key.

    `more` where not all inputs or outputs were looked at. `instead` is an output path at which none is replaced.
    """

    count: int
    example: str
    instead: str
    more: bool = False

    @property
    def counted(self) -> str:
        """How many, for sentences: 1 output, or 3,000+ outputs."""
        plural = "" if self.count == 1 and not self.more else "s"
        return f"{self.count:,}{'+' if self.more else ''} output{plural}"


def find(target: Target, data: str, output_path: str, *, is_manifest: bool) -> Replaced | None:
    """The objects that a job with this input and output would replace, by the keys that its outputs get.

    Raises ValueError for an address that is none or a manifest that cannot be read, and a GatewayError.
    """
    until = time.monotonic() + SECONDS
    bucket, prefix = keys.parse_s3_uri(output_path)
    folder = keys.output_folder(prefix)
    if next(objects.iterate(target, bucket, folder), None) is None:
        return None
    planned: set[str] = set()
    rows = planned_objects(target, data, output_path, is_manifest=is_manifest)
    for row in islice(rows, PlannedObject.LIMIT):
        planned.add(row.output_key)
        if time.monotonic() > until:
            break
    more = next(rows, None) is not None
    if not planned:
        return None
    last, present = max(planned), []
    # From just before the first key to the last, however many objects lie elsewhere in the folder.
    for one in objects.iterate(target, bucket, folder, after=min(planned)[:-1]):
        if one.key > last:
            break
        if one.key in planned:
            present.append(one.key)
        if time.monotonic() > until:
            more = True
            break
    return Replaced(len(present), present[0], beside(output_path, timezone.now()), more) if present else None


def find_for(connection: Connection, spec: TransformSpec) -> Replaced | None:
    """The objects that a request on the connection would replace; Unavailable where that cannot be looked at."""
    is_manifest = spec.data_type == "ManifestFile"
    with calls_for_person(connection) as target:
        try:
            return find(target, spec.data, spec.output_path, is_manifest=is_manifest)
        except ValueError as error:
            raise Unavailable(str(error)) from error


def check(connection: Connection, spec: TransformSpec) -> None:
    """Raise OutputsExist where the request would replace objects.

    What cannot be looked at is no reason to refuse it: the job then waits, or fails with the reason.
    """
    try:
        found = find_for(connection, spec)
    except Unavailable:
        return
    if found is not None:
        raise OutputsExist(found.count, found.counted, spec.output_path, found.instead)
