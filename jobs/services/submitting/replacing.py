"""Find the objects that a job's outputs would replace: those with the same keys, there or still to be written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone

from aws import Target, objects
from jobs.lifecycle.queue.planning import planned_objects
from jobs.models import Connection, TransformJob
from jobs.services.calling import calls_for_person
from jobs.services.errors import OutputsExist, Unavailable
from jobs.services.submitting import jobs_under_way
from jobs.services.submitting.output_folders import beside
from transform import keys
from transform.spec import TransformSpec

#: After this no further page of objects is read.
SECONDS = 6.0


class Outputs(StrEnum):
    """What to do if a job would replace objects: refuse it, replace them, or write to a new folder."""

    REFUSE = "refuse"
    REPLACE = "replace"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Replaced:
    """The objects that a job would replace: their number, and the first one's key.

    `more` is true if not all inputs or outputs were listed; if none of those listed would be replaced, `count` is 0,
    and `example` is an object below the output path. `instead` is an output path at which none is replaced.
    `under_way` are the names of jobs that have not ended and write some of these objects.
    """

    count: int
    example: str
    instead: str
    more: bool = False
    under_way: tuple[str, ...] = ()

    @property
    def counted(self) -> str:
        """The number for sentences: 1 output, 3,000+ outputs, or an unknown number of outputs."""
        if self.count == 0:
            return "an unknown number of outputs"
        plural = "" if self.count == 1 and not self.more else "s"
        return f"{self.count:,}{'+' if self.more else ''} output{plural}"

    @property
    def description(self) -> str:
        """Where these outputs are, for sentences: 12 outputs are there already."""
        is_one = self.counted == "1 output"
        text = f"{self.counted} {'is' if is_one else 'are'} there already"
        if not self.under_way:
            return text
        first, *further = self.under_way
        names = f"{first} and {len(further)} more" if further else first
        return f"{text} or {'comes' if is_one else 'come'} from {names}, which {'have' if further else 'has'} not ended"


def find(
    target: Target,
    data: str,
    output_path: str,
    *,
    is_manifest: bool,
    other_jobs: Sequence[TransformJob] = (),
) -> Replaced | None:
    """The objects that a job with this input and output would replace, by the keys of its outputs; None for none.

    `other_jobs` are jobs under way that write near the output path. Raises ValueError for a malformed URI or an
    unreadable manifest, and a GatewayError.
    """
    until = time.monotonic() + SECONDS
    bucket, prefix = keys.parse_s3_uri(output_path)
    folder = keys.output_folder(prefix)
    first = next(objects.iterate(target, bucket, folder), None)
    if first is None and not other_jobs:
        return None
    planned: set[str] = set()
    rows = planned_objects(target, data, output_path, is_manifest=is_manifest)
    for row in rows:
        planned.add(row.output_key)
        if time.monotonic() > until:
            break
    more = next(rows, None) is not None
    if not planned:
        return None
    present: list[str] = []
    if first is None:
        # Nothing is there that further outputs could replace.
        more = False
    else:
        present, is_whole = _present_keys(target, bucket, folder, planned, until)
        more = more or not is_whole
    promised = jobs_under_way.promised_keys(target, other_jobs, planned)
    replaced_keys = [*present, *sorted(promised.keys() - set(present))]
    if not replaced_keys and (first is None or not more):
        return None
    example = replaced_keys[0] if replaced_keys or first is None else first.key
    under_way = tuple(dict.fromkeys(promised.values()))
    return Replaced(len(replaced_keys), example, beside(output_path, timezone.now()), more, under_way)


def _present_keys(
    target: Target, bucket: str, folder: str, planned: set[str], until: float
) -> tuple[list[str], bool]:
    """The keys of `planned` that objects have, in order, and whether all were looked for before `until`."""
    last, present = max(planned), []
    # Only keys from the first output's to the last one's, as the folder may have many other objects.
    for remote_object in objects.iterate(target, bucket, folder, after=min(planned)[:-1]):
        if remote_object.key > last:
            break
        if remote_object.key in planned:
            present.append(remote_object.key)
        if time.monotonic() > until:
            return present, False
    return present, True


def find_for(connection: Connection, spec: TransformSpec) -> Replaced | None:
    """The objects that a request on the connection would replace. Raises Unavailable if they cannot be listed."""
    is_manifest = spec.data_type == "ManifestFile"
    with calls_for_person(connection) as target:
        try:
            other_jobs = jobs_under_way.find(connection, spec.output_path, spec.data)
            return find(target, spec.data, spec.output_path, is_manifest=is_manifest, other_jobs=other_jobs)
        except ValueError as error:
            raise Unavailable(str(error)) from error


def check(connection: Connection, spec: TransformSpec) -> None:
    """Raise OutputsExist if the request would replace objects.

    If these cannot be listed the request is accepted: the job then waits, or fails with the reason.
    """
    try:
        replaced = find_for(connection, spec)
    except Unavailable:
        return
    if replaced is not None:
        raise OutputsExist(
            replaced.count, replaced.counted, replaced.description, spec.output_path, replaced.instead
        )
