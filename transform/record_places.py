"""Which records of an object a request had: found by cutting the object again, and written in one form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transform.batching import Splitting, frames_of, payloads
from transform.framed import CorruptRecord
from transform.records import PayloadTooLarge, lines
from transform.rows import RowCounter

#: The beginning of the engine's line about records in a data log. AWS has no such line.
PLACE_PREFIX = "[engine] "
_FORM = re.compile(
    r"records? (?P<first>\d{1,15})(?:-(?P<last>\d{1,15}))?"
    r"(?:, lines? (?P<first_line>\d{1,15})(?:-(?P<last_line>\d{1,15}))?)?"
)


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """A range of an object's records, and of their lines if records are lines. Numbers count from 1, ends included.

    Empty lines are no records, so the line of a record may have a higher number than the record.
    """

    first: int
    last: int
    first_line: int | None = None
    last_line: int | None = None

    @property
    def is_one(self) -> bool:
        """Whether it is a single record."""
        return self.first == self.last

    @property
    def count(self) -> int:
        """The number of records."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        """The form that `parse_place` reads: "record 12, line 13" or "records 1-40, lines 1-41"."""
        parts = [_range("record", self.first, self.last)]
        if self.first_line is not None and self.last_line is not None:
            parts.append(_range("line", self.first_line, self.last_line))
        return ", ".join(parts)


def parse_place(text: str) -> RecordPlace | None:
    """The place in a text of the form that `str(place)` has; None for any other text."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    first, last, first_line, last_line = (int(number) if number else None for number in match.groups())
    assert first is not None, "the form has it"
    return RecordPlace(first, last or first, first_line, last_line or first_line)


def place_of_payload(
    chunks: Iterable[bytes], how: Splitting, payload: int, record: int | None = None
) -> RecordPlace | None:
    """The records of an object's payload number `payload` (from 0), or only its record number `record` (from 1).

    None if the object is not split, or if it has no such payload or record.
    """
    if how.split_type == "None":
        return None
    if how.split_type == "Line":
        if how.strategy == "SingleRecord":
            return _line(chunks, payload)
        return _lines(payloads(chunks, how), payload, record)
    return _frames(payloads(chunks, how), how, payload)


def place_of_unreadable(chunks: Iterable[bytes], how: Splitting) -> RecordPlace | None:
    """The first record that is too large or damaged; None if the object is not split or has no such record."""
    if how.split_type == "None":
        return None
    if how.split_type == "Line":
        return _unreadable_line(chunks, how.limit)
    records = 0
    try:
        for frame in frames_of(chunks, how):
            if how.strategy != "SingleRecord" and len(frame.framed) > (how.limit or len(frame.framed)):
                break
            records += bool(frame.payload)
        else:
            return None
    except (PayloadTooLarge, CorruptRecord):
        pass
    return RecordPlace(records + 1, records + 1)


def _unreadable_line(chunks: Iterable[bytes], limit: int | None) -> RecordPlace | None:
    records = line_number = 0
    try:
        for text in lines(chunks, limit):
            records, line_number = records + _is_record(text), line_number + 1
    except PayloadTooLarge:
        return RecordPlace(records + 1, records + 1, line_number + 1, line_number + 1)
    return None


def _line(chunks: Iterable[bytes], payload: int) -> RecordPlace | None:
    records = 0
    for line_number, text in enumerate(lines(chunks, None), start=1):
        records += _is_record(text)
        if records == payload + 1:
            return RecordPlace(records, records, line_number, line_number)
    return None


def _lines(batches: Iterator[bytes], payload: int, record: int | None) -> RecordPlace | None:
    rows, lines_before = RowCounter(), 0
    for number, batch in enumerate(batches):
        if number == payload:
            numbers = [n for n, text in enumerate(batch.split(b"\n"), lines_before + 1) if _is_record(text)]
            start = rows.rows + 1
            if record is not None:
                numbers, start = numbers[record - 1 : record], start + record - 1
            return RecordPlace(start, start + len(numbers) - 1, numbers[0], numbers[-1]) if numbers else None
        rows.add(batch)
        lines_before += batch.count(b"\n")
    return None


def _frames(sent: Iterator[bytes], how: Splitting, payload: int) -> RecordPlace | None:
    if how.strategy == "SingleRecord":
        return RecordPlace(payload + 1, payload + 1)
    records = 0
    for number, batch in enumerate(sent):
        count = sum(bool(frame.payload) for frame in frames_of([batch], how))
        if number == payload:
            return RecordPlace(records + 1, records + count) if count else None
        records += count
    return None


def _is_record(line: bytes) -> bool:
    return bool(line.strip(b"\r\n"))


def _range(word: str, first: int, last: int) -> str:
    return f"{word} {first}" if first == last else f"{word}s {first}-{last}"
