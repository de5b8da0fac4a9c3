"""One page of a file's results: the service that the Results tab and the API call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aws import Target
from jobs.lifecycle.queue import planning
from jobs.models import TransformJob
from jobs.services.calling import asked
from jobs.services.errors import NoSuchObject, NotPossible
from jobs.services.texts import filesize
from results.reading import files, pairing
from results.reading.alignment import Alignment, alignment_of
from results.reading.files import ResultFile
from results.reading.filters import Filter, parse_filter
from results.reading.objects import Block, Name, Side, input_side, output_side
from results.reading.pairing import LOOK_BYTES, Pair
from results.reading.pictures import LARGEST, picture_type
from results.reading.rows import PAGE_BYTES, RowReader

LIMIT = 50
MOST = 200


@dataclass(slots=True)
class Page:
    """Rows of one file, from `first` on, counted from 1; or, where there are none to match, its objects as blocks.

    `next` is the row after the last that was looked at, None at the end. `looked` is the last row looked at, by a
    filter or for the page. `total_in` and `total_out` are None while they are not known. `warnings` are about what
    is shown, `trouble` says why nothing is.
    """

    file: ResultFile | None
    alignment: Alignment
    first: int = 1
    pairs: list[Pair] = field(default_factory=list)
    next: int | None = None
    looked: int = 0
    given: Side | None = None
    answer: Side | None = None
    given_block: Block | None = None
    answer_block: Block | None = None
    total_in: int | None = None
    total_out: int | None = None
    warnings: list[str] = field(default_factory=list)
    trouble: str = ""
    goes_on: bool = False
    filter: Filter | None = None

    @property
    def bytes_read(self) -> int:
        """What was fetched of both objects."""
        return sum(side.source.bytes_read for side in (self.given, self.answer) if side and side.source)


def page(job: TransformJob, *, name: str = "", first: int = 1, limit: int = LIMIT, text: str = "") -> Page:
    """Up to `limit` rows of the file `name` from row `first` on that the filter `text` asks for.

    Without a name, of the first file with an output. Raises NoSuchObject if the job has no such file, Unavailable.
    """
    how = alignment_of(job.spec)
    with asked(job.connection) as target:
        file = files.find(job, target, name)
        if file is None:
            return Page(None, how, trouble=_nothing(job))
        found = Page(file, how, max(1, first), filter=parse_filter(text))
        sides = input_side(job, file, target), output_side(job, file, target)
        _fill(found, job, file, sides, min(max(1, limit), MOST))
    return found


def picture(job: TransformJob, name: str, side: Name) -> tuple[str, bytes]:
    """The content type and the bytes of an input or output that is a picture. Raises NotPossible, Unavailable."""
    with asked(job.connection) as target:
        file = files.find(job, target, name)
        if file is None or not name:
            raise NoSuchObject("This job has no such file.")
        source = _side(job, file, target, side).source
        kind = picture_type(source.head) if source and source.size <= LARGEST else ""
        if source is None or not kind:
            raise NotPossible("This is no picture that can be shown.")
        return kind, b"".join(source.pieces(length=LARGEST))


def input_place(job: TransformJob, name: str) -> tuple[str, str]:
    """Bucket and key of the input `name`. Raises NoSuchObject if the job has no such input, Unavailable."""
    with asked(job.connection) as target:
        file = files.find(job, target, name)
        bucket = planning.input_bucket(job, target) if name and file and file.input_key else None
    if file is None or bucket is None:
        raise NoSuchObject("This job has no such input.")
    return bucket, file.input_key


def _side(job: TransformJob, file: ResultFile, target: Target, side: Name) -> Side:
    return (input_side if side == "input" else output_side)(job, file, target)


def _nothing(job: TransformJob) -> str:
    if job.is_active:
        return "Nothing is written yet. An output appears here once its whole file is done."
    return "The job wrote no outputs."


def _fill(page: Page, job: TransformJob, file: ResultFile, sides: tuple[Side, Side], limit: int) -> None:
    given, answer = page.given, page.answer = sides
    page.warnings += given.notes + answer.notes
    if page.alignment.kind == "whole":
        page.given_block = given.block(job.spec.get("content_type") or "")
    if not page.alignment.has_rows:
        page.answer_block = answer.block(job.spec.get("accept") or "")
    if page.alignment.kind != "whole":
        _fill_rows(page, job, file, sides, limit)


def _fill_rows(page: Page, job: TransformJob, file: ResultFile, sides: tuple[Side, Side], limit: int) -> None:
    most = LOOK_BYTES if page.filter else PAGE_BYTES
    start = page.first - 1
    given = sides[0].rows(file, start, most)
    answer = sides[1].rows(file, start, most) if page.alignment.has_rows else None
    paired = pairing.pairs(job.spec, start, (sides[0], given), (sides[1], answer))
    found = pairing.some(paired, start, limit, page.filter)
    page.pairs, page.looked = found.pairs, found.looked
    sides[0].learn(file, given)
    sides[1].learn(file, answer)
    read = [rows for rows in (given, answer) if rows is not None]
    for rows, what in ((given, "Input"), (answer, "Output")):
        if rows is not None and rows.trouble:
            page.warnings.append(f"{what}: {rows.trouble}")
    unread = any(not rows.ended and not rows.trouble and not rows.too_far for rows in read)
    if found.more or (unread and page.looked > start):
        page.next = page.looked + 1
    _count(page, file, given, answer)
    _tell_far(page, given, [rows for rows in read if rows.too_far])
    _tell_differing(page)


def _count(page: Page, file: ResultFile, given: RowReader | None, answer: RowReader | None) -> None:
    planned = file.planned
    page.total_in = given.total if given else None
    page.total_out = answer.total if answer else None
    if planned and planned.rows_in is not None:
        page.total_in, page.total_out = planned.rows_in, planned.rows_out


def _tell_far(page: Page, given: RowReader | None, far: list[RowReader]) -> None:
    """Say of a row that was not come to how far it went, and what can be done."""
    if not far:
        return
    rows = min(far, key=lambda one: one.reached)
    page.goes_on = any(one.goes_on for one in far)
    what = "input" if rows is given else "output"
    size = filesize(rows.source.size)
    said = f"Row {page.first:,} was not reached: {rows.reached:,} rows of the {what} ({size}) were counted."
    rest = (
        " Going on counts further from there."
        if page.goes_on
        else " Download the file to look so far into it."
    )
    page.trouble = said + rest


def _tell_differing(page: Page) -> None:
    """Say where rows may be out of step."""
    if page.alignment.kind != "rows" or page.answer is None or page.answer.state != "ok":
        return
    stray = next((pair.number for pair in page.pairs if pair.out_of_step), None)
    if stray:
        page.warnings.append(
            f"From row {stray:,} on the output's lines hold other records than the input's rows."
        )
    rows_in, rows_out = page.total_in, page.total_out
    if rows_in is None or rows_out is None or rows_in == rows_out:
        return
    said = f"The input has {_rows(rows_in)}, the output {_rows(rows_out)}."
    if rows_in == rows_out + 1 and page.given and page.given.columns and not page.answer.columns:
        more = (
            " The input's first line looks like column names: if it got no answer, "
            "each row of output belongs to the row of input below it."
        )
    else:
        more = " Rows are shown by number; from the first one that has no answer of its own on they are out of step."
    page.warnings.append(said + more)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def as_values(page: Page) -> dict[str, Any]:
    """A page as plain values. Marked are of an input what the model never saw, of an output what it wrote."""
    file = page.file
    troubles = [page.trouble, *(side.trouble for side in (page.given, page.answer) if side)]
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
                "row": pair.number,
                "input": _half(pair.given, pair.unseen),
                "output": _half(pair.answer, pair.predicted or frozenset()),
                "prediction": pair.prediction.text if pair.prediction else None,
            }
            for pair in page.pairs
        ],
    }


def _half(half: pairing.Half | None, marked: frozenset[int]) -> dict[str, Any] | None:
    if half is None:
        return None
    names = half.side.columns
    values = [
        {"name": cell.name or (names[n] if n < len(names) else ""), "value": cell.text, "marked": n in marked}
        for n, cell in enumerate(half.cells)
    ]
    return {"text": half.text, "cut": half.row.is_cut, "length": half.row.length, "values": values}
