"""Search in the rows of all files of a job, on the real engine's S3."""

from __future__ import annotations

import pytest

from jobs.services.errors import NoSuchObject
from results.reading.search import search
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
CSV = {"content_type": "text/csv", "assemble_with": "Line"}


def test_matches_of_all_files_follow_one_another_page_by_page(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    bodies = {
        f"{name}.csv": b"id,n\n" + b"".join(b"%s%d,%d\n" % (name.encode(), n, n) for n in range(1, 31))
        for name in "abc"
    }
    job = run(serving, serving_engine, folder, bodies, **CSV)
    matches, name, first = [], "", 1
    while True:
        page = search(job, text="n > 25", name=name, first=first, limit=4)
        matches += [
            (file.name[-5:], pair.number) for file, pair in zip(page.found_in, page.pairs, strict=True)
        ]
        if not page.next:
            break
        name, first = page.next_file, page.next
    assert matches == [(f"{name}.csv", number) for name in "abc" for number in range(27, 32)]
    assert page.filter is not None


def test_a_column_that_no_file_has_is_named_with_those_that_there_are(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"id,n\nx,1\n", "b": b"id,n\ny,2\n"}, **CSV)
    page = search(job, text="m > 1")
    assert (page.pairs, page.searched, page.next) == ([], 2, None)
    assert page.warnings == ["Row 1 has no column “m”. Columns with names: ID, N, id, n."]
    with pytest.raises(NoSuchObject):
        search(job, text="n > 1", name="other")
