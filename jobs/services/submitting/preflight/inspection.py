"""Looking at what a request names: the model, the input, the output. Few calls, and an end in time."""

from __future__ import annotations

import time
from collections.abc import Iterable
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
from jobs.services.submitting import replacing
from jobs.services.submitting.preflight.findings import Inspection, ObjectList, RequestFields
from jobs.services.submitting.replacing import Replaced
from transform import manifest
from transform.decompression import NotGzip, beginning, is_gzip
from transform.keys import is_folder_marker, output_folder, parse_s3_uri

#: Objects looked at in one place, three calls; what lies behind is "more".
LOOKED_AT = 3_000
#: After this no further call is begun; one takes four seconds at most.
SECONDS = 6.0
#: Bytes read of the first object for its lines, and of one that has no line end in them.
HEAD, LONGEST = 256 * 1024, 8 * 1024 * 1024
#: Bytes read of it where no lines are cut: enough to tell an encoding.
BEGINNING = 4096
#: Archives of a model that are looked for.
ARCHIVES = 3
MANIFEST_BYTES = 4 * 1024 * 1024
_NO_BUCKET = frozenset({"NoSuchBucket", "404"})


def look(connection: Connection, wanted: RequestFields) -> Inspection:
    """What the connection tells about the request. Never raises: what it would not tell stays None."""
    seen = Inspection(at=timezone.now(), limits=_limits(connection, wanted), is_engine=connection.is_engine)
    if not connection.is_engine:
        seen.instance_types = sagemaker_instance_types() | _with_quota(connection)
    end = time.monotonic() + SECONDS
    steps = (_model, _abilities, _inputs, _beside, _outputs, _writing, _head)
    try:
        with asking(connection) as target:
            hurried = replace(target, hurried=True)
            for step in steps:
                if time.monotonic() > end:
                    seen.trouble = f"{connection.name} answers slowly."
                    break
                step(hurried, wanted, seen)
    except GatewayError as error:
        seen.trouble = error.sentence
    return seen


def _with_quota(connection: Connection) -> frozenset[str]:
    """The instance types for which the account was told a quota: some may be newer than botocore."""
    quotas = Quotas.objects.filter(connection=connection).first()
    return frozenset(quotas.instances_per_type if quotas else ())


def _limits(connection: Connection, wanted: RequestFields) -> tuple[Limit, ...]:
    if not wanted.text("instance_type"):
        return ()
    asked = TransformJob(
        connection=connection,
        instance_type=wanted.text("instance_type"),
        fallback_instance_types=wanted.values.get("fallback_instance_types") or [],
    )
    return tuple(rooms([connection])[connection.pk].limits(asked))


def _model(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    name = wanted.text("model_name")
    if not name:
        return
    try:
        found = models.describe(target, name)
    except Rejected:
        # We may not describe models; whoever runs the job may use them all the same.
        return
    seen.model_known = found is not None
    seen.images = tuple(str(one["Image"]) for one in (found.containers if found else ()) if one.get("Image"))
    archives = [
        str(one["ModelDataUrl"]) for one in (found.containers if found else ()) if one.get("ModelDataUrl")
    ]
    seen.archives = tuple((uri, size) for uri in archives[:ARCHIVES] for size in _size_of(target, uri))


def _abilities(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    answer = abilities(target, seen.images) if target.is_engine else None
    if answer is not None:
        seen.against, seen.instance_types = answer.against, answer.instance_types


def _size_of(target: Target, uri: str) -> list[int | None]:
    """The object's size, None if it is not there; empty if we may not know."""
    try:
        bucket, key = parse_s3_uri(uri)
        found = objects.head(target, bucket, key)
    except (ValueError, Rejected):
        return []
    return [found.size if found else None]


def _inputs(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    place = wanted.place("data")
    if place is None:
        return
    bucket, prefix = place
    if wanted.text("data_type") == "ManifestFile":
        seen.inputs = _listed_in_manifest(target, bucket, prefix)
    else:
        seen.inputs = _below(target, bucket, prefix)


def _beside(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    place = wanted.place("data")
    if (
        place is None
        or wanted.text("data_type") == "ManifestFile"
        or not (seen.inputs and seen.inputs.is_known)
    ):
        return
    bucket, prefix = place
    if prefix and not prefix.endswith("/"):
        level = objects.level(target, bucket, prefix, limit=100)
        seen.beside = (*level.folders, *(found.key for found in level.objects))


def _outputs(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    place = wanted.place("output_path")
    if place is not None:
        seen.outputs = _below(target, place[0], output_folder(place[1]))
        if seen.outputs.objects and wanted.place("data"):
            seen.replaced = _replaced(target, wanted)


def _replaced(target: Target, wanted: RequestFields) -> Replaced | None:
    is_manifest = wanted.text("data_type") == "ManifestFile"
    try:
        return replacing.find(
            target, wanted.text("data"), wanted.text("output_path"), is_manifest=is_manifest
        )
    except (Rejected, ValueError):
        return None


def _writing(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    place = wanted.place("output_path")
    if place is not None and seen.outputs and not seen.outputs.problem:
        try:
            seen.writable = objects.may_put(target, place[0], f"{output_folder(place[1])}.batchdeck")
        except Rejected:
            seen.writable = None


def _head(target: Target, wanted: RequestFields, seen: Inspection) -> None:
    place, inputs = wanted.place("data"), seen.inputs
    seen.first = next((found for found in inputs.objects if found.size), None) if inputs else None
    if place is None or seen.first is None:
        return
    lines = wanted.text("split_type") == "Line"
    try:
        head = objects.read(target, place[0], seen.first.key, limit=HEAD if lines else BEGINNING) or b""
        if lines and b"\n" not in head and len(head) == HEAD:
            # A line as long as this may be longer than a call.
            head = objects.read(target, place[0], seen.first.key, limit=LONGEST) or b""
    except Rejected:
        return
    seen.packed = is_gzip(head)
    seen.beginning = _unpacked(head) if seen.packed else head
    if lines:
        seen.head = seen.beginning


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


def _first_of(found: Iterable[RemoteObject]) -> ObjectList:
    real = (one for one in found if not is_folder_marker(one.key, one.size))
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
        return ObjectList(unknown="The manifest is too large to be looked through here.")
    try:
        named = manifest.parse_manifest(body)
    except manifest.ManifestError as error:
        return ObjectList(problem=f"{str(error).rstrip('.')}.")
    if not named.entries:
        return ObjectList(problem="The manifest names no object.")
    outside = next((one for one in named.keys if not target.scope.allows(named.bucket, one)), None)
    if outside is not None:
        return ObjectList(problem=denied_place(target, f"s3://{named.bucket}/{outside}"))
    count = f"{len(named.entries):,} object{'s' if len(named.entries) > 1 else ''}"
    return ObjectList(unknown=f"The manifest names {count}, not looked at here.")


def _refused(error: Rejected, bucket: str) -> ObjectList:
    # Without a code it is boto3 that refused: no bucket can have that name.
    if error.code in _NO_BUCKET or not error.code:
        return ObjectList(problem=f"There is no bucket {bucket}.")
    return ObjectList(
        unknown=f"s3://{bucket} may not be listed with this service's permissions ({error.code})."
    )
