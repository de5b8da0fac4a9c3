"""One page of a file's results, for the Results tab and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from aws import Target
from failures.levels import clean
from jobs.lifecycle.queue import planning
from jobs.models import TransformJob
from jobs.services.calling import calls_for_person
from jobs.services.errors import NoSuchObject, NotPossible
from jobs.services.texts import filesize
from results.reading import files, pairing
from results.reading.alignment import Alignment, alignment_of
from results.reading.cells import readable
from results.reading.columns import name_columns
from results.reading.files import ResultFile
from results.reading.filters import RowFilter, parse_filter
from results.reading.objects import Block, Name, Side, input_side, output_side
from results.reading.pairing import LOOK_BYTES, Pair
from results.reading.pictures import LARGEST, picture_type
from results.reading.rows import PAGE_BYTES, RowReader
from transform.record_places import RecordPlace

LIMIT = 50
MOST = 200
#: Characters shown of a record that failed, and the bytes that are read for them.
_EXCERPT, _EXCERPT_BYTES = 300, 4096
#: Names of columns in a sentence about a column that is not there.
_NAMED = 12


@dataclass(frozen=True, slots=True)
class FailedRecords:
    """The records of the request for which the file has no output; `excerpt` is the beginning of the first of them.

    The excerpt is empty if the file cannot be read there, or has changed since.
    """

    place: RecordPlace
    excerpt: str = ""

    def has(self, number: int) -> bool:
        """Whether it is one of these records."""
        return self.place.first <= number <= self.place.last


@dataclass(slots=True)
class Page:
    """Rows of one file from `first` on, counted from 1; or its objects as blocks, if they have no rows to match.

    `looked` is the last row that was read, `next` the row after it, None at the end. `total_in` and `total_out` are
    None while they are not known. `warnings` are about what is shown; `trouble` says why nothing is shown.
    """

    file: ResultFile | None
    alignment: Alignment
    first: int = 1
    pairs: list[Pair] = field(default_factory=list)
    next: int | None = None
    looked: int = 0
    input: Side | None = None
    output: Side | None = None
    input_block: Block | None = None
    output_block: Block | None = None
    total_in: int | None = None
    total_out: int | None = None
    warnings: list[str] = field(default_factory=list)
    trouble: str = ""
    goes_on: bool = False
    filter: RowFilter | None = None
    failed: FailedRecords | None = None
    #: Of a search in all files: the file of each pair, the file of `next`, and how many files were read.
    found_in: list[ResultFile] = field(default_factory=list)
    next_file: str = ""
    searched: int = 0

    @property
    def bytes_read(self) -> int:
        """Bytes fetched of both objects."""
        return sum(side.source.bytes_read for side in (self.input, self.output) if side and side.source)


def page(job: TransformJob, *, name: str = "", first: int = 1, limit: int = LIMIT, text: str = "") -> Page:
    """Up to `limit` rows of the file `name` from row `first` on that match the filter `text`.

    The default file is the first with an output. Raises NoSuchObject if the job has no such file, BadFilter, and
    Unavailable.
    """
    return read_page(job, fill, name=name, first=first, limit=limit, text=text)


def read_page(
    job: TransformJob,
    read: Callable[[Page, TransformJob, ResultFile, Target, int], None],
    *,
    name: str,
    first: int,
    limit: int,
    text: str,
) -> Page:
    """A page that `read` fills, from row `first` of the file `name` on. Raises what `page` raises."""
    row_filter = parse_filter(text)
    alignment = alignment_of(job.spec)
    with calls_for_person(job.connection) as target:
        file = files.find(job, target, name)
        if file is None:
            return Page(None, alignment, trouble=_nothing(job))
        rows_page = Page(file, alignment, max(1, first), filter=row_filter)
        read(rows_page, job, file, target, min(max(1, limit), MOST))
    return rows_page


def picture(job: TransformJob, name: str, side: Name) -> tuple[str, bytes]:
    """The content type and bytes of an input or output that is a picture. Raises NotPossible and Unavailable."""
    with calls_for_person(job.connection) as target:
        file = files.find(job, target, name)
        if file is None or not name:
            raise NoSuchObject("This job has no such file.")
        source = _side(job, file, target, side).source
        kind = picture_type(source.head) if source and source.size <= LARGEST else ""
        if source is None or not kind:
            raise NotPossible("This is not a picture that can be shown.")
        return kind, b"".join(source.pieces(length=LARGEST))


def input_place(job: TransformJob, name: str) -> tuple[str, str]:
    """The bucket and key of the input `name`. Raises NoSuchObject if the job has no such input, and Unavailable."""
    with calls_for_person(job.connection) as target:
        file = files.find(job, target, name)
        bucket = planning.input_bucket(job, target) if name and file and file.input_key else None
    if file is None or bucket is None:
        raise NoSuchObject("This job has no such input.")
    return bucket, file.input_key


def _side(job: TransformJob, file: ResultFile, target: Target, side: Name) -> Side:
    return (input_side if side == "input" else output_side)(job, file, target)


def _nothing(job: TransformJob) -> str:
    """Why there is no file to show."""
    if job.is_active:
        return "Nothing is written yet. An output appears here once its whole file is done."
    return "The job wrote no outputs."


def fill(
    page: Page, job: TransformJob, file: ResultFile, target: Target, limit: int, deadline: float = 0.0
) -> None:
    """Read the file's rows into the page, until the deadline. Raises a GatewayError."""
    sides = page.input, page.output = input_side(job, file, target), output_side(job, file, target)
    name_columns(job, *sides)
    page.warnings += sides[0].notes + sides[1].notes
    if page.alignment.kind == "whole":
        page.input_block = sides[0].block(job.spec.get("content_type") or "")
    if not page.alignment.has_rows:
        page.output_block = sides[1].block(job.spec.get("accept") or "")
    if page.alignment.kind != "whole":
        _fill_rows(page, job, file, sides, limit, deadline)
        page.failed = _failed_records(file, sides[0])


