"""From an object's bytes to the payloads of its requests: SplitType and BatchStrategy together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transform.framed import Frame, batches_of, payloads_of, recordio, tfrecord
from transform.records import PayloadTooLarge, UnsupportedSplit, lines, whole

SPLIT_TYPES = ("None", "Line", "RecordIO", "TFRecord")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Splitting:
    """How an object becomes payloads: the request's fields, and settings for what SageMaker leaves open.

    `split_type` and `strategy` are the service's; `limit` is the largest body in bytes, None for no limit.
    Without one, MultiRecord makes batches of `batch` bytes, and a record that is longer goes alone. `newline`
    tells whether SingleRecord leaves a line its line feed.
    """

    split_type: str
    strategy: str
    limit: int | None
    batch: int = 6 * MEGABYTE
    newline: bool = True


def payloads(chunks: Iterable[bytes], how: Splitting) -> Iterator[bytes]:
    """The bodies to send for one object, in order.

    Without a split the object is one request, whatever the strategy. Raises UnsupportedSplit, and, as they
    are met, PayloadTooLarge when one record alone passes the limit, and CorruptRecord.
    """
    if how.split_type == "None":
        return whole(chunks, how.limit)
    if how.split_type == "Line":
        if how.strategy == "SingleRecord":
            return single_lines(chunks, how.limit, newline=how.newline)
        return line_batches(chunks, how.limit or how.batch, longer_alone=how.limit is None)
    frames = frames_of(chunks, how)
    if how.strategy == "SingleRecord":
        return payloads_of(frames)
    return batches_of(frames, how.limit or how.batch, longer_alone=how.limit is None)


def frames_of(chunks: Iterable[bytes], how: Splitting) -> Iterator[Frame]:
    """The records of a RecordIO or TFRecord object. Raises as `payloads`."""
    if how.split_type == "RecordIO":
        return recordio(chunks, how.limit)
    if how.split_type == "TFRecord":
        return tfrecord(chunks, how.limit)
    raise UnsupportedSplit(f"SplitType {how.split_type} is not one of {', '.join(SPLIT_TYPES)}")


def single_lines(chunks: Iterable[bytes], limit: int | None, *, newline: bool = True) -> Iterator[bytes]:
    """One request a record. Empty lines are skipped: model servers answer 204 to them."""
    for record in lines(chunks, limit):
        if record.strip(b"\r\n"):
            yield record if newline else record.removesuffix(b"\n")


def line_batches(chunks: Iterable[bytes], limit: int, *, longer_alone: bool = False) -> Iterator[bytes]:
    """Batches of as many whole lines as fit in `limit` bytes, greedy and in order, empty lines included.

    Cuts at the last LF inside the limit rather than at each line: the same batches, without a step a record.
    A longer line raises PayloadTooLarge, or goes alone if `longer_alone`.
    """
    buffer = bytearray()
    searched = 0
    for chunk in chunks:
        buffer += chunk
        while len(buffer) > limit:
            end = buffer.rfind(b"\n", 0, limit) + 1
            if end == 0 and not longer_alone:
                raise PayloadTooLarge(limit, "A record")
            if end == 0:
                end = buffer.find(b"\n", max(limit, searched)) + 1
                searched = len(buffer)
            if end == 0:
                break
            yield bytes(memoryview(buffer)[:end])
            del buffer[:end]
            searched = 0
    if buffer:
        yield bytes(buffer)
