"""Inspect what a request names: the model, the input, the output. Few calls, within a few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from django.utils import timezone

from aws import GatewayError, Rejected, Target, models, objects
from aws.abilities import abilities, sagemaker_instance_types
from aws.objects import RemoteObject
from aws.scoping import denied_place
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue.capacity import Limit, rooms
from jobs.models import Connection, Quotas, TransformJob
from jobs.services.data import converting
from jobs.services.submitting import jobs_under_way, replacing
from jobs.services.submitting.preflight.findings import Inspection, ObjectList, RequestValues
from jobs.services.submitting.replacing import Replaced
from transform import manifest
from transform.decompression import NotGzip, beginning, is_gzip
from transform.keys import is_folder_marker, output_folder, output_key, parse_s3_uri

#: Objects listed in one place, in three calls; if there are further objects, `more` is true.
LOOKED_AT = 3_000
#: After this no further call is made; one takes four seconds at most.
SECONDS = 6.0
#: Bytes read of the first object for its lines, and of one that has no line end in these.
HEAD, LONGEST = 256 * 1024, 8 * 1024 * 1024
#: Bytes read of it if it is not split by lines: enough to recognise an encoding.
BEGINNING = 4096
#: Archives of a model that are inspected.
ARCHIVES = 3
MANIFEST_BYTES = 4 * 1024 * 1024
_NO_BUCKET = frozenset({"NoSuchBucket", "404"})


def look(connection: Connection, request: RequestValues) -> Inspection:
    """Inspect what the request names. Never raises: what the connection does not answer stays None."""
    inspection = Inspection(
        at=timezone.now(), limits=_limits(connection, request), is_engine=connection.is_engine
    )
    if request.place("output_path") is not None:
        inspection.under_way = jobs_under_way.find(
            connection, request.text("output_path"), request.text("data")
        )
    inspection.conversion = converting.latest(connection, request.text("data"))
    if not connection.is_engine:
        inspection.instance_types = sagemaker_instance_types() | _with_quota(connection)
    end = time.monotonic() + SECONDS
    steps = (_model, _abilities, _inputs, _beside, _outputs, _writing, _head)
    try:
        with asking(connection) as target:
            hurried = replace(target, hurried=True)
            for step in steps:
                if time.monotonic() > end:
                    inspection.trouble = f"{connection.name} answers slowly."
                    break
                step(hurried, request, inspection)
    except GatewayError as error:
        inspection.trouble = error.sentence
    return inspection


def _with_quota(connection: Connection) -> frozenset[str]:
    """The instance types for which the account has a quota: some may be newer than botocore."""
    quotas = Quotas.objects.filter(connection=connection).first()
    return frozenset(quotas.instances_per_type if quotas else ())


def _limits(connection: Connection, request: RequestValues) -> tuple[Limit, ...]:
    if not request.text("instance_type"):
        return ()
    job = TransformJob(
        connection=connection,
        instance_type=request.text("instance_type"),
        fallback_instance_types=request.values.get("fallback_instance_types") or [],
    )
    return tuple(rooms([connection])[connection.pk].limits(job))


def _model(target: Target, request: RequestValues, inspection: Inspection) -> None:
    name = request.text("model_name")
    if not name:
        return
    try:
        model = models.describe(target, name)
    except Rejected:
        # Our credentials may not describe models, but the job may use them all the same.
        return
    inspection.model_known = model is not None
    inspection.images = tuple(
        str(container["Image"]) for container in (model.containers if model else ()) if container.get("Image")
    )
    archives = [
        str(container["ModelDataUrl"])
        for container in (model.containers if model else ())
        if container.get("ModelDataUrl")
    ]
    inspection.archives = tuple((uri, size) for uri in archives[:ARCHIVES] for size in _size_of(target, uri))


def _abilities(target: Target, request: RequestValues, inspection: Inspection) -> None:
    answer = abilities(target, inspection.images) if target.is_engine else None
    if answer is not None:
        inspection.against, inspection.instance_types = answer.against, answer.instance_types


def _size_of(target: Target, uri: str) -> list[int | None]:
    """One value: the object's size, or None if it is missing. Empty if we may not read it."""
    try:
        bucket, key = parse_s3_uri(uri)
        head = objects.head(target, bucket, key)
    except (ValueError, Rejected):
        return []
    return [head.size if head else None]


def _inputs(target: Target, request: RequestValues, inspection: Inspection) -> None:
    place = request.place("data")
    if place is None:
        return
    bucket, prefix = place
    if request.text("data_type") == "ManifestFile":
        inspection.inputs = _listed_in_manifest(target, bucket, prefix)
    else:
        inputs = _below(target, bucket, prefix)
        pairs = _pairs(prefix, (remote_object.key for remote_object in inputs.objects))
        inspection.inputs = replace(inputs, bucket=bucket, pairs=pairs)


def _pairs(prefix: str, input_keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, output_key(prefix, key, "")) for key in islice(input_keys, LOOKED_AT))


