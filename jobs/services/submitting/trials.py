"""Trials: a job on the first records of an input with the settings of the job on all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from django.db import transaction

from aws import Target, objects
from jobs.lifecycle.queue.planning import input_bucket_at, planned_objects
from jobs.lifecycle.trying import cutting
from jobs.lifecycle.trying.places import place_beside
from jobs.models import Connection, PlannedObject, Preset, TransformJob, TrialRun
from jobs.models.job_values import new_key
from jobs.options import RunOptions
from jobs.services.calling import calls_for_person
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting import submission
from jobs.states import Origin
from teams.models import ApiToken, User
from transform import keys
from transform.csv_head import header_of
from transform.dataprocessing import media_type
from transform.decompression import NotGzip
from transform.framed import CorruptRecord
from transform.manifest import Manifest, ManifestError, manifest_of
from transform.records import PayloadTooLarge
from transform.spec import TransformSpec

#: Records of a trial: how many it has without a number, and the most.
DEFAULT, MOST = 100, 10_000
#: Bytes of records, unpacked, and objects from which they may come. A trial that reaches these bounds is shorter.
MOST_BYTES, MOST_OBJECTS = 16 * 1024 * 1024, 100
#: After this no further object is read.
SECONDS = 8.0
NUMBER = f"It must be a whole number from 1 to {MOST:,}."


@dataclass(slots=True)
class _FirstRecords:
    """The first records of an input: for each object its name below the trial's input, and its body."""

    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    records: int = 0
    unpacked: int = 0
    has_header: bool = False
    is_short: bool = False


def begin(
    connection: Connection,
    spec: TransformSpec,
    options: RunOptions,
    count: int,
    *,
    by: User,
    token: ApiToken | None = None,
    preset: Preset | None = None,
) -> TransformJob:
    """Write the first `count` records of the request's input to a folder of their own, and submit a job on them.

    Without SplitType it reads the first `count` objects, by a manifest. Raises InvalidFields, NotPossible with the
    reason, and Unavailable.
    """
    if not 1 <= count <= MOST:
        raise InvalidFields({"records": [NUMBER]})
    request = spec.to_fields()
    if outside := submission.scope_problems(connection, spec):
        raise InvalidFields(outside)
    with calls_for_person(connection) as target:
        place = _place(target, spec)
        write = _write_records if cutting.is_split(request) else _write_manifest
        changes, trial = write(target, request, place, count)
    small_spec = replace(
        spec,
        name=None,
        output_path=f"{trial.place}output/",
        # Captured data would lie among that of other jobs.
        data_capture_config=None,
        **changes,
    )
    with transaction.atomic():
        job = submission.submit(
            connection,
            small_spec,
            options,
            by=by,
            token=token,
            preset=preset,
            reason=f"Submitted as a trial of the first {trial.records:,} {trial.unit} of {spec.data}.",
            origin=Origin.TRIAL,
        )
        trial.job = job
        trial.save()
    return job


def _place(target: Target, spec: TransformSpec) -> tuple[str, str]:
    is_manifest = spec.data_type == "ManifestFile"
    place = place_beside(
        spec.data, spec.output_path, new_key(), target.scope, is_manifest=is_manifest, kind="trials"
    )
    if place is None:
        text = (
            "A trial is written beside it, and all of that would be input. Choose a folder outside the input."
        )
        raise InvalidFields({"output_path": [text]})
    if not objects.may_put(target, *place):
        raise NotPossible(f"s3://{'/'.join(place)} cannot be written: the credentials lack s3:PutObject.")
    return place


def _write_records(
    target: Target, request: Mapping[str, Any], place: tuple[str, str], count: int
) -> tuple[dict[str, Any], TrialRun]:
    """Write the records; the fields of the request that name them, and the trial."""
    bucket, folder = place
    first_records = _read(target, request, count)
    if not first_records.records:
        raise NotPossible(f"{request['data']} has no records to try.")
    for name, body in first_records.bodies:
        objects.put(target, bucket, f"{folder}input/{name}", body)
    objects_count = len(first_records.bodies)
    trial = TrialRun(
        request=request,
        place=f"s3://{bucket}/{folder}",
        records=first_records.records,
        objects_count=objects_count,
        bytes=sum(len(body) for _, body in first_records.bodies),
        has_header=first_records.has_header,
        is_short=first_records.is_short,
    )
    return {
        "data": f"{trial.place}input/",
        "data_type": "S3Prefix",
        "instance_count": min(request["instance_count"], objects_count),
    }, trial


