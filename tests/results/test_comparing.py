"""Two jobs over the same records: what changed, matched by position or by a column, and what was not compared."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from jobs.models import TransformJob
from results import comparing
from results.comparing import changed_lines, differing_settings, prediction_diff
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
CSV = {"content_type": "text/csv", "assemble_with": "Line"}
INPUT = b"id,n\n" + b"".join(b"c%d,%d\n" % (n, n) for n in range(50))


def answered(
    house: House, engine: EngineProcess, folder: str, place: str, answers: list[str], **fields: Any
) -> TransformJob:
    """A job over the same input whose output is these answers."""
    output_path = f"s3://{BUCKET}/{folder}/{place}"
    job = run(house, engine, folder, {"a.csv": INPUT}, **{**CSV, "output_path": output_path, **fields})
    row = job.planned.get()
    put(engine, row.output_key, "".join(f"{text}\n" for text in ["score", *answers]).encode())
    return job


def scores(**changes: str) -> list[str]:
    return [changes.get(f"c{n}", f"{n / 100:.2f}") for n in range(50)]


@pytest.fixture
def pair(serving: House, serving_engine: EngineProcess, folder: str) -> tuple[TransformJob, TransformJob]:
    """Two jobs, of which the second answers two records otherwise."""
    first = answered(serving, serving_engine, folder, "one", scores())
    second = answered(
        serving, serving_engine, folder, "two", scores(c3="0.9", c40="0.41", c5="0.050"), max_payload=1
    )
    return first, second


def test_rows_that_changed_are_counted_and_the_greatest_comes_first(
    pair: tuple[TransformJob, TransformJob], serving: House
) -> None:
    diff = prediction_diff(*pair)
    assert (diff.rows, diff.changed, diff.is_complete, diff.notes) == (51, 2, True, [])
    assert [(row.number, row.shift) for row in diff.movers] == [
        (5, pytest.approx(0.87)),
        (42, pytest.approx(0.01)),
    ]
    assert diff.second.most == 0.9
    rows = list(csv.reader(io.StringIO("".join(changed_lines(*pair)))))
    assert [row[1] for row in rows] == ["row", "5", "42"]
    settings = {row.field: row.values for row in differing_settings(pair)}
    assert settings["max_payload"] == (None, 1)
    assert "content_type" not in settings


def test_a_column_matches_rows_that_stand_elsewhere(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = answered(serving, serving_engine, folder, "one", scores())
    second = answered(serving, serving_engine, folder, "two", scores(c7="0.5"))
    lines = INPUT.decode().splitlines()
    answers = ["score", *scores(c7="0.5")]
    row = second.planned.get()
    put(serving_engine, row.key, "\n".join([lines[0], *reversed(lines[2:])]).encode())
    put(serving_engine, row.output_key, "\n".join([answers[0], *reversed(answers[2:])]).encode())
    second.planned.update(etag="")
    # Both jobs read one input, which has changed: the first answers are those of the same order by a column alone.
    put(
        serving_engine, first.planned.get().output_key, "\n".join(["score", *reversed(scores()[1:])]).encode()
    )
    diff = prediction_diff(first, second, "id")
    assert (diff.rows, diff.changed) == (49, 1)
    assert [(mover.key, mover.first and mover.first.text) for mover in diff.movers] == [("c7", "0.07")]
    nothing = prediction_diff(first, second, "nowhere")
    assert nothing.rows == 0
    assert "No row was matched by “nowhere”" in nothing.notes[0]


def test_what_there_is_no_time_for_is_told(
    pair: tuple[TransformJob, TransformJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "SECONDS", -1.0)
    diff = prediction_diff(*pair)
    assert (diff.rows, diff.is_complete) == (1, False)
    assert diff.notes == ["There was time for the first 1 rows in 1 of 1 file. The CSV has all of them."]
    # By a column a whole file is read before the first row is matched.
    diff = prediction_diff(*pair, "id")
    assert (diff.rows, diff.is_complete) == (0, False)
    assert diff.notes == ["There was time for the first 0 rows in 1 of 1 file. The CSV has all of them."]


def test_rows_that_would_fill_the_memory_are_not_matched_by_a_column(
    pair: tuple[TransformJob, TransformJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "KEYED_CHARACTERS", 100)
    diff = prediction_diff(*pair, "id")
    assert (diff.rows, diff.is_complete) == (0, False)
    assert "characters in the column and the predictions" in diff.notes[0]


def test_the_page_and_the_api_say_the_same(pair: tuple[TransformJob, TransformJob], serving: House) -> None:
    first, second = pair
    client = serving.page("alice")
    page = Page(client.get(f"/jobs/compare/?job={first.key}&job={second.key}"))
    content = page.by_id("main").text
    assert "2 of 51 rows changed" in content
    assert "max_payload" in content
    choice = client.get(f"/jobs/compare/?job={first.key}").content.decode()
    assert f"/jobs/compare/?job={first.key}&amp;job={second.key}" in choice
    api = serving.api("alice")
    answer = api.get(f"/api/v1/jobs/{first.key}/compare/?with={second.key}").json()
    (diff,) = answer["predictions"]
    assert (diff["rows"], diff["changed"], diff["complete"], diff["matched_by"]) == (51, 2, True, "position")
    assert [mover["row"] for mover in diff["movers"]] == [5, 42]
    assert {"field": "max_payload", "values": [None, 1]} in answer["settings"]
    assert api.get(f"/api/v1/jobs/{first.key}/compare/?with={first.key}").status_code == 400
    assert api.get(f"/api/v1/jobs/{first.key}/compare/?with=nowhere").status_code == 404
    assert client.get("/jobs/compare/?job=nowhere").status_code == 404
