"""The tab with what came of each input record: rows of a file side by side, pictures, whole answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job, show
from jobs.services.errors import NotPossible, Unavailable
from jobs.states import JobState
from results import job_outputs as service
from results import logs
from results.pages.grid import GridCell, grid_of, label_of
from results.pages.outputs import download_answer
from results.reading.files import offered
from results.reading.pages import LIMIT, Page
from results.reading.pages import page as read
from results.reading.pages import picture as read_picture
from results.reading.pairing import Half, Pair
from teams.access import MemberRequest, member_required

_FARTHEST = 10**15
#: Values of one record that its panel shows.
_VALUES = 400


@dataclass(frozen=True, slots=True)
class ResultsAddress:
    """What the page's address holds; each link is it with something changed."""

    file: str
    first: int
    filter: str
    row: int
    find: str

    def but(self, **changes: Any) -> str:
        """The query with these changed; what is empty is left out."""
        values = {"file": self.file, "from": self.first, "filter": self.filter, **changes}
        values = {name: value for name, value in values.items() if value and (name, value) != ("from", 1)}
        return "?" + urlencode(values)


@require_GET
@member_required()
def results(request: MemberRequest, key: str) -> HttpResponse:
    """Input row n beside output row n."""
    job = find_job(request.team, key)
    asked = _address(request)
    context: dict[str, Any] = {"asked": asked}
    try:
        found = read(job, name=asked.file, first=asked.first, text=asked.filter)
        context |= _context(job, asked, found)
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        context["trouble"] = str(error)
    return show(request, job, "results", context)


@require_GET
@member_required()
def download_input(request: MemberRequest, key: str) -> HttpResponseBase:
    """An input file as it is now."""
    job = find_job(request.team, key)
    try:
        return download_answer(service.download_input(job, request.GET.get("file", "")))
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        return show(request, job, "results", {"asked": _address(request), "trouble": str(error)})


@require_GET
@member_required()
def picture(request: MemberRequest, key: str) -> HttpResponse:
    """An input or output that is a picture, under the type that its own bytes tell, and no other."""
    job = find_job(request.team, key)
    side = "input" if request.GET.get("side") == "input" else "output"
    try:
        kind, body = read_picture(job, request.GET.get("file", ""), "input" if side == "input" else "output")
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        return HttpResponse(str(error), status=502, content_type="text/plain; charset=utf-8")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=300"}
    return HttpResponse(body, content_type=kind, headers=headers)


def _address(request: MemberRequest) -> ResultsAddress:
    given = request.GET
    return ResultsAddress(
        file=given.get("file", ""),
        first=_number(given.get("from", "")) or 1,
        filter=given.get("filter", "").strip()[:200],
        row=_number(given.get("row", "")),
        find=given.get("find", "").strip()[:200],
    )


def _number(text: str) -> int:
    """A row's number, written with or without commas; 0 for what is none."""
    digits = text.replace(",", "").replace(" ", "")
    return min(int(digits), _FARTHEST) if digits.isascii() and digits.isdigit() else 0


def _context(job: TransformJob, asked: ResultsAddress, found: Page) -> dict[str, Any]:
    grid = grid_of(found)
    chosen = next((pair for pair in found.pairs if pair.number == asked.row), None)
    record = chosen or (found.pairs[0] if found.pairs else None)
    answer = found.answer
    here = asked if asked.file or found.file is None else ResultsAddress(found.file.name, *_rest(asked))
    return {
        "asked": here,
        "found": found,
        "grid": grid,
        "rows": [(line, here.but(row=line.number)) for line in grid.lines],
        "record": record and _record(record),
        "is_chosen": chosen is not None,
        "choices": _choices(job, asked, found),
        "links": _links(here, found),
        "limit": LIMIT,
        # What is written is not written again: it is read once, not with every poll.
        "polls": answer is None or answer.state == "waiting",
        "seen": (
            asked,
            found.bytes_read,
            [side.source and side.source.etag for side in (found.given, answer) if side],
        ),
        "lines": _said(job, found),
    }


def _rest(asked: ResultsAddress) -> tuple[int, str, int, str]:
    return asked.first, asked.filter, asked.row, asked.find


def _links(here: ResultsAddress, found: Page) -> dict[str, str]:
    """Where the page's buttons lead; empty where there is nothing."""
    file = found.file
    before = max(1, found.first - LIMIT)
    total = max(found.total_in or 0, found.total_out or 0)
    return {
        "next": here.but(**{"from": found.next}) if found.next else "",
        "previous": here.but(**{"from": before}) if found.first > 1 and not here.filter else "",
        "start": here.but(**{"from": 1}) if found.first > 1 else "",
        "last": here.but(**{"from": total - (total - 1) % LIMIT})
        if total > LIMIT and not here.filter
        else "",
        "again": here.but(),
        "unfiltered": here.but(filter=""),
        "next_file": ResultsAddress(file.next, 1, here.filter, 0, "").but() if file and file.next else "",
        "previous_file": ResultsAddress(file.previous, 1, here.filter, 0, "").but()
        if file and file.previous
        else "",
    }


def _choices(job: TransformJob, asked: ResultsAddress, found: Page) -> list[tuple[str, bool, str]]:
    """Files to choose from: each one's name, whether it has an output, and where it leads."""
    if found.file is not None and found.file.planned is None:
        names = [
            (output.input_key or output.key, output.key, True) for output in service.outputs(job).outputs[:50]
        ]
    else:
        names = [(row.key, row.key, row.done) for row in offered(job, asked.find)]
    return [(label, done, ResultsAddress(name, 1, asked.filter, 0, "").but()) for label, name, done in names]


def _record(pair: Pair) -> dict[str, Any]:
    """One record whole, for the panel beside the table."""
    given = _values(pair.given, lambda n: n in pair.unseen)
    answer = _values(pair.answer, lambda n: pair.predicted is not None and n in pair.predicted)
    return {"pair": pair, "given": given, "answer": answer, "joined": pair.spec.get("join_source") == "Input"}


def _values(half: Half | None, is_marked: Callable[[int], bool]) -> list[GridCell]:
    if half is None:
        return []
    names = half.side.columns
    count = len(half.cells)
    return [
        GridCell(cell.name or label_of(n, count, names), cell.text, cell.number is not None, is_marked(n))
        for n, cell in enumerate(half.cells[:_VALUES])
    ]


def _said(job: TransformJob, found: Page) -> list[str]:
    """What the data log said of a file that has no output."""
    if (
        found.answer is None
        or found.answer.state != "missing"
        or job.state != JobState.FAILED
        or not found.file
    ):
        return []
    if found.file.planned and found.file.planned.error:
        return [found.file.planned.error]
    name = found.file.input_key.rpartition("/")[2]
    try:
        return [line.text for line in logs.first_errors(job) if name and name in line.text]
    except Unavailable:
        return []
