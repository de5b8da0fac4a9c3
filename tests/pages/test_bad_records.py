"""The file and the row of a bad record, as the pages and the API of a job on the real engine tell them."""

from __future__ import annotations

import pytest

from jobs.lifecycle.after import explaining
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db

ROWS = b"1,<b>\n\n2,3\nanswer 500 no number in <row>\n4,5\n"
ONE_TRY = {"invocations_max_retries": 0}


@pytest.mark.parametrize(
    ("strategy", "records", "link_text", "excerpt"),
    [
        ("SingleRecord", [3, 3, 4, 4], "Record 3, line 4", "answer 500 no number in <row>"),
        ("MultiRecord", [1, 4, 1, 5], "Records 1 to 4, lines 1 to 5", ""),
    ],
)
def test_the_file_and_the_row_of_a_bad_record_are_told_on_every_page(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    strategy: str,
    records: list[int],
    link_text: str,
    excerpt: str,
) -> None:
    bodies = {"good": b"1\n", "odd name.csv": ROWS}
    job = run(
        serving,
        serving_engine,
        folder,
        bodies,
        strategy=strategy,
        assemble_with="Line",
        model_client_config=ONE_TRY,
    )
    explaining.explain_job(job.pk)
    key = f"{folder}/in/odd name.csv"
    place = dict(zip(("first", "last", "first_line", "last_line"), records, strict=True))
    api, client = serving.api("alice"), serving.page("alice")
    failure = api.get(f"/api/v1/jobs/{job.key}/").json()["failure"]
    assert (failure["object"], failure["records"]) == (key, place)
    files = api.get(f"/api/v1/jobs/{job.key}/files/?only=failed").json()["results"]
    assert [(file["key"], file["records"]) for file in files] == [(key, place)]
    assert files[0]["error"] == "Bad HTTP status received from algorithm: 500: no number in <row>"
    for address in (f"/jobs/{job.key}/", f"/jobs/{job.key}/files/"):
        page = Page(client.get(address))
        (link,) = [node.get("href") for node in page.all("a") if node.text == link_text]
    results = Page(client.get(link))
    assert link_text in results.text
    assert ("one of them failed" in results.text) == (strategy == "MultiRecord")
    assert [quote.text for quote in results.of_class("quote")][1:] == ([excerpt] if excerpt else [])
    numbers = [str(number) for number in range(records[0], records[1] + 1)]
    assert [row.get("data-row") for row in results.of_class("failed")] == numbers
    answer = client.get(f"/jobs/{job.key}/files/export.csv?only=failed").getvalue().decode()
    assert answer.splitlines()[0].endswith(",error,records")
    assert link_text.split(",")[0].lower().replace(" to ", "-") in answer


def test_the_excerpt_of_a_bad_record_is_cut_and_left_out_if_the_file_has_changed(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    bodies = {"x": b"answer 400 " + b"x" * 9000}
    job = run(serving, serving_engine, folder, bodies, assemble_with="Line")
    explaining.explain_job(job.pk)
    address = f"/jobs/{job.key}/results/?file={folder}/in/x"
    client = serving.page("alice")
    excerpt = Page(client.get(address)).of_class("quote")[-1].text
    assert (excerpt[:12], len(excerpt), excerpt[-1]) == ("answer 400 x", 301, "…")
    job.planned.update(etag="another")
    page = Page(client.get(address))
    assert "The input was replaced since the job read it." in page.text
    assert len(page.of_class("quote")) == 1