def _beside(target: Target, request: RequestValues, inspection: Inspection) -> None:
    place = request.place("data")
    if (
        place is None
        or request.text("data_type") == "ManifestFile"
        or not (inspection.inputs and inspection.inputs.is_known)
    ):
        return
    bucket, prefix = place
    if prefix and not prefix.endswith("/"):
        level = objects.level(target, bucket, prefix, limit=100)
        inspection.beside = (*level.folders, *(remote_object.key for remote_object in level.objects))


def _outputs(target: Target, request: RequestValues, inspection: Inspection) -> None:
    place = request.place("output_path")
    if place is not None:
        inspection.outputs = _below(target, place[0], output_folder(place[1]))
        if (inspection.outputs.objects or inspection.under_way) and request.place("data"):
            inspection.replaced = _replaced(target, request, inspection.under_way)


def _replaced(target: Target, request: RequestValues, under_way: Sequence[TransformJob]) -> Replaced | None:
    is_manifest = request.text("data_type") == "ManifestFile"
    try:
        return replacing.find(
            target,
            request.text("data"),
            request.text("output_path"),
            is_manifest=is_manifest,
            other_jobs=under_way,
        )
    except (Rejected, ValueError):
        return None


def _writing(target: Target, request: RequestValues, inspection: Inspection) -> None:
    place = request.place("output_path")
    if place is not None and inspection.outputs and not inspection.outputs.problem:
        try:
            inspection.writable = objects.may_put(target, place[0], f"{output_folder(place[1])}.batchdeck")
        except Rejected:
            inspection.writable = None


def _head(target: Target, request: RequestValues, inspection: Inspection) -> None:
    place, inputs = request.place("data"), inspection.inputs
    inspection.first = (
        next((remote_object for remote_object in inputs.objects if remote_object.size), None)
        if inputs
        else None
    )
    if place is None or inspection.first is None:
        return
    lines = request.text("split_type") == "Line"
    try:
        head = objects.read(target, place[0], inspection.first.key, limit=HEAD if lines else BEGINNING) or b""
        if lines and b"\n" not in head and len(head) == HEAD:
            # A line of this length may be larger than a call.
            head = objects.read(target, place[0], inspection.first.key, limit=LONGEST) or b""
    except Rejected:
        return
    inspection.packed = is_gzip(head)
    inspection.beginning = _unpacked(head) if inspection.packed else head
    if lines:
        inspection.head = inspection.beginning


def _unpacked(head: bytes) -> bytes:
    try:
        return beginning(head, HEAD)[0]
    except NotGzip:
        return b""


def _below(target: Target, bucket: str, prefix: str) -> ObjectList:
    try:
        return _first_of(objects.iterate(target, bucket, prefix))
    except Rejected as error:
        return _refused(error, bucket)


def _first_of(remote_objects: Iterable[RemoteObject]) -> ObjectList:
    real = (
        remote_object
        for remote_object in remote_objects
        if not is_folder_marker(remote_object.key, remote_object.size)
    )
    first = tuple(islice(real, LOOKED_AT + 1))
    return ObjectList(first[:LOOKED_AT], more=len(first) > LOOKED_AT)


def _listed_in_manifest(target: Target, bucket: str, key: str) -> ObjectList:
    try:
        body = objects.read(target, bucket, key, limit=MANIFEST_BYTES)
    except Rejected as error:
        return _refused(error, bucket)
    if body is None:
        return ObjectList(problem=f"There is no object s3://{bucket}/{key} to read the manifest from.")
    if len(body) == MANIFEST_BYTES:
        return ObjectList(unknown="The manifest is too large to be checked here.")
    try:
        manifest_objects = manifest.parse_manifest(body)
    except manifest.ManifestError as error:
        return ObjectList(problem=f"{str(error).rstrip('.')}.")
    if not manifest_objects.entries:
        return ObjectList(problem="The manifest names no object.")
    outside = next(
        (key for key in manifest_objects.keys if not target.scope.allows(manifest_objects.bucket, key)), None
    )
    if outside is not None:
        return ObjectList(problem=denied_place(target, f"s3://{manifest_objects.bucket}/{outside}"))
    count = f"{len(manifest_objects.entries):,} object{'s' if len(manifest_objects.entries) > 1 else ''}"
    return ObjectList(
        unknown=f"The manifest names {count}, not looked at here.",
        bucket=manifest_objects.bucket,
        pairs=_pairs(manifest_objects.prefix, dict.fromkeys(manifest_objects.keys)),
    )


def _refused(error: Rejected, bucket: str) -> ObjectList:
    # Without a code boto3 itself refused: no bucket can have that name.
    if error.code in _NO_BUCKET or not error.code:
        return ObjectList(problem=f"There is no bucket {bucket}.")
    return ObjectList(
        unknown=f"s3://{bucket} may not be listed with this service's permissions ({error.code})."
    )
