"""The Results tab of a job on pictures: each beside its answer, by pages and by name; harmful bodies are left alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from jobs.lifecycle.after import explaining
from results.reading.briefs import brief_of
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
PICTURES = {"split_type": "None", "content_type": "application/x-image"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def tiles(answer: Any) -> list[str]:
    """The tiles, as text."""
    return [node.text for node in Page(answer).all("li") if node.get("data-row")]


def test_each_picture_is_shown_beside_the_values_of_its_answer(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    prediction = b'{"predictions": [{"probabilities": [' + b"0.1, " * 1000 + b'0.2], "classes": 576}]}'
    job = run(serving, serving_engine, folder, {"a.jpg": prediction, "b.jpg": b"plain\nlines"}, **PICTURES)
    client = serving.page("alice")
    page = client.get(f"/jobs/{job.key}/results/")
    # The test's model answers in capitals.
    assert tiles(page) == ["a.jpg CLASSES 576 PROBABILITIES 1,001 values", "b.jpg answer PLAIN"]
    assert "2 pictures" in Page(page).by_id("job").text
    links = [node.get("href") for node in Page(page).all("a") if "file=" in node.get("href")]
    chosen = Page(client.get(f"/jobs/{job.key}/results/{links[0]}"))
    assert "All pictures" in {node.text for node in chosen.all("a")}
    assert "PROBABILITIES" in chosen.by_id("job").text


def test_pictures_come_by_pages_and_by_a_part_of_the_name(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {f"{n:02}.png": b"x%d" % n for n in range(1, 31)}, **PICTURES)
    client = serving.page("alice")
    here = f"/jobs/{job.key}/results/"
    first = client.get(here)
    assert len(tiles(first)) == 24
    links = {node.text: node.get("href") for node in Page(first).all("a")}
    second = client.get(here + links["Next 24"])
    assert tiles(second)[0] == "25.png answer X25"
    assert len(tiles(second)) == 6
    assert "25 to 30 of 30" in Page(second).by_id("job").text
    assert tiles(client.get(f"{here}?find=17.P")) == ["17.png answer X17"]
    assert "No picture has “zebra” in its name." in Page(client.get(f"{here}?find=zebra")).by_id("job").text
    assert "There is no picture 99: the job has 30." in Page(client.get(f"{here}?from=99")).by_id("job").text


def test_a_picture_without_an_answer_says_why_beside_those_that_have_one(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a.png": PNG, "b.png": b"bad"}, **PICTURES)
    assert job.state == "FAILED"
    explaining.explain_job(job.pk)
    good, bad = tiles(serving.page("alice").get(f"/jobs/{job.key}/results/"))
    assert good.startswith("a.png answer")
    assert bad.startswith("b.png ClientError: 400")


def test_a_picture_that_is_none_is_never_sent_as_one_and_answers_are_text(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    job = run(serving, serving_engine, folder, {"a.png": svg}, **PICTURES)
    client = serving.page("alice")
    page = client.get(f"/jobs/{job.key}/results/")
    [image] = [node for node in Page(page).all("img") if "/picture/" in node.get("src")]
    assert client.get(image.get("src")).status_code == 404
    content = page.content.decode().lower()
    assert "<svg xmlns='http" not in content
    assert "&lt;svg xmlns=" in content


def test_a_job_on_rows_has_no_gallery(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    job = run(
        serving, serving_engine, folder, {"a.png": b"1\n2\n"}, content_type="text/csv", assemble_with="Line"
    )
    page = serving.page("alice").get(f"/jobs/{job.key}/results/")
    assert tiles(page) == []
    assert [node.text for node in Page(page).all("tr") if node.get("data-row")] == ["1 1 1", "2 2 2"]


def test_another_team_finds_no_pictures(
    serving: House, other_house: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a.png": PNG}, **PICTURES)
    for query in ("", f"?file={folder}/in/a.png", "?find=a"):
        assert serving.page("alice").get(f"/jobs/{job.key}/results/{query}").status_code == 200
        assert other_house.page("charlie").get(f"/jobs/{job.key}/results/{query}").status_code == 404


def test_many_pictures_cost_no_more_queries_than_few(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    counts = []
    for number in (2, 20):
        bodies = {f"{number}-{n:02}.png": PNG for n in range(number)}
        job = run(serving, serving_engine, folder, bodies, **PICTURES)
        client = serving.page("alice")
        client.get(f"/jobs/{job.key}/results/")
        with CaptureQueriesContext(database) as captured:
            client.get(f"/jobs/{job.key}/results/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_an_answer_in_brief_is_plain_values_first_and_never_deeper_than_a_reader_looks() -> None:
    def brief(body: bytes) -> list[tuple[str, str]]:
        return [(cell.name, cell.text) for cell in brief_of(body, "application/json", "a.jpg.out")]

    assert brief(b'{"p": [1, 2, 3, 4, 5], "box": [1, 2.5], "label": "cat"}') == [
        ("box", "1, 2.5"), ("label", "cat"), ("p", "5 values"),
    ]  # fmt: skip
    assert brief(b'{"a": ' * 500 + b"1" + b"}" * 500) == [("a", "…")]
    assert brief(b"[" * 500 + b"]" * 500) == [("", "…")]
    assert brief(b"[" * 60_000)[0][1].startswith("[[[")
    assert brief(b'{"text": "' + b"x" * 5000 + b'"}') == [("text", "x" * 80 + "…")]
    assert brief(b'{"predictions": [{"label": "cut off') == [("", '{"predictions": [{"label": "cut off')]
    assert brief(b"[]") == [("", "")]
