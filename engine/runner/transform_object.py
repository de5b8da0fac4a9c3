"""One input object to one output object: decompress, split, send, assemble, publish whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.failures import ObjectFailed
from engine.runner.instance import Instance
from engine.runner.parameters import Parameters
from engine.runner.plan import PlannedObject, chunks
from engine.runner.window import Window
from transform.assembling import assembled
from transform.batching import payloads
from transform.records import PayloadTooLarge


async def transform_object(
    objects: ObjectStore,
    request: Mapping[str, Any],
    parameters: Parameters,
    planned: PlannedObject,
    instance: Instance,
    window: Window,
) -> None:
    """Write the output of one input object; nothing of it shows unless all of it succeeded.

    Raises ObjectFailed, JobFailed.
    """
    source = request["TransformInput"]
    assemble_with = request["TransformOutput"].get("AssembleWith")
    try:
        with objects.writer(
            planned.output_bucket, planned.output_key, content_type=request["TransformOutput"].get("Accept")
        ) as writer:
            data: Iterable[bytes] = chunks(objects, planned)
            if source.get("CompressionType") == "Gzip":
                data = gunzip(data)
            bodies = payloads(
                data,
                split_type=source.get("SplitType", "None"),
                strategy=parameters.strategy,
                limit=parameters.limit,
            )
            await window.run(
                bodies, instance.transform, lambda body: writer.write(assembled(body, assemble_with))
            )
            writer.commit()
    except PayloadTooLarge as error:
        raise ObjectFailed([f"ClientError: {error}"], client_error=True) from error
    except zlib.error as error:
        raise ObjectFailed([f"ClientError: not valid Gzip: {error}"], client_error=True) from error
    except ServiceError as error:
        raise ObjectFailed([f"ClientError: {error.code}: {error.message}"], client_error=True) from error


def gunzip(data: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress as it streams, member after member. Raises zlib.error for what is no gzip, or is cut short."""
    largest = 1024 * 1024
    decompressor = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in data:
        rest = chunk
        while rest:
            begun = True
            if out := decompressor.decompress(rest, largest):
                yield out
            rest = decompressor.unconsumed_tail
            if decompressor.eof:
                rest = decompressor.unused_data
                decompressor = zlib.decompressobj(wbits=31)
                begun = bool(rest)
    if begun:
        raise zlib.error("the data ends in the middle")
