"""One input object to one output object: decompress, split, send, assemble, publish whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.failures import ObjectFailed
from engine.runner.http_client import Body
from engine.runner.instance import Instance
from engine.runner.parameters import Parameters
from engine.runner.plan import PlannedObject, chunks
from engine.runner.window import Window
from transform.assembling import assembled
from transform.batching import payloads
from transform.records import PayloadTooLarge

_LARGEST_PIECE = 1024 * 1024


async def transform_object(
    objects: ObjectStore,
    request: Mapping[str, Any],
    parameters: Parameters,
    planned: PlannedObject,
    instance: Instance,
    window: Window[Body],
) -> None:
    """Write the output of one input object; nothing of it shows unless all of it succeeded.

    Raises ObjectFailed, JobFailed.
    """
    output = request["TransformOutput"]
    assemble_with = output.get("AssembleWith")
    bodies = _bodies(objects, request["TransformInput"], parameters, planned)
    try:
        with objects.writer(
            planned.output_bucket, planned.output_key, content_type=output.get("Accept")
        ) as writer:
            await window.run(
                bodies, instance.transform, lambda answer: writer.write(assembled(answer, assemble_with))
            )
            writer.commit()
    except PayloadTooLarge as error:
        raise ObjectFailed([f"ClientError: {error}"], client_error=True) from error
    except zlib.error as error:
        raise ObjectFailed([f"ClientError: not valid Gzip: {error}"], client_error=True) from error
    except ServiceError as error:
        raise ObjectFailed([f"ClientError: {error.code}: {error.message}"], client_error=True) from error


def _bodies(
    objects: ObjectStore, source: Mapping[str, Any], parameters: Parameters, planned: PlannedObject
) -> Iterator[Body]:
    """The bodies of the object's requests, in order. Raises PayloadTooLarge, zlib.error, ServiceError."""

    def data() -> Iterator[bytes]:
        read = chunks(objects, planned)
        return gunzip(read) if source.get("CompressionType") == "Gzip" else read

    split_type = source.get("SplitType", "None")
    if split_type == "None" and parameters.limit is None:
        # MaxPayloadInMB 0 promises bodies of any size (CreateTransformJob documentation): never held whole.
        return iter([data] if next(data(), b"") else [])
    return payloads(data(), split_type=split_type, strategy=parameters.strategy, limit=parameters.limit)


def gunzip(data: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress as it streams, member after member, zeros behind one ignored as gzip does.

    Raises zlib.error for what is no gzip, or is cut short.
    """
    decompressor = None
    for chunk in data:
        rest = chunk
        while rest := (rest if decompressor else rest.lstrip(b"\0")):
            decompressor = decompressor or zlib.decompressobj(wbits=31)
            if out := decompressor.decompress(rest, _LARGEST_PIECE):
                yield out
            rest = decompressor.unconsumed_tail
            if decompressor.eof:
                rest, decompressor = decompressor.unused_data, None
    if decompressor is not None:
        raise zlib.error("the data ends in the middle")
