"""From an object's bytes to the payloads of its requests: SplitType and BatchStrategy together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transform.records import SUPPORTED_SPLIT_TYPES, PayloadTooLarge, UnsupportedSplit, lines, whole

MEGABYTE = 1024 * 1024


def payloads(
    chunks: Iterable[bytes], *, split_type: str, strategy: str, limit: int | None
) -> Iterator[bytes]:
    """The bodies to send for one object, in order.

    `split_type` is None or Line (the service's words), `strategy` SingleRecord or MultiRecord, `limit` the
    largest body in bytes, None for no limit. Without a split the strategy has no say: the object is one
    request. Raises UnsupportedSplit, and PayloadTooLarge when one record alone passes the limit.
    """
    if split_type == "None":
        return whole(chunks, limit)
    if split_type != "Line":
        raise UnsupportedSplit(f"SplitType {split_type} is not one of {', '.join(SUPPORTED_SPLIT_TYPES)}")
    if strategy == "SingleRecord":
        return single_lines(chunks, limit)
    return line_batches(chunks, limit if limit is not None else 6 * MEGABYTE)


def single_lines(chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """One request a record. A line with nothing on it is no record: model servers answer 204 to it."""
    for record in lines(chunks, limit):
        if record.strip(b"\r\n"):
            yield record


def line_batches(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """As many whole lines a request as fit in `limit` bytes, greedy and in order, empty lines included.

    Cuts at the last LF inside the limit rather than at each line: the same batches, without a step a record.
    Raises PayloadTooLarge when one line alone passes the limit.
    """
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) > limit:
            yield _take(buffer, limit)
    if buffer:
        yield bytes(buffer)


def _take(buffer: bytearray, limit: int) -> bytes:
    """Cut the longest run of whole lines that fits off the front of `buffer`; it is longer than `limit`."""
    end = buffer.rfind(b"\n", 0, limit) + 1
    if end == 0:
        raise PayloadTooLarge(limit, "A record")
    batch = bytes(memoryview(buffer)[:end])
    del buffer[:end]
    return batch
