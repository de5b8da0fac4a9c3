"""Figures of all outputs of a job on the real engine, read in slices, by filter, and in samples."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest

from jobs.models import TransformJob
from results import measuring, services, taking
from results.models import OutputReading
from results.reading import passes
from results.reading.figures import column_of
from results.reading.filters import BadFilter
from results.taking import row_table
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
LINES = {"assemble_with": "Line"}
CSV = {"content_type": "text/csv", "assemble_with": "Line"}


def scored(house: House, engine: EngineProcess, folder: str, files: int = 3, rows: int = 100) -> TransformJob:
    """A job whose input is `n` and whose output is a score and a label for each row."""
    names = [f"{number}.csv" for number in range(files)]
    job = run(house, engine, folder, dict.fromkeys(names, b"1\n"), **CSV)
    for name in names:
        put(engine, f"{folder}/in/{name}", b"n,t\n" + b"".join(b"%d,-%d\n" % (n, n) for n in range(rows)))
        answers = b"".join(b"%.3f,%s\n" % (n / rows, b"yes" if n % 4 else b"") for n in range(rows))
        put(engine, f"{folder}/out/{name}.out", b"0,head\n" + answers)
    job.planned.update(etag="", done=True, size=None)
    return job


def finished(reading: OutputReading | None) -> OutputReading:
    """The reading, read to its end."""
    assert reading
    for _ in range(100):
        if not measuring.read_some(reading.pk):
            break
    reading.refresh_from_db()
    assert reading.finished_at
    return reading


def test_all_rows_of_all_files_are_in_the_figures(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "PASS_BYTES", 500)
    monkeypatch.setattr(measuring, "SECONDS", 0.0)
    reading = finished(services.figures_of(scored(serving, serving_engine, folder)))
    assert (reading.files, reading.rows, reading.matches, reading.note) == (3, 303, 303, "")
    score, label = map(column_of, reading.columns)
    assert (score.numbers, score.most) == (303, 0.99)
    assert (label.nulls, label.labels) == (75, {"head": 3, "yes": 225})


def test_a_filter_counts_its_matches_in_all_files(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = scored(serving, serving_engine, folder)
    reading = finished(services.figures_of(job, "output.0 >= 0.9 and n < 95"))
    assert (reading.rows, reading.matches) == (303, 15)
    with pytest.raises(BadFilter):
        services.figures_of(job, "n >")
    assert services.figures_of(job, "output.0 >= 0.9 and n < 95") == reading


def test_more_than_may_be_read_is_a_sample_that_says_so(
    serving: House, serving_engine: EngineProcess, folder: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "PASS_BYTES", 200)
    job = scored(serving, serving_engine, folder)
    job.planned.update(size=10_000)
    TransformJob.objects.filter(pk=job.pk).update(bytes_total=30_000)
    settings.ROWS_READ_LIMIT = 900
    reading = finished(services.figures_of(TransformJob.objects.get(pk=job.pk)))
    assert reading.is_sampled
    assert reading.files == 3
    assert 0 < reading.rows < 303
    assert "of each file only the first rows" in reading.note


def test_an_output_that_was_removed_is_told(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = scored(serving, serving_engine, folder)
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/1.csv.out")
    reading = finished(services.figures_of(job))
    assert (reading.files, reading.skipped, reading.rows) == (3, 1, 202)
    assert "1 of 3 files could not be read" in reading.note


def test_names_that_a_person_gave_are_those_of_filters_and_figures(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = scored(serving, serving_engine, folder)
    services.name_columns(job, inputs="", outputs="score, answer", by=serving.people["alice"])
    reading = finished(services.figures_of(job, "score > 0.5 and answer is null"))
    assert reading.matches == 36
    assert [values["name"] for values in reading.columns] == ["score", "answer"]


def test_rows_are_taken_with_their_input_and_no_cell_is_a_formula(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    body = b"n,t\n1,-2\n2,=1+1\n"
    job = run(serving, serving_engine, folder, {"a.csv": body, "b.csv": body}, **CSV)
    rows = list(csv.reader(io.StringIO("".join(taking.row_lines(job, "n >= 1")))))
    place = f"{folder}/in"
    assert rows == [
        ["file", "row", "input.n", "input.t", "output.N", "output.T", "more"],
        [f"{place}/a.csv", "2", "1", "-2", "1", "-2", ""],
        [f"{place}/a.csv", "3", "2", "'=1+1", "2", "'=1+1", ""],
        [f"{place}/b.csv", "2", "1", "-2", "1", "-2", ""],
        [f"{place}/b.csv", "3", "2", "'=1+1", "2", "'=1+1", ""],
    ]


def test_all_outputs_are_one_zip(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    job = run(serving, serving_engine, folder, {"a.csv": b"x\n", "sub/b.csv": b"y\n"}, **CSV)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(taking.zip_pieces(job))))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "a.csv.out": b"X\n",
        "sub/b.csv.out": b"Y\n",
    }


#: One answer of a model that means harm: halves of letters, NUL, numbers too large, names as long as the row.
HOSTILE = [
    rb'{"a\u0000b": "x\u0000", "\ud800": "\ud800", "v": 1e999, "w": NaN}',
    b'{"' + b"n" * 5_000 + b'": 1e308, "m": -1.7e308}',
    b'{"m": 1.7e308}',
]


@pytest.mark.parametrize("answer", HOSTILE, ids=["texts", "names", "numbers"])
def test_hostile_answers_have_figures_pages_and_a_csv(
    serving: House, serving_engine: EngineProcess, folder: str, answer: bytes
) -> None:
    job = run(
        serving, serving_engine, folder, {"a.jsonl": b"{}\n"}, content_type="application/jsonlines", **LINES
    )
    put(serving_engine, f"{folder}/in/a.jsonl", b"{}\n" * 50)
    put(serving_engine, f"{folder}/out/a.jsonl.out", (answer + b"\n") * 50)
    job.planned.update(etag="", done=True, size=None)
    reading = finished(services.figures_of(job))
    assert reading.rows == 50
    assert all(len(values["name"]) <= measuring.LONGEST_NAME for values in reading.columns)
    browser = serving.page("alice")
    for path in (
        f"{job.get_absolute_url()}results/",
        f"/api/v1/jobs/{job.key}/records/",
        f"/jobs/compare/?job={job.key}&job={job.key}",
    ):
        assert browser.get(path).status_code == 200, path
    assert "".join(taking.row_lines(job)).encode().count(b"\n") == 51


def test_answers_that_name_other_values_in_each_row_make_no_endless_columns(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_table, "MOST_COLUMNS", 3)
    job = run(
        serving, serving_engine, folder, {"a.jsonl": b"{}\n"}, content_type="application/jsonlines", **LINES
    )
    put(serving_engine, f"{folder}/in/a.jsonl", b"{}\n" * 5)
    put(serving_engine, f"{folder}/out/a.jsonl.out", b"".join(b'{"k%d": %d}\n' % (n, n) for n in range(5)))
    job.planned.update(etag="", done=True, size=None)
    rows = list(csv.reader(io.StringIO("".join(taking.row_lines(job)))))
    assert rows[0] == ["file", "row", "output.k0", "output.k1", "output.k2", "more"]
    assert rows[4][-1] == '{"output.k3": "3"}'
