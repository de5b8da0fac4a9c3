"""What filters and the join make of the input's first records: what the model is sent of each, what is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jobs.services.submitting.preflight.findings import Inspection, RequestFields
from transform.csv_rows import columns
from transform.dataprocessing import FORMATS, DataProcessing, data_processing, media_type
from transform.formats import InferenceMark, RecordError
from transform.jsonpath import parse

#: Records tried, columns shown of the first, characters shown of a record or a column.
RECORDS, COLUMNS, LONGEST = 3, 60, 300
#: Of a row of more columns none is shown: to number them takes memory and time.
WIDEST = 100_000
_CELL = 24
#: Stands for what the model will answer: one value.
PREDICTION = "[prediction]"
_ALL = parse("$")
#: Where in a request a record is wrong, which says nothing where each is sent alone.
_PLACE = re.compile(r"^(Row|Record) 1 of the request: ")


@dataclass(frozen=True, slots=True)
class TrialColumn:
    """A column of the first row: its number as filters count, its text, and whether the model is sent it."""

    number: int
    text: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """A record of the input, and what is sent and written of it; `written` empty where only the answer tells."""

    record: str
    sent: str
    written: str


@dataclass(frozen=True, slots=True)
class Trial:
    """The records tried, up to the first that cannot be; `trouble` says why that one cannot.

    `columns` are those of the first row of CSV, `further` how many more it has, `sent_columns` how many of all the
    model is sent.
    """

    records: tuple[Tried, ...] = ()
    columns: tuple[TrialColumn, ...] = ()
    further: int = 0
    sent_columns: int = 0
    trouble: str = ""

    @property
    def all_columns(self) -> int:
        """How many columns the first row has."""
        return len(self.columns) + self.further


def trial(wanted: RequestFields, seen: Inspection) -> Trial | None:
    """None where nothing is filtered or joined, or where no line of the input was seen."""
    lines = [line.removesuffix(b"\r") for line in seen.head.split(b"\n")[:-1] if line.strip()][:RECORDS]
    asked = (wanted.text("input_filter"), wanted.text("output_filter"), wanted.text("join_source"))
    if not lines or not any(word not in ("", "$", "None") for word in asked):
        return None
    try:
        processing = data_processing(
            content_type=wanted.text("content_type"),
            accept=wanted.text("accept") or wanted.text("content_type"),
            input_filter=wanted.text("input_filter"),
            output_filter=wanted.text("output_filter"),
            join_source=wanted.text("join_source"),
            mark=_mark if wanted.values.get("data_capture_config.generate_inference_id") is True else None,
        )
    except ValueError:
        return None  # The field's own error says so already.
    answer = _answer(wanted.text("accept") or wanted.text("content_type"))
    tried: list[Tried] = []
    trouble = ""
    for number, line in enumerate(lines, start=1):
        try:
            sent = processing.request(line) or b""
            if processing.join and processing.content:
                # A join reads the record even where no filter does; the output filter has the answer to depend on.
                processing.content.joined([line], [answer], _ALL)
        except RecordError as error:
            reason = _PLACE.sub("", str(error)).rstrip(".")
            trouble = f"Record {number} of the first object fails: {reason}."
            break
        tried.append(Tried(_shown(line), _shown(sent), _written(processing, line, answer)))
    return replace(_columns(processing, lines[0]), records=tuple(tried), trouble=trouble)


def _mark() -> InferenceMark:
    """Stands for what GenerateInferenceId adds."""
    return InferenceMark("[inference id]", "[inference time]")


def _answer(accept: str) -> bytes:
    quoted = media_type(accept) != "text/csv"
    return (f'"{PREDICTION}"' if quoted else PREDICTION).encode()


def _written(processing: DataProcessing, line: bytes, answer: bytes) -> str:
    if not processing.join and processing.output_filter.steps:
        return ""
    try:
        return _shown(processing.result(line, answer))
    except RecordError:
        return ""


def _columns(processing: DataProcessing, line: bytes) -> Trial:
    """A trial with those of a row of CSV. Which are sent is told by a row of their numbers, filtered in its place."""
    csv = FORMATS["text/csv"]
    if processing.content is not csv or line.count(b",") > WIDEST:
        return Trial()
    try:
        cells = columns(line)
    except ValueError:
        return Trial()
    numbers = [b"%d" % number for number in range(len(cells))]
    try:
        kept = csv.filtered([b",".join(numbers)], processing.input_filter, of_answer=False)
    except RecordError:
        kept = [b""]  # None is sent; their numbers are what helps to mend the filter.
    sent = set(numbers).intersection(kept[0].split(b","))
    shown = tuple(
        TrialColumn(at, _shown(cell, _CELL), number in sent)
        for at, (number, cell) in enumerate(zip(numbers, cells[:COLUMNS], strict=False))
    )
    return Trial(columns=shown, further=len(cells) - len(shown), sent_columns=len(sent))


def _shown(record: bytes, most: int = LONGEST) -> str:
    text = record.decode("utf-8", "replace")
    return text if len(text) <= most else f"{text[:most]}…"
