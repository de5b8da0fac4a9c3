"""Search the rows of all files of a job, from one place on, within the bytes and time of one request."""

from __future__ import annotations

import time
from collections.abc import Iterator

from aws import Target
from jobs.models import TransformJob
from results.reading import files
from results.reading.pages import LIMIT, Page, fill, read_page
from results.reading.pairing import LOOK_SECONDS


def search(job: TransformJob, *, text: str = "", name: str = "", first: int = 1, limit: int = LIMIT) -> Page:
    """Up to `limit` matching rows of all files that have an output, from row `first` of the file `name` on.

    Without a plan of the job's files, only this file is searched. Raises NoSuchObject, BadFilter and Unavailable.
    """
    return read_page(job, _fill_from, name=name, first=first, limit=limit, text=text)


def _fill_from(page: Page, job: TransformJob, file: files.ResultFile, target: Target, limit: int) -> None:
    """Read file after file until the page is full or its time is over."""
    deadline = time.monotonic() + LOOK_SECONDS
    first = page.first
    for number, searched_file in enumerate(_files_from(job, file)):
        if number and (len(page.pairs) == limit or time.monotonic() > deadline):
            page.next, page.next_file = 1, searched_file.name
            return
        part = Page(searched_file, page.alignment, first, filter=page.filter)
        fill(part, job, searched_file, target, limit - len(page.pairs), deadline)
        _add(page, part, searched_file)
        if part.next or part.goes_on:
            page.next, page.next_file = part.next or part.first, searched_file.name
            return
        first = 1


def _files_from(job: TransformJob, file: files.ResultFile) -> Iterator[files.ResultFile]:
    """The file, and the planned files after it that have an output."""
    yield file
    if file.planned is None:
        return
    later = job.planned.filter(done=True, position__gt=file.planned.position).order_by("position")
    yield from map(files.file_of, later.iterator(chunk_size=100))


def _add(page: Page, part: Page, file: files.ResultFile) -> None:
    """Add what was found in one file. The first file with a match gives the names of the columns."""
    if (part.pairs and not page.pairs) or page.input is None:
        page.input, page.output = part.input, part.output
    page.pairs += part.pairs
    page.found_in += [file] * len(part.pairs)
    page.looked = part.looked
    page.searched += 1
    page.warnings += [text for text in part.warnings if text not in page.warnings]
    if part.trouble:
        page.warnings.append(f"{file.name}: {part.trouble}")
