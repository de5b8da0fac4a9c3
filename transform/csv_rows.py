"""CSV for DataProcessing: each row is an array of columns, which keep their bytes, quotes included."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from transform.formats import InferenceMark, RecordError, lines_of
from transform.jsonpath import Everything, JsonPath, NotInRecord, Positions, Range

_COLUMN = re.compile(rb'"(?:[^"]++|"")*+"|[^",]*+')
_COLUMNS = re.compile(rb'(?:\A|,)("(?:[^"]++|"")*+"|[^",]*+)')
_NEAR = 40

#: From a row without quotes to what is left of it. Raises IndexError when the row is too short.
_Cut = Callable[[bytes], bytes]


class Csv:
    """text/csv: a row a line, no embedded newlines (developer guide), RFC 4180 quotes."""

    def records(self, text: bytes) -> list[bytes]:
        """The rows that are not empty."""
        return lines_of(text)

    def filtered(self, records: list[bytes], path: JsonPath, *, of_answer: bool) -> list[bytes]:
        """The columns that the path finds in each row. Raises RecordError."""
        if _takes_all(path):
            _check_quotes(records, of_answer)
            return records
        if (cut := _cut(path)) and not any(b'"' in record for record in records):
            try:
                return [cut(record) for record in records]
            except (IndexError, OverflowError):
                pass  # The slow way tells which row it was; a number may be larger than a row can be long.
        return [_pick(path, record, number, of_answer) for number, record in enumerate(records, start=1)]

    def joined(self, inputs: list[bytes], answers: list[bytes], path: JsonPath) -> list[bytes]:
        """Input columns, then those of the answer. Raises RecordError."""
        _check_quotes(inputs, of_answer=False)
        _check_quotes(answers, of_answer=True)
        rows = [*map(b",".join, zip(inputs, answers, strict=True))]
        return rows if _takes_all(path) else self.filtered(rows, path, of_answer=False)

    def marked(self, records: list[bytes], marks: Sequence[InferenceMark]) -> list[bytes]:
        """Each row with the mark as its last two columns (developer guide, data capture of batch transform)."""
        return [
            b"%b,%b,%b" % (record, mark.inference_id.encode(), mark.inference_time.encode())
            for record, mark in zip(records, marks, strict=True)
        ]


def columns(row: bytes) -> list[bytes]:
    """The columns of a row, with their quotes. Raises ValueError when its quotes are wrong."""
    if b'"' not in row:
        return row.split(b",")
    columns: list[bytes] = _COLUMNS.findall(row)
    if b",".join(columns) != row:
        raise ValueError(_what_is_wrong(row))
    return columns


def _what_is_wrong(row: bytes) -> str:
    """A sentence about the wrong quotes of a row, with their place."""
    at = 0
    while row[(end := _end_of_column(row, at)) : end + 1] == b",":
        at = end + 1
    near = row[end : end + _NEAR].decode(errors="replace")
    if end > at and row[at : at + 1] == b'"':
        return f'text after a closing " in a quoted field found near: {near}'
    if end == at:
        return f'" that is never closed found near: {near}'
    return f'bare " in non quoted field found near: {near}'


def _end_of_column(row: bytes, at: int) -> int:
    match = _COLUMN.match(row, at)
    assert match is not None, "it matches nothing too"
    return match.end()


def _check_quotes(records: list[bytes], of_answer: bool) -> None:
    for number, record in enumerate(records, start=1):
        if b'"' in record:
            _columns(record, number, of_answer)


def _columns(record: bytes, number: int, of_answer: bool) -> list[bytes]:
    try:
        return columns(record)
    except ValueError as error:
        subject = "output from the algorithm" if of_answer else "input"
        raise RecordError(
            f"Failed to parse {subject} as CSV: {error}", of_answer=of_answer, record=number
        ) from error


def _takes_all(path: JsonPath) -> bool:
    return not path.steps or path.steps == (Everything(),)


def _cut(path: JsonPath) -> _Cut | None:
    """A fast function for this path on rows without quotes; None if the path needs the slow way."""
    step = path.steps[0]
    if isinstance(step, Positions):
        return _positions(step.numbers)
    if isinstance(step, Range):
        return _range(step.start or 0, step.end)
    return None


def _positions(numbers: tuple[int, ...]) -> _Cut:
    if len(numbers) > 1:
        pick = itemgetter(*numbers)
        return lambda row: b",".join(pick(row.split(b",")))
    number = numbers[0]
    if number < 0:
        return lambda row: row.rsplit(b",", -number)[number]
    return lambda row: row.split(b",", number + 1)[number]


def _range(start: int, end: int | None) -> _Cut:
    if end is None and start >= 0:
        return lambda row: row.split(b",", start)[start]

    most = end if end is not None and start >= 0 and end > 0 else -1

    def cut(row: bytes) -> bytes:
        some = row.split(b",", most)[start:end]
        if not some:
            raise IndexError
        return b",".join(some)

    return cut


def _pick(path: JsonPath, row: bytes, number: int, of_answer: bool) -> bytes:
    fields = _columns(row, number, of_answer)
    try:
        selection = path.select(fields)
    except NotInRecord as error:
        raise RecordError(f"Row {number} of the request: {error}", record=number) from error
    return selection if isinstance(selection, bytes) else b",".join(selection)
