"""The Results tab: input records beside output rows, pictures, whole answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job, show
from jobs.services.data.download_response import download_response
from jobs.services.errors import NotPossible, Unavailable
from jobs.states import JobState
from results import job_outputs as service
from results import logs
from results.pages.figures import figures_context
from results.pages.gallery import gallery_context
from results.pages.grid import Grid, GridCell, GridRow, grid_of, label_of
from results.reading.columns import given_names
from results.reading.files import ResultFile, offered
from results.reading.filters import LONGEST, BadFilter
from results.reading.gallery import is_of_pictures
from results.reading.objects import Name
from results.reading.pages import LIMIT, Page
from results.reading.pages import page as read
from results.reading.pages import picture as read_picture
from results.reading.pairing import Pair, SideRow
from results.reading.search import search
from results.taking import sync_command
from teams.access import MemberRequest, member_required

_FARTHEST = 10**15
#: Values of one record that its panel shows.
_VALUES = 400


@dataclass(frozen=True, slots=True)
class ResultsAddress:
    """The query of the Results tab; links change a part of it."""

    file: str
    first: int
    filter: str
    row: int
    find: str
    scope: str = ""
    view: str = ""

    @property
    def in_one_file(self) -> bool:
        """Whether a filter is about the chosen file only."""
        return self.scope == "file"

    def but(self, **changes: Any) -> str:
        """The query string with these changes; empty values are left out."""
        members = {
            "file": self.file,
            "from": self.first,
            "filter": self.filter,
            "in": self.scope,
            "view": self.view,
        }
        values = {**members, **changes}
        values = {name: value for name, value in values.items() if value and (name, value) != ("from", 1)}
        return "?" + urlencode(values)


@require_GET
@member_required()
def results(request: MemberRequest, key: str) -> HttpResponse:
    """The Results tab: input record n beside output row n; for a job on pictures, all of them until one is chosen."""
    job = find_job(request.team, key)
    address = _address(request)
    context: dict[str, Any] = {"asked": address, "of_pictures": is_of_pictures(job)}
    try:
        if context["of_pictures"] and not address.file:
            context |= gallery_context(job, address.first, address.find)
        else:
            context |= _context(job, address, _page(job, address))
    except BadFilter as error:
        context["filter_error"] = error.sentence
        context |= _context(job, address, read(job, name=address.file, first=address.first))
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        context["trouble"] = str(error)
    if not context["of_pictures"] and request.headers.get("HX-Target") != "record":
        context |= figures_context(job, "" if "filter_error" in context else address.filter)
        context |= {"names": given_names(job), "sync": sync_command(job)}
    return show(request, job, "results", context)


@require_GET
@member_required()
def download_input(request: MemberRequest, key: str) -> HttpResponseBase:
    """Download an input file as it is now."""
    job = find_job(request.team, key)
    try:
        return download_response(service.download_input(job, request.GET.get("file", "")))
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        return show(request, job, "results", {"asked": _address(request), "trouble": str(error)})


@require_GET
@member_required()
def picture(request: MemberRequest, key: str) -> HttpResponse:
    """An input or output that is a picture, with the content type of its first bytes."""
    job = find_job(request.team, key)
    side: Name = "input" if request.GET.get("side") == "input" else "output"
    try:
        kind, body = read_picture(job, request.GET.get("file", ""), side)
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        return HttpResponse(str(error), status=502, content_type="text/plain; charset=utf-8")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=300"}
    return HttpResponse(body, content_type=kind, headers=headers)


def _page(job: TransformJob, address: ResultsAddress) -> Page:
    """The rows of one file, or those of all files that match."""
    if not address.filter or address.in_one_file:
        return read(job, name=address.file, first=address.first, text=address.filter)
    return search(job, text=address.filter, name=address.file, first=address.first)


def _address(request: MemberRequest) -> ResultsAddress:
    query = request.GET
    return ResultsAddress(
        file=query.get("file", ""),
        first=_number(query.get("from", "")) or 1,
        filter=query.get("filter", "").strip()[: LONGEST + 1],
        row=_number(query.get("row", "")),
        find=query.get("find", "").strip()[:200],
        scope="file" if query.get("in") == "file" else "",
        view="raw" if query.get("view") == "raw" else "",
    )


def _number(text: str) -> int:
    """A row number, with or without commas; 0 if the text is not a number."""
    digits = text.replace(",", "").replace(" ", "")
    return min(int(digits), _FARTHEST) if digits.isascii() and digits.isdigit() else 0


def _context(job: TransformJob, address: ResultsAddress, page: Page) -> dict[str, Any]:
    grid = grid_of(page)
    chosen = next((pair for pair in page.pairs if pair.number == address.row), None)
    record = chosen or (page.pairs[0] if page.pairs else None)
    answer = page.output
    shown_address = address if address.file or page.file is None else replace(address, file=page.file.name)
    return {
        "asked": shown_address,
        "found": page,
        "grid": grid,
        "rows": _rows(shown_address, page, grid),
        "raw_rows": page.pairs if address.view == "raw" else [],
        "record": record and _record(record),
        "is_chosen": chosen is not None,
        "choices": _choices(job, address, page),
        "links": _links(shown_address, page),
        "limit": LIMIT,
        # A written output does not change: it is read once, not with every poll.
        "polls": answer is None or answer.state == "waiting",
        "seen": (
            address,
            page.bytes_read,
            [side.source and side.source.etag for side in (page.input, answer) if side],
        ),
        "lines": _data_log_lines(job, page),
    }


def _rows(address: ResultsAddress, page: Page, grid: Grid) -> list[tuple[GridRow, str, ResultFile | None]]:
    """The rows with their links, and the file of each row of a search that begins a new file."""
    if not page.found_in:
        return [(line, address.but(row=line.number), None) for line in grid.lines]
    rows, last = [], ""
    for line, file in zip(grid.lines, page.found_in, strict=True):
        link = ResultsAddress(file.name, line.number, "", line.number, "", view=address.view).but(
            row=line.number
        )
        rows.append((line, link, file if file.name != last else None))
        last = file.name
    return rows


def _links(address: ResultsAddress, page: Page) -> dict[str, str]:
    """The page's links; empty for those that lead nowhere."""
    file = page.file
    before = max(1, page.first - LIMIT)
    total = max(page.total_in or 0, page.total_out or 0)
    return {
        "next": address.but(**{"from": page.next, "file": page.next_file or address.file})
        if page.next
        else "",
        "previous": address.but(**{"from": before}) if page.first > 1 and not address.filter else "",
        "start": address.but(**{"from": 1}) if page.first > 1 else "",
        "last": address.but(**{"from": total - (total - 1) % LIMIT})
        if total > LIMIT and not address.filter
        else "",
        "again": address.but(),
        "failed": address.but(
            **{"from": page.failed.place.first, "row": page.failed.place.first, "filter": ""}
        )
        if page.failed
        else "",
        "unfiltered": address.but(filter="", **{"in": ""}),
        "table": address.but(view=""),
        "raw": address.but(view="raw"),
        "everywhere": address.but(file="", **{"in": "", "from": 1}),
        "one_file": address.but(**{"in": "file", "from": 1}),
        "next_file": _link_to_file(address, file.next) if file and file.next else "",
        "previous_file": _link_to_file(address, file.previous) if file and file.previous else "",
    }


