"""Transforming one object: decompress, split, filter, send, join, assemble, publish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from engine.config import Config
from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.failures import NO_ANSWER, JobFailed, ObjectFailed
from engine.runner.http_client import Body
from engine.runner.instance import Instance
from engine.runner.output_space import OutputSpace
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
from transform.record_places import RecordPlace, place_of_payload, place_of_unreadable
from transform.records import PayloadTooLarge

#: Payloads of at least this many bytes are processed in a thread, so that the engine stays responsive.
_LARGE = 64 * 1024

T = TypeVar("T")

#: A payload and its number in the object, from 0.
NumberedBody = tuple[int, Body]
FindPlace = Callable[[Iterator[bytes], Splitting], RecordPlace | None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ObjectTransform:
    """The transformation that a job applies to each object."""

    config: Config
    objects: ObjectStore
    request: Mapping[str, Any]
    parameters: Parameters
    processing: DataProcessing
    publisher: Publisher
    space: OutputSpace
    #: Epoch seconds before the first object was read.
    began: float

    async def run(self, planned: PlannedObject, instance: Instance, window: Window[NumberedBody]) -> None:
        """Transform one input object. Its output is published only if all of it succeeds.

        Raises ObjectFailed.
        """
        try:
            await self._publish(planned, instance, window)
        except ObjectFailed as failure:
            failure.place = await self._place(planned, failure)
            raise

    async def _publish(
        self, planned: PlannedObject, instance: Instance, window: Window[NumberedBody]
    ) -> None:
        accept = self.request["TransformOutput"].get("Accept")
        try:
            # Readers are closed explicitly, not by garbage collection.
            with (
                ExitStack() as opened,
                self.objects.writer(planned.output_bucket, planned.output_key, content_type=accept) as writer,
            ):
                bodies = enumerate(self._bodies(planned, opened))

                def write(output: bytes) -> None:
                    self.space.take(len(output))
                    writer.write(output)

                await window.run(bodies, lambda numbered: self._result(*numbered, instance), write)
                self.publisher.add(planned.key, writer)
        except PayloadTooLarge as error:
            raise ObjectFailed([f"ClientError: {self._too_large(error)}"], client_error=True) from error
        except (NotGzip, CorruptRecord) as error:
            raise ObjectFailed([f"ClientError: {error}"], client_error=True) from error
        except ServiceError as error:
            raise ObjectFailed([f"ClientError: {error.code}: {error.message}"], client_error=True) from error

    async def _place(self, planned: PlannedObject, failure: ObjectFailed) -> RecordPlace | None:
        """Where the failed records lie in the object, which is read again for that; None if it is not known."""
        splitting = self._splitting(self.request["TransformInput"].get("SplitType", "None"))
        if splitting.split_type == "None":
            return None
        find: FindPlace = place_of_unreadable
        if failure.payload is not None:
            find = partial(place_of_payload, payload=failure.payload, record=failure.record)
        elif not isinstance(failure.__cause__, PayloadTooLarge | CorruptRecord):
            return None
        return await asyncio.to_thread(self._find_place, planned, find, splitting)

    def _find_place(
        self, planned: PlannedObject, find: FindPlace, splitting: Splitting
    ) -> RecordPlace | None:
        try:
            info = self.objects.head(planned.bucket, planned.key)
            if info is None or info.modified >= self.began:
                return None  # The object may be another one than the one that was sent.
            with ExitStack() as opened:
                return find(self._data(planned, opened), splitting)
        except (ServiceError, OSError, ValueError):
            log.exception("the failed records of %s are not found", planned.key)
            return None

    def _bodies(self, planned: PlannedObject, opened: ExitStack) -> Iterator[Body]:
        """The object's payloads in order; `opened` closes their readers.

        Raises NotGzip, CorruptRecord, PayloadTooLarge, ServiceError.
        """
        splitting = self._splitting(self.request["TransformInput"].get("SplitType", "None"))
        data = partial(self._data, planned, opened)
        if splitting.split_type == "None" and splitting.limit is None:
            # MaxPayloadInMB 0 allows bodies of any size (CreateTransformJob documentation), so they are streamed.
            return iter([data] if next(data(), b"") else [])
        return payloads(data(), splitting)

    def _data(self, planned: PlannedObject, opened: ExitStack) -> Iterator[bytes]:
        """The object's bytes in pieces, decompressed; `opened` closes the reader. Raises ServiceError and NotGzip."""
        read = opened.enter_context(closing(read_chunks(self.objects, planned)))
        return gunzip(read) if self.request["TransformInput"].get("CompressionType") == "Gzip" else read

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

    async def _result(self, number: int, payload: Body, instance: Instance) -> bytes:
        """The output of the object's payload `number`. Raises ObjectFailed."""
        try:
            if self.processing.does_nothing or not isinstance(payload, bytes):
                return self._assembled(await instance.transform(payload))
            return self._assembled(await self._processed(payload, instance))
        except ObjectFailed as failure:
            failure.payload = number
            raise
        except JobFailed as failed:
            unanswered = ObjectFailed([NO_ANSWER], client_error=False, payload=number)
            unanswered.ends_job = failed
            raise unanswered from failed

    async def _processed(self, payload: bytes, instance: Instance) -> bytes:
        """The filtered and joined output of one payload. Raises ObjectFailed, JobFailed."""
        answer = None
        try:
            body = await _in_thread_if_large(payload, lambda: self.processing.request(payload))
            if body is None:
                return b""
            answer = await instance.transform(body)
            return await _in_thread_if_large(payload, partial(self.processing.result, payload, answer))
        except RecordError as error:
            record = error.record if self.processing.keeps_numbers(payload, answer) else None
            raise ObjectFailed([str(error)], client_error=not error.of_answer, record=record) from error

    def _assembled(self, body: bytes) -> bytes:
        assemble_with = self.request["TransformOutput"].get("AssembleWith")
        return assembled(body, assemble_with, double_newlines=self.config.unsettled.double_newlines)


async def _in_thread_if_large(payload: bytes, work: Callable[[], T]) -> T:
    return work() if len(payload) < _LARGE else await asyncio.to_thread(work)
