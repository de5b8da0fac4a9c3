"""Apply filters and the join to the input's first records: what the model is sent and what is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jobs.services.submitting.preflight.findings import Inspection, RequestValues
from transform.csv_rows import columns
from transform.dataprocessing import FORMATS, DataProcessing, data_processing, media_type
from transform.formats import InferenceMark, RecordError
from transform.jsonpath import parse

#: Records tried, columns shown of the first record, characters shown of a record.
RECORDS, COLUMNS, LONGEST = 3, 60, 300
#: The columns of a wider row are not shown: numbering them takes memory and time.
WIDEST = 100_000
_CELL = 24
#: Stands for the model's answer: one value.
PREDICTION = "[prediction]"
_ALL = parse("$")
#: The record's number in a request, which is always 1 here, as each record is tried alone.
_PLACE = re.compile(r"^(Row|Record) 1 of the request: ")


@dataclass(frozen=True, slots=True)
class TrialColumn:
    """A column of the first row: its number in filters, its text, and whether the model is sent it."""

    number: int
    text: str
    sent: bool


@dataclass(frozen=True, slots=True)
class RecordTrial:
    """An input record, what is sent of it, and what is written; `written` is empty if it depends on the answer."""

    record: str
    sent: str
    written: str


@dataclass(frozen=True, slots=True)
class Trial:
    """The records tried, up to the first that fails; `trouble` says why it fails.

    `columns` are the first row's, for CSV; `further` counts the row's columns beyond those, and `sent_columns` all
    columns that the model is sent.
    """

    records: tuple[RecordTrial, ...] = ()
    columns: tuple[TrialColumn, ...] = ()
    further: int = 0
    sent_columns: int = 0
    trouble: str = ""

    @property
    def all_columns(self) -> int:
        """The number of columns of the first row."""
        return len(self.columns) + self.further


def trial(request: RequestValues, inspection: Inspection) -> Trial | None:
    """Try the request's filters on the first records; None if there is no filter and no join, or no line was read."""
    lines = [line.removesuffix(b"\r") for line in inspection.head.split(b"\n")[:-1] if line.strip()][:RECORDS]
    filter_words = (request.text("input_filter"), request.text("output_filter"), request.text("join_source"))
    if not lines or not any(word not in ("", "$", "None") for word in filter_words):
        return None
    try:
        processing = data_processing(
            content_type=request.text("content_type"),
            accept=request.text("accept") or request.text("content_type"),
            input_filter=request.text("input_filter"),
            output_filter=request.text("output_filter"),
            join_source=request.text("join_source"),
            mark=_mark if request.values.get("data_capture_config.generate_inference_id") is True else None,
        )
    except ValueError:
        return None  # The field has an error of its own.
    answer = _answer(request.text("accept") or request.text("content_type"))
    record_trials: list[RecordTrial] = []
    trouble = ""
    for number, line in enumerate(lines, start=1):
        try:
            sent = processing.request(line) or b""
            if processing.join and processing.content:
                # A join reads the record even without a filter; the output filter depends on the real answer.
                processing.content.joined([line], [answer], _ALL)
        except RecordError as error:
            reason = _PLACE.sub("", str(error)).rstrip(".")
            trouble = f"Record {number} of the first object fails: {reason}."
            break
        record_trials.append(RecordTrial(_cut(line), _cut(sent), _written(processing, line, answer)))
    return replace(_columns(processing, lines[0]), records=tuple(record_trials), trouble=trouble)


def _mark() -> InferenceMark:
    """Stands for the values that GenerateInferenceId adds."""
    return InferenceMark("[inference id]", "[inference time]")


def _answer(accept: str) -> bytes:
    quoted = media_type(accept) != "text/csv"
    return (f'"{PREDICTION}"' if quoted else PREDICTION).encode()


def _written(processing: DataProcessing, line: bytes, answer: bytes) -> str:
    if not processing.join and processing.output_filter.steps:
        return ""
    try:
        return _cut(processing.result(line, answer))
    except RecordError:
        return ""


def _columns(processing: DataProcessing, line: bytes) -> Trial:
    """A trial with the columns of a CSV row. To know which are sent, a row of column numbers is filtered."""
    csv = FORMATS["text/csv"]
    if processing.content is not csv or line.count(b",") > WIDEST:
        return Trial()
    try:
        cells = columns(line)
    except ValueError:
        return Trial()
    numbers = [b"%d" % number for number in range(len(cells))]
    try:
        sent_rows = csv.filtered([b",".join(numbers)], processing.input_filter, of_answer=False)
    except RecordError:
        sent_rows = [b""]  # No column is sent; the numbers shown help to mend the filter.
    sent = set(numbers).intersection(sent_rows[0].split(b","))
    trial_columns = tuple(
        TrialColumn(at, _cut(cell, _CELL), number in sent)
        for at, (number, cell) in enumerate(zip(numbers, cells[:COLUMNS], strict=False))
    )
    return Trial(columns=trial_columns, further=len(cells) - len(trial_columns), sent_columns=len(sent))


def _cut(record: bytes, most: int = LONGEST) -> str:
    text = record.decode("utf-8", "replace")
    return text if len(text) <= most else f"{text[:most]}…"
