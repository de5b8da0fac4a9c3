"""Transforming one object: decompress, split, filter, send, join, assemble, publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.config import Config
from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.failures import ObjectFailed
from engine.runner.http_client import Body
from engine.runner.instance import Instance
from engine.runner.parameters import Parameters
from engine.runner.plan import PlannedObject, read_chunks
from engine.runner.publishing import Publisher
from engine.runner.window import Window
from transform.assembling import assembled
from transform.batching import Splitting, payloads
from transform.dataprocessing import DataProcessing
from transform.decompression import NotGzip, gunzip
from transform.formats import RecordError
from transform.framed import CorruptRecord
from transform.records import PayloadTooLarge

#: Payloads of at least this many bytes are processed in a thread, so that the engine stays responsive.
_LARGE = 64 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ObjectTransform:
    """The transformation that a job applies to each object."""

    config: Config
    objects: ObjectStore
    request: Mapping[str, Any]
    parameters: Parameters
    processing: DataProcessing
    publisher: Publisher

    async def run(self, planned: PlannedObject, instance: Instance, window: Window[Body]) -> None:
        """Transform one input object. Its output is published only if all of it succeeds.

        Raises ObjectFailed, JobFailed.
        """
        accept = self.request["TransformOutput"].get("Accept")
        try:
            # Readers are closed explicitly, not by garbage collection.
            with (
                ExitStack() as opened,
                self.objects.writer(planned.output_bucket, planned.output_key, content_type=accept) as writer,
            ):
                bodies = self._bodies(planned, opened)
                await window.run(bodies, lambda payload: self._result(payload, instance), writer.write)
                self.publisher.add(planned.key, writer)
        except RecordError as error:
            raise ObjectFailed([str(error)], client_error=not error.of_answer) from error
        except PayloadTooLarge as error:
            raise ObjectFailed([f"ClientError: {self._too_large(error)}"], client_error=True) from error
        except (NotGzip, CorruptRecord) as error:
            raise ObjectFailed([f"ClientError: {error}"], client_error=True) from error
        except ServiceError as error:
            raise ObjectFailed([f"ClientError: {error.code}: {error.message}"], client_error=True) from error

    def _bodies(self, planned: PlannedObject, opened: ExitStack) -> Iterator[Body]:
        """The object's payloads in order; `opened` closes their readers.

        Raises NotGzip, CorruptRecord, PayloadTooLarge, ServiceError.
        """
        source = self.request["TransformInput"]

        def data() -> Iterator[bytes]:
            read = opened.enter_context(closing(read_chunks(self.objects, planned)))
            return gunzip(read) if source.get("CompressionType") == "Gzip" else read

        splitting = self._splitting(source.get("SplitType", "None"))
        if splitting.split_type == "None" and splitting.limit is None:
            # MaxPayloadInMB 0 allows bodies of any size (CreateTransformJob documentation), so they are streamed.
            return iter([data] if next(data(), b"") else [])
        return payloads(data(), splitting)

    def _splitting(self, split_type: str) -> Splitting:
        limit = self.parameters.limit
        if split_type == "None" and limit is None and not self.processing.does_nothing:
            limit = self.config.largest_unsplit
        return Splitting(
            split_type,
            self.parameters.strategy,
            limit,
            batch=self.config.batch_without_limit,
            newline=self.config.unsettled.newline_sent,
        )

    def _too_large(self, error: PayloadTooLarge) -> str:
        if self.parameters.limit is not None:
            return str(error)
        return (
            f"An object that is filtered or joined whole may have {error.limit} bytes at most. "
            "Set SplitType to Line"
        )

    async def _result(self, payload: Body, instance: Instance) -> bytes:
        """The output of one payload. Raises ObjectFailed, JobFailed, RecordError."""
        if self.processing.does_nothing or not isinstance(payload, bytes):
            return self._assembled(await instance.transform(payload))
        body = await _in_thread_if_large(payload, lambda: self.processing.request(payload))
        if body is None:
            return b""
        answer = await instance.transform(body)
        return self._assembled(
            await _in_thread_if_large(payload, lambda: self.processing.result(payload, answer))
        )

    def _assembled(self, body: bytes) -> bytes:
        assemble_with = self.request["TransformOutput"].get("AssembleWith")
        return assembled(body, assemble_with, double_newlines=self.config.unsettled.double_newlines)


async def _in_thread_if_large(payload: bytes, work: Callable[[], T]) -> T:
    return work() if len(payload) < _LARGE else await asyncio.to_thread(work)