def _read(target: Target, request: Mapping[str, Any], count: int) -> _FirstRecords:
    until = time.monotonic() + SECONDS
    first_records = _FirstRecords()
    bucket, sources = _sources(target, request)
    for key, name in islice(sources, MOST_OBJECTS):
        try:
            pieces = _first_of(target, request, bucket, key, first_records, count)
        except (PayloadTooLarge, CorruptRecord, NotGzip) as error:
            raise NotPossible(f"s3://{bucket}/{key}: {str(error).rstrip('.')}.") from error
        if pieces:
            first_records.bodies.append((name, cutting.body_of(request, pieces)))
        if first_records.records >= count or first_records.is_short:
            return first_records
        if time.monotonic() > until:
            first_records.is_short = True
            return first_records
    first_records.is_short = next(sources, None) is not None
    return first_records


def _first_of(
    target: Target,
    request: Mapping[str, Any],
    bucket: str,
    key: str,
    first_records: _FirstRecords,
    count: int,
) -> list[bytes]:
    """The object's first lines or records, as many as are still to be read; they are added to the counts."""
    chunks = objects.stream(target, bucket, key)
    if chunks is None:
        raise NotPossible(f"There is no object s3://{bucket}/{key}.")
    wanted_records = count - first_records.records
    pieces: list[bytes] = []
    numbered = 0
    # One more than is wanted: a header is kept beside the records, and is known by the line after it.
    for piece in cutting.records_of(request, chunks, MOST_BYTES):
        if first_records.unpacked + len(piece) > MOST_BYTES:
            first_records.is_short = True
            break
        pieces.append(piece)
        first_records.unpacked += len(piece)
        numbered += cutting.is_record(request, piece)
        if numbered > wanted_records:
            break
    has_header = _has_header(request, pieces)
    if numbered > wanted_records and not has_header:
        first_records.unpacked -= len(pieces.pop())
        numbered -= 1
    if has_header and not first_records.bodies:
        first_records.has_header = True
    first_records.records += numbered - has_header
    return pieces if numbered > has_header else []


def _has_header(request: Mapping[str, Any], pieces: list[bytes]) -> bool:
    is_csv = media_type(request.get("content_type", "")) == "text/csv"
    return is_csv and request["split_type"] == "Line" and bool(header_of(b"".join(pieces)))


def _write_manifest(
    target: Target, request: Mapping[str, Any], place: tuple[str, str], count: int
) -> tuple[dict[str, Any], TrialRun]:
    """Write a manifest of the first objects; the fields of the request that name it, and the trial."""
    bucket, folder = place
    input_bucket, rows = _first_objects(target, request, count)
    if not rows:
        raise NotPossible(f"{request['data']} has no objects to try.")
    output_prefix = f"{folder}output/"
    named = [(row.key, output_prefix + name) for row, name in zip(rows, _names(request, rows), strict=True)]
    listed = manifest_of(
        input_bucket, ((key, f"{out}{keys.OUTPUT_SUFFIX}") for key, out in named), output_prefix
    )
    listed = listed or Manifest(input_bucket, "", tuple(key for key, _ in named))
    objects.put(target, bucket, f"{folder}input.manifest", listed.body())
    trial = TrialRun(
        request=request,
        place=f"s3://{bucket}/{folder}",
        records=len(rows),
        objects_count=len(rows),
        bytes=sum(row.size or 0 for row in rows),
    )
    return {
        "data": f"{trial.place}input.manifest",
        "data_type": "ManifestFile",
        "instance_count": min(request["instance_count"], len(rows)),
    }, trial


def _sources(target: Target, request: Mapping[str, Any]) -> tuple[str, Iterator[tuple[str, str]]]:
    """The bucket of the input, and each object's key with its name below a trial's input."""
    bucket, rows = _first_objects(target, request, MOST_OBJECTS + 1)
    names = _names(request, rows)
    return bucket, iter([(row.key, name) for row, name in zip(rows, names, strict=True)])


def _first_objects(target: Target, request: Mapping[str, Any], count: int) -> tuple[str, list[PlannedObject]]:
    """The bucket of the input, and its first `count` objects. Raises NotPossible with the reason."""
    is_manifest = request.get("data_type") == "ManifestFile"
    try:
        bucket = input_bucket_at(target, request["data"], is_manifest=is_manifest)
        if bucket is None:
            raise NotPossible(f"There is no manifest {request['data']}.")
        rows = planned_objects(target, request["data"], request["output_path"], is_manifest=is_manifest)
        return bucket, list(islice(rows, count))
    except (ManifestError, ValueError) as error:
        raise NotPossible(f"{request['data']}: {str(error).rstrip('.')}.") from error


def _names(request: Mapping[str, Any], rows: list[PlannedObject]) -> list[str]:
    """The name of each object's output below the output path, without its ending."""
    folder = keys.output_folder(keys.parse_s3_uri(request["output_path"])[1])
    return [row.output_key.removeprefix(folder).removesuffix(keys.OUTPUT_SUFFIX) for row in rows]
