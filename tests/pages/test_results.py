"""The Results tab: input row beside output row, its address, its states, and bodies that mean harm."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from tests.cast import House
from tests.engine.transforms import BUCKET
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
CSV = {"content_type": "text/csv", "assemble_with": "Line"}
HOSTILE = b'<script>alert(1)</script>,"<img src=x onerror=alert(2)>"\n'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def rows(answer: Any) -> list[str]:
    """The table's rows, as text."""
    return [node.text for node in Page(answer).all("tr") if node.get("data-row")]


def test_a_person_goes_through_rows_files_and_filters_by_links_alone(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    bodies = {
        f"{name}.csv": b"".join(b"%s%d,%d\n" % (name.encode(), n, n) for n in range(1, 121)) for name in "ab"
    }
    job = run(serving, serving_engine, folder, bodies, **CSV)
    client = serving.page("alice")
    here = f"/jobs/{job.key}/results/"
    first = client.get(here)
    assert rows(first)[0] == "1 a1 1 A1 1"
    assert len(rows(first)) == 50
    links = {node.text: node.get("href") for node in Page(first).all("a")}
    assert rows(client.get(here + links["Next 50"]))[0] == "51 a51 51 A51 51"
    named = {node.get("aria-label"): node.get("href") for node in Page(first).all("a")}
    assert rows(client.get(here + named["Next file"]))[0] == "1 b1 1 B1 1"
    assert rows(client.get(f"{here}?filter=a12"))[0] == "12 a12 12 A12 12"
    assert "120 of 120" not in client.get(f"{here}?filter=zzz").content.decode()
    assert "No row of the 2 files that were read" in Page(client.get(f"{here}?filter=zzz")).by_id("job").text
    assert "No row of 1 to 120" in Page(client.get(f"{here}?in=file&filter=zzz")).by_id("job").text
    matches_of_both = client.get(f"{here}?filter=1+%3E+118")
    assert rows(matches_of_both) == [
        "119 a119 119 A119 119",
        "120 a120 120 A120 120",
        "119 b119 119 B119 119",
        "120 b120 120 B120 120",
    ]
    assert rows(client.get(f"{here}?in=file&filter=1+%3E+118")) == rows(matches_of_both)[:2]
    unread = client.get(f"{here}?filter=1+%3E")
    assert (
        "at character 4, a number or a text in quotes must follow >"
        in Page(unread).by_id("filter-error").text
    )
    assert len(rows(unread)) == 50
    assert "a7,7" in Page(client.get(here + links["Raw"])).by_id("job").text
    file_search = Page(client.get(f"{here}?find=b.c"))
    assert [node.get("title") for node in file_search.all("a") if node.get("title").endswith(".csv")] == [
        f"{folder}/in/b.csv"
    ]
    assert (
        "There is no row 5,000: the file has 120." in Page(client.get(f"{here}?from=5,000")).by_id("job").text
    )
    record = Page(client.get(f"{here}?row=7")).by_id("record")
    assert "Row 7" in record.text
    assert "a7" in record.text


def test_bodies_are_text_and_never_markup(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    job = run(serving, serving_engine, folder, {"<b>.csv": HOSTILE}, **CSV)
    content = serving.page("alice").get(f"/jobs/{job.key}/results/").content.decode()
    assert "<script>alert" not in content
    assert "<img src=x" not in content
    assert "<b>.csv" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content


def test_a_row_of_thirty_thousand_columns_is_a_page_as_any_other(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    wide = b",".join([b"1"] * 30_000) + b"\n"
    job = run(serving, serving_engine, folder, {"a.csv": wide * 4}, **CSV)
    page = Page(serving.page("alice").get(f"/jobs/{job.key}/results/"))
    assert "29994 more" in page.by_id("job").text
    assert len([node for node in page.all("th") if node.get("scope") == "col"]) < 20


def test_a_picture_comes_under_the_type_of_its_bytes_and_anything_else_not_at_all(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    bodies = {"a.html": PNG, "b.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"}
    job = run(serving, serving_engine, folder, bodies, split_type="None", content_type="text/html")
    client = serving.page("alice")
    page = Page(client.get(f"/jobs/{job.key}/results/?file={folder}/in/a.html"))
    image = next(node for node in page.all("img") if "side=input" in node.get("src"))
    answer = client.get(image.get("src"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content == PNG
    assert (
        client.get(f"/jobs/{job.key}/results/picture/?file={folder}/in/b.png&side=input").status_code == 404
    )


def test_an_input_is_downloaded_as_it_is_and_never_shown(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a.html": b"<b>\n"}, **CSV)
    client = serving.page("alice")
    answer = client.get(f"/jobs/{job.key}/results/input/?file={folder}/in/a.html")
    assert b"".join(answer.streaming_content) == b"<b>\n"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert client.get(f"/jobs/{job.key}/results/input/?file=models/other").status_code == 404


def test_another_team_finds_nothing(
    serving: House, other_house: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": PNG}, **CSV)
    for tail in ("", "input/", "picture/"):
        path = f"/jobs/{job.key}/results/{tail}?side=input&file={folder}/in/a"
        assert serving.page("alice").get(path).status_code == 200
        assert other_house.page("charlie").get(path).status_code == 404
    assert other_house.api("charlie").get(f"/api/v1/jobs/{job.key}/records/").status_code == 404


def test_a_file_that_failed_shows_what_was_said_of_it(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"good": b"1\n", "wrong": b"bad\n"}, **CSV)
    page = Page(serving.page("alice").get(f"/jobs/{job.key}/results/?file={folder}/in/wrong"))
    assert "The job ended without an output for this file." in page.by_id("job").text
    assert any("wrong" in node.text for node in page.of_class("quote"))


def test_a_page_costs_the_same_queries_for_few_files_and_many(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    counts = []
    for number in (2, 40):
        bodies = {f"{number}-{n:02}": b"1\n2\n" for n in range(number)}
        job = run(serving, serving_engine, f"{folder}", bodies, **CSV)
        client = serving.page("alice")
        client.get(f"/jobs/{job.key}/results/")
        with CaptureQueriesContext(database) as captured:
            client.get(f"/jobs/{job.key}/results/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_api_answers_the_same_pairs(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    body = b"".join(b"id%d,%d\n" % (n, n) for n in range(1, 61))
    job = run(serving, serving_engine, folder, {"f": body}, accept="text/csv", input_filter="$[1:]", **CSV)
    api = serving.api("alice")
    answer = api.get(f"/api/v1/jobs/{job.key}/records/?from=11&limit=20").json()
    assert [pair["row"] for pair in answer["results"]] == [*range(11, 31)]
    first = answer["results"][0]
    assert first["input"]["text"] == "id11,11"
    assert first["input"]["values"][0] == {"name": "", "value": "id11", "marked": True}
    assert (first["output"]["text"], first["prediction"]) == ("11", "11")
    assert (answer["file"], answer["alignment"]) == (f"{folder}/in/f", "rows")
    following = api.get(answer["next"]).json()
    assert following["results"][0]["row"] == 31
    assert api.get(f"/api/v1/jobs/{job.key}/records/?filter=%3E58").json()["results"][0]["row"] == 59
    assert api.get(f"/api/v1/jobs/{job.key}/records/?from=x").status_code == 400
    assert api.get(f"/api/v1/jobs/{job.key}/records/?file=nowhere").status_code == 404


def test_where_s3_does_not_answer_the_page_says_so(house: House) -> None:
    job = house.job(accepted_at=None)
    answer = house.page("vera").get(f"/jobs/{job.key}/results/")
    assert answer.status_code == 200
    assert "Nothing is written yet" in answer.content.decode()


def test_an_output_that_was_removed_is_said_to_be(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"f": b"1\n"}, **CSV)
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/f.out")
    assert (
        "has been removed from S3" in serving.page("alice").get(f"/jobs/{job.key}/results/").content.decode()
    )
