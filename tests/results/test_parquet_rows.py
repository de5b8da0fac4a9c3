"""Rows as Parquet on the real engine: what pyarrow reads of the file are the rows of the CSV."""

from __future__ import annotations

import csv
import io
import math
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.models import TransformJob
from results import services, taking
from results.taking import parquet, parquet_writer
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
CSV = {"content_type": "text/csv", "assemble_with": "Line"}
JSON = {"content_type": "application/jsonlines", "assemble_with": "Line"}


def job_over(
    house: House, engine: EngineProcess, folder: str, files: dict[str, tuple[bytes, bytes]], **fields: Any
) -> TransformJob:
    """A job with these inputs and outputs, by their names."""
    job = run(house, engine, folder, dict.fromkeys(files, b"1\n"), **fields)
    for name, (record_lines, answers) in files.items():
        put(engine, f"{folder}/in/{name}", record_lines)
        put(engine, f"{folder}/out/{name}.out", answers)
    job.planned.update(etag="", done=True, size=None)
    return job


def table_of(job: TransformJob, text: str = "") -> pa.Table:
    """The Parquet file as pyarrow reads it."""
    return pq.read_table(io.BytesIO(b"".join(taking.parquet_pieces(job, text))))


def csv_of(job: TransformJob, text: str = "") -> list[list[str]]:
    """The lines of the CSV."""
    return list(csv.reader(io.StringIO("".join(taking.row_lines(job, text)))))


def same(cell: str, value: Any) -> bool:
    """Whether a cell of the CSV is a value of the Parquet file."""
    if value is None:
        return cell == ""
    if isinstance(value, float):
        return math.isnan(value) if cell == "NaN" else float(cell) == value
    return cell.removeprefix("'") == str(value)


def assert_same(job: TransformJob, text: str = "") -> pa.Table:
    """The Parquet file, whose columns and rows are those of the CSV."""
    table, lines = table_of(job, text), csv_of(job, text)
    assert table.column_names == lines[0]
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    for line, row in zip(lines[1:], rows, strict=True):
        assert all(same(cell, value) for cell, value in zip(line, row, strict=True)), (line, row)
    return table