def _failed_records(file: ResultFile, side: Side) -> FailedRecords | None:
    """The records that failed, if the data log names them."""
    planned = file.planned
    place = planned.error_place if planned and not planned.done else None
    if place is None:
        return None
    rows = None if side.notes else side.rows(file, place.first - 1, _EXCERPT_BYTES)
    row = next(iter(rows), None) if rows is not None else None
    if row is None or row.number != place.first - 1:
        return FailedRecords(place)
    text = clean(readable(row.body, side.form))
    return FailedRecords(place, f"{text[:_EXCERPT]}…" if row.is_cut or len(text) > _EXCERPT else text)


def _fill_rows(
    page: Page, job: TransformJob, file: ResultFile, sides: tuple[Side, Side], limit: int, deadline: float
) -> None:
    most = LOOK_BYTES if page.filter else PAGE_BYTES
    start = page.first - 1
    input_rows = sides[0].rows(file, start, most)
    output_rows = sides[1].rows(file, start, most) if page.alignment.has_rows else None
    paired = pairing.pairs(job.spec, start, (sides[0], input_rows), (sides[1], output_rows))
    first_pair = next(paired, None)
    all_pairs = chain([first_pair] if first_pair else [], paired)
    matching = pairing.some(all_pairs, start, limit, page.filter, deadline)
    page.pairs, page.looked = matching.pairs, matching.looked
    if page.filter and first_pair and not page.pairs:
        page.warnings += _unknown_columns(page.filter, first_pair)
    sides[0].learn(file, input_rows)
    sides[1].learn(file, output_rows)
    read = [rows for rows in (input_rows, output_rows) if rows is not None]
    for rows, side_name in ((input_rows, "Input"), (output_rows, "Output")):
        if rows is not None and rows.trouble:
            page.warnings.append(f"{side_name}: {rows.trouble}")
    unread = any(not rows.ended and not rows.trouble and not rows.too_far for rows in read)
    if matching.more or (unread and page.looked > start):
        page.next = page.looked + 1
    _count(page, file, input_rows, output_rows)
    _tell_far(page, input_rows, [rows for rows in read if rows.too_far])
    _tell_differing(page)