def _choices(job: TransformJob, address: ResultsAddress, page: Page) -> list[tuple[str, bool, str]]:
    """The files to choose from: name, whether there is an output, and link."""
    if page.file is not None and page.file.planned is None:
        names = [
            (output.input_key or output.key, output.key, True) for output in service.outputs(job).outputs[:50]
        ]
    else:
        names = [(row.key, row.key, row.done) for row in offered(job, address.find)]
    return [(label, is_done, _link_to_file(address, name)) for label, name, is_done in names]


def _link_to_file(address: ResultsAddress, name: str) -> str:
    """The link to another file, which a filter is then about alone."""
    scope = "file" if address.filter else ""
    return ResultsAddress(name, 1, address.filter, 0, "", scope, address.view).but()


def _record(pair: Pair) -> dict[str, Any]:
    """All values of one record, for the panel beside the table."""
    input_values = _values(pair.input, lambda n: n in pair.unseen)
    output_values = _values(pair.output, lambda n: pair.predicted is not None and n in pair.predicted)
    return {
        "pair": pair,
        "input": input_values,
        "output": output_values,
        "joined": pair.spec.get("join_source") == "Input",
    }


def _values(side_row: SideRow | None, is_marked: Callable[[int], bool]) -> list[GridCell]:
    if side_row is None:
        return []
    names = side_row.side.columns
    count, alone = len(side_row.cells), "prediction" if side_row.side.name == "output" else "line"
    return [
        GridCell(
            cell.name or label_of(n, count, names, alone), cell.text, cell.number is not None, is_marked(n)
        )
        for n, cell in enumerate(side_row.cells[:_VALUES])
    ]


def _data_log_lines(job: TransformJob, page: Page) -> list[str]:
    """The data log's lines about a file without an output."""
    if page.output is None or page.output.state != "missing" or job.state != JobState.FAILED or not page.file:
        return []
    if page.file.planned and page.file.planned.error:
        return [page.file.planned.error_text]
    name = page.file.input_key.rpartition("/")[2]
    try:
        return [line.text for line in logs.first_errors(job) if name and name in line.text]
    except Unavailable:
        return []