def test_the_file_has_the_rows_of_the_csv_and_numbers_are_numbers(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    records = b"n,zip,day\n1,007,2026-11-01\n2,10115,=1+1\n3,,-\n"
    job = job_over(
        serving,
        serving_engine,
        folder,
        dict.fromkeys("ab", (records, b"s,t\n0.25,7\nNaN,x\n1e-3,\n")),
        **CSV,
    )
    table = assert_same(job)
    assert [str(field.type) for field in table.schema] == [
        *("string", "int64", "int64", "string", "string", "double", "string", "string"),
    ]
    assert table.column("input.day").to_pylist()[1] == "=1+1"
    assert assert_same(job, "n >= 2").num_rows == 4


def test_a_value_far_behind_that_is_no_number_makes_its_column_one_of_texts(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    count = 1_000
    records = b"".join(b"%d\n" % n for n in range(count))
    answers = [b"%d,%d" % (n, n) for n in range(count)]
    answers[900] = b"0.5,unknown"
    job = job_over(serving, serving_engine, folder, {"a.csv": (records, b"\n".join(answers) + b"\n")}, **CSV)
    table = assert_same(job)
    assert [str(table.schema.field(f"output.{n}").type) for n in (0, 1)] == ["double", "string"]
    assert table.column("output.1").to_pylist()[899:902] == ["899", "unknown", "901"]


def test_no_rows_are_a_file_with_the_columns_of_the_csv(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = job_over(serving, serving_engine, folder, {"a.csv": (b"n\n1\n", b"0.5\n0.5\n")}, **CSV)
    assert assert_same(job, "n > 5").num_rows == 0
    serving_engine.client("s3").put_object(Bucket=BUCKET, Key=f"{folder}/out/a.csv.out", Body=b"")
    put(serving_engine, f"{folder}/in/a.csv", b"")
    job.planned.update(etag="", size=None)
    assert assert_same(job).num_rows == 0


def test_odd_and_doubled_names_are_columns_of_their_own(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    records = 'a,a,"b ""c"", d",ä ö,a (2),file,more\n1,2,3,4,5,6,7\n'.encode()
    job = job_over(serving, serving_engine, folder, {"a.csv": (records, b"x,y,x\n0.5,0.25,0.125\n")}, **CSV)
    table = assert_same(job)
    assert table.column_names[2:-1] == [
        *(
            "input.a",
            "input.a (2)",
            'input.b "c", d',
            "input.ä ö",
            "input.a (2) (2)",
            "input.file",
            "input.more",
        ),
        *("output.x", "output.y", "output.x (2)"),
    ]
    assert [column[0].as_py() for column in table.columns[2:-1]] == [1, 2, 3, 4, 5, 6, 7, 0.5, 0.25, 0.125]


def test_members_of_json_and_names_that_a_person_gave_are_columns(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    answers = b'{"": 1, "0": "x", "v": [1, 2], "n": null}\n{"0": "\\ud800\\u0000", "w": 0.5}\n'
    job = job_over(serving, serving_engine, folder, {"a.jsonl": (b'{"k": 1}\n{"k": 2}\n', answers)}, **JSON)
    assert assert_same(job).column("output.v").to_pylist() == ["[1, 2]", None]
    job = job_over(serving, serving_engine, folder, {"a.csv": (b"1,2\n", b"0.5\n")}, **CSV)
    services.name_columns(job, inputs="left, right", outputs="score", by=serving.people["alice"])
    assert assert_same(job).column_names[2:-1] == ["input.left", "input.right", "output.score"]


def test_values_that_the_first_rows_do_not_have_are_in_the_last_column(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    answers = b'{"a": 1}\n' * 200 + b'{"a": 2, "b": 3}\n'
    job = job_over(serving, serving_engine, folder, {"a.jsonl": (b"{}\n" * 201, answers)}, **JSON)
    table = assert_same(job)
    assert table.column("more").to_pylist()[199:] == [None, '{"output.b": "3"}']


def test_an_output_that_changes_between_the_readings_breaks_the_download_off(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_over(serving, serving_engine, folder, {"a.csv": (b"1\n", b"5\n")}, **CSV)

    class Changed(parquet_writer.ParquetWriter):
        def __init__(self, *arguments: Any) -> None:
            put(serving_engine, f"{folder}/out/a.csv.out", b"many\n")
            super().__init__(*arguments)

    monkeypatch.setattr(parquet_writer, "ParquetWriter", Changed)
    with pytest.raises(Exception, match=r"changed|replaced"):
        b"".join(taking.parquet_pieces(job))


def test_something_is_sent_while_the_columns_are_looked_at(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_SECONDS", -1.0)
    job = job_over(serving, serving_engine, folder, {"a.csv": (b"1\n2\n", b"5\n6\n")}, **CSV)
    pieces = list(taking.parquet_pieces(job))
    assert pieces[:3] == [b"PAR1", b"\0", b"\0"]
    assert_same(job)


def test_the_page_offers_the_file_and_a_bad_filter_is_told(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = job_over(serving, serving_engine, folder, {"a.csv": (b"n\n1\n2\n", b"h\n5\n6\n")}, **CSV)
    browser, address = serving.page("alice"), f"{job.get_absolute_url()}results/rows.parquet"
    page = browser.get(f"{job.get_absolute_url()}results/?filter=n+%3E+1").content.decode()
    assert f'href="{address}"' in page
    assert f'href="{address}?filter=n%20%3E%201"' in page
    answer = browser.get(address, {"filter": "n > 1"})
    assert answer["Content-Disposition"] == f'attachment; filename="{job.name}.parquet"'
    table = pq.read_table(io.BytesIO(b"".join(answer.streaming_content)))
    assert table.column("output.h").to_pylist() == [6]
    answer = browser.get(address, {"filter": "n >"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")


def test_100_000_rows_are_written_in_bounded_memory(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet_writer, "_GROUP_BYTES", 1024 * 1024)
    count = 100_000
    records = b"".join(b"%d,customer-%d\n" % (n, n) for n in range(count))
    answers = b"".join(b"%.6f\n" % (n / count) for n in range(count))
    job = job_over(serving, serving_engine, folder, {"a.csv": (records, answers)}, **CSV)
    path = tmp_path / "rows.parquet"
    before, most = memory(), (0, 0)
    with path.open("wb") as file:
        for piece in taking.parquet_pieces(job):
            file.write(piece)
            now = memory()
            most = max(most[0], now[0] - before[0]), max(most[1], now[1] - before[1])
    assert most[0] < 8 * 1024**2, most
    assert most[1] < 64 * 1024**2, most
    metadata = pq.read_metadata(path)
    assert metadata.num_rows == count
    assert metadata.num_row_groups > 4
    assert list(numbers(path)) == [
        (n + 1, n, f"customer-{n}", float(f"{n / count:.6f}")) for n in range(count)
    ]


def memory() -> tuple[int, int]:
    """Bytes that Arrow has, and all that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pa.total_allocated_bytes(), pages * resource.getpagesize()


def numbers(path: Path) -> Iterator[tuple[Any, ...]]:
    """The rows of the file, without its name and what is more."""
    for batch in pq.ParquetFile(path).iter_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns[1:-1]), strict=True)