def _unknown_columns(row_filter: RowFilter, pair: Pair) -> list[str]:
    """A sentence if a filter without a match names columns that the row does not have."""
    missing = [name for name in row_filter.names if pair.cell(name) is None]
    if not missing:
        return []
    records = [record for record in (pair.output, pair.input) if record]
    names = [
        name for record in records for name in record.side.columns or [cell.name for cell in record.cells]
    ]
    named_columns = list(dict.fromkeys(name for name in names if name))[:_NAMED]
    hint = (
        f"Columns with names: {', '.join(named_columns)}."
        if named_columns
        else "Its columns have positions only: 0, 1, 2."
    )
    return [f"Row {pair.number:,} has no column “{missing[0]}”. {hint}"]


def _count(page: Page, file: ResultFile, input_rows: RowReader | None, output_rows: RowReader | None) -> None:
    planned = file.planned
    page.total_in = input_rows.total if input_rows else None
    page.total_out = output_rows.total if output_rows else None
    if planned and planned.rows_in is not None:
        page.total_in, page.total_out = planned.rows_in, planned.rows_out


def _tell_far(page: Page, input_rows: RowReader | None, far: list[RowReader]) -> None:
    """Explain why the requested row was not reached and how to continue."""
    if not far:
        return
    rows = min(far, key=lambda object_rows: object_rows.reached)
    page.goes_on = any(object_rows.goes_on for object_rows in far)
    side_name = "input" if rows is input_rows else "output"
    size = filesize(rows.source.size)
    sentence = (
        f"Row {page.first:,} was not reached: {rows.reached:,} rows of the {side_name} ({size}) were counted."
    )
    advice = (
        " Continue to count further from there."
        if page.goes_on
        else " Download the file to look so far into it."
    )
    page.trouble = sentence + advice


def _tell_differing(page: Page) -> None:
    """Warn where rows and records may be out of step."""
    if page.alignment.kind != "rows" or page.output is None or page.output.state != "ok":
        return
    stray = next((pair.number for pair in page.pairs if pair.out_of_step), None)
    if stray:
        page.warnings.append(
            f"From row {stray:,} on the output's lines hold other records than the input's rows."
        )
    rows_in, rows_out = page.total_in, page.total_out
    if rows_in is None or rows_out is None or rows_in == rows_out:
        return
    sentence = f"The input has {_rows(rows_in)}, the output {_rows(rows_out)}."
    if rows_in == rows_out + 1 and page.input and page.input.is_headed and not page.output.is_headed:
        more = (
            " The input's first line looks like column names: if it got no answer, "
            "each row of output belongs to the row of input below it."
        )
    else:
        more = " Rows are shown by number; from the first one that has no answer of its own on they are out of step."
    page.warnings.append(sentence + more)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def as_values(page: Page) -> dict[str, Any]:
    """A page as JSON values. `marked` are input values that the model never saw, and output values that it wrote."""
    file = page.file
    troubles = [page.trouble, *(side.trouble for side in (page.input, page.output) if side)]
    return {
        "file": file.name if file else None,
        "output_key": file.output_key if file else None,
        "alignment": page.alignment.kind,
        "why": page.alignment.why,
        "rows_in": page.total_in,
        "rows_out": page.total_out,
        "warnings": page.warnings,
        "trouble": " ".join(filter(None, troubles)),
        "looked": page.looked,
        "next": None,
        "results": [
            {
                "file": pair_file.name if pair_file else "",
                "row": pair.number,
                "input": _side_row(pair.input, pair.unseen),
                "output": _side_row(pair.output, pair.predicted or frozenset()),
                "prediction": pair.prediction.text if pair.prediction else None,
            }
            for pair, pair_file in zip(page.pairs, page.found_in or repeat(file), strict=False)
        ],
    }


def _side_row(record: pairing.SideRow | None, marked: frozenset[int]) -> dict[str, Any] | None:
    if record is None:
        return None
    names = record.side.columns
    values = [
        {"name": cell.name or (names[n] if n < len(names) else ""), "value": cell.text, "marked": n in marked}
        for n, cell in enumerate(record.cells)
    ]
    return {"text": record.text, "cut": record.row.is_cut, "length": record.row.length, "values": values}
