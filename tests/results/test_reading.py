"""Input records beside output rows, read by ranges out of the real engine's S3."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from aws import objects
from jobs.lifecycle.after import comparing
from jobs.lifecycle.aws_session import asking
from jobs.models import RowIndex, TransformJob
from jobs.services.errors import NotPossible
from jobs.states import JobState
from results import job_outputs
from results.reading import rows as reading_rows
from results.reading.pages import Page, page, picture
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine, submitted
from tests.support.engine import EngineProcess
from tests.support.framing import recordio_bytes, tfrecord_bytes

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
MIB = 1024 * 1024
CSV = {"content_type": "text/csv", "assemble_with": "Line"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def numbers_and_texts(rows_page: Page) -> list[tuple[int, str | None, str | None]]:
    """Each pair's number and its two texts."""
    halves = [(pair.number, pair.input, pair.output) for pair in rows_page.pairs]
    return [
        (n, record.text if record else None, answer.text if answer else None) for n, record, answer in halves
    ]


def predictions(rows_page: Page) -> list[str | None]:
    return [pair.prediction.text if pair.prediction else None for pair in rows_page.pairs]


def written(
    house: House, engine: EngineProcess, folder: str, content: bytes, answer: bytes, **fields: Any
) -> TransformJob:
    """A completed job over `a`, whose output is then `answer`: what a model might have written."""
    job = run(house, engine, folder, {"a": b"x\n"}, **{**CSV, **fields})
    put(engine, f"{folder}/in/a", content)
    put(engine, f"{folder}/out/a.out", answer)
    job.planned.update(etag="", done=True)
    return job


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_record_n_stands_beside_row_n(
    serving: House, serving_engine: EngineProcess, folder: str, strategy: str
) -> None:
    body = b"a,1\r\n\nb,2\n\r\nc,3"
    rows_page = page(run(serving, serving_engine, folder, {"f": body}, strategy=strategy, **CSV))
    assert numbers_and_texts(rows_page) == [(1, "a,1", "A,1"), (2, "b,2", "B,2"), (3, "c,3", "C,3")]
    assert (rows_page.total_in, rows_page.total_out, rows_page.next) == (3, 3, None)


def test_pages_follow_one_another_to_the_end(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"f": b"".join(b"r%d\n" % n for n in range(1, 121))}, **CSV)
    numbers, first = [], 1
    while first:
        rows_page = page(job, first=first)
        assert rows_page.warnings == []
        numbers += [pair.number for pair in rows_page.pairs]
        assert numbers_and_texts(rows_page)[0][1:] == (f"r{first}", f"R{first}")
        first = rows_page.next or 0
    assert numbers == [*range(1, 121)]
    assert page(job, first=121).pairs == []


def test_quoted_cells_are_cut_as_the_service_cuts_them(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    (pair,) = page(run(serving, serving_engine, folder, {"f": b'1,"a, ""b""",\n'}, **CSV)).pairs
    assert pair.input
    assert [cell.text for cell in pair.input.cells] == ["1", 'a, "b"', ""]


def test_a_header_names_the_columns_and_is_still_a_record(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    body = b"age,plan\n" + b"".join(b"%d,x\n" % n for n in range(100))
    job = run(serving, serving_engine, folder, {"f": body}, **CSV)
    rows_page = page(job, first=51)
    assert rows_page.input
    assert rows_page.input.columns == ("age", "plan")
    assert numbers_and_texts(page(job))[0] == (1, "age,plan", "AGE,PLAN")


def test_a_header_may_repeat_a_name(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    first = page(run(serving, serving_engine, folder, {"f": b"id,value,id\n1,2,3\n"}, **CSV))
    assert first.input
    assert first.input.columns == ("id", "value", "id")


def test_rows_of_numbers_are_no_header(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    rows_page = page(run(serving, serving_engine, folder, {"f": b"1,a\n2,b\n"}, **CSV))
    assert rows_page.input
    assert rows_page.input.columns == ()


def test_json_lines_have_named_values(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    body = b'{"ID": 1, "V": [2]}\n{"ID": 2}\n'
    job = run(
        serving,
        serving_engine,
        folder,
        {"f": body},
        content_type="application/jsonlines",
        assemble_with="Line",
    )
    first, second = page(job).pairs
    assert first.input
    assert second.output
    assert [(cell.name, cell.text) for cell in first.input.cells] == [("ID", "1"), ("V", "[2]")]
    assert [(cell.name, cell.text) for cell in second.output.cells] == [("ID", "2")]


def test_gzip_is_unpacked_as_it_streams(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    body = gzip.compress(b"".join(b"r%d\n" % n for n in range(1, 100_001)))
    job = run(
        serving, serving_engine, folder, {"f": body}, compression_type="Gzip", strategy="MultiRecord", **CSV
    )
    assert numbers_and_texts(page(job, first=99_999)) == [
        (99_999, "r99999", "R99999"),
        (100_000, "r100000", "R100000"),
    ]


def test_what_is_no_gzip_is_said(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    job = written(serving, serving_engine, folder, b"plain\n", b"1\n", compression_type="Gzip")
    rows_page = page(job)
    assert any("said to be Gzip" in warning for warning in rows_page.warnings)


@pytest.mark.parametrize(("split", "write"), [("RecordIO", recordio_bytes), ("TFRecord", tfrecord_bytes)])
def test_framed_records_show_their_length_and_bytes(
    serving: House, serving_engine: EngineProcess, folder: str, split: str, write: Any
) -> None:
    body = write([b"abc", b"\x00" * 5000])
    job = run(
        serving,
        serving_engine,
        folder,
        {"f": body},
        split_type=split,
        assemble_with="Line",
        strategy="SingleRecord",
    )
    first, second = page(job).pairs
    assert first.input
    assert second.input
    assert (first.input.row.length, second.input.row.length) == (3, 5000)
    assert first.input.cells[0].text == "616263"
    assert first.output
    assert first.output.text == "ABC"


def test_a_damaged_frame_is_named(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    body = tfrecord_bytes([b"abc", b"def"])[:-1]
    job = written(serving, serving_engine, folder, body, b"1\n2\n", split_type="TFRecord")
    rows_page = page(job)
    assert numbers_and_texts(rows_page)[0][0] == 1
    assert any("is not whole" in warning for warning in rows_page.warnings)


def test_without_assembly_the_output_is_one_piece(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    rows_page = page(
        run(
            serving,
            serving_engine,
            folder,
            {"f": b"a\nb\n"},
            content_type="text/csv",
            strategy="SingleRecord",
        )
    )
    assert rows_page.alignment.kind == "blob"
    assert "AssembleWith is None" in rows_page.alignment.why
    assert [pair.output for pair in rows_page.pairs] == [None, None]
    assert rows_page.output_block
    assert rows_page.output_block.preview.size


def test_an_unsplit_file_is_shown_whole(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    rows_page = page(
        run(
            serving,
            serving_engine,
            folder,
            {"f": b'{"a": 1}'},
            content_type="application/json",
            split_type="None",
        )
    )
    assert rows_page.alignment.kind == "whole"
    assert rows_page.input_block
    assert rows_page.output_block
    assert rows_page.input_block.preview.kind == "table"
    assert rows_page.pairs == []


def test_json_answers_to_many_records_are_shown_by_number_only(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"f": b"1\n"}, accept="application/json", **CSV)
    assert page(job).alignment.kind == "loose"


@pytest.mark.parametrize(
    ("output_filter", "line", "predicted_texts"),
    [
        (None, b"7,8,9,0.5\n", ["0.5"]),
        ("$[0,-1]", b"7,0.5\n", ["0.5"]),
        ("$[-1]", b"0.5\n", ["0.5"]),
        ("$[1:]", b"8,9,0.5,0.6\n", ["0.5", "0.6"]),
        ("$[3:]", b"0.5,0.6\n", ["0.5", "0.6"]),
        ("$[-2:]", b"9,0.5\n", None),
    ],
)
def test_of_a_joined_line_the_prediction_is_told(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    output_filter: str | None,
    line: bytes,
    predicted_texts: list[str] | None,
) -> None:
    more = {"output_filter": output_filter} if output_filter else {}
    job = written(
        serving, serving_engine, folder, b"7,8,9\n", line, accept="text/csv", join_source="Input", **more
    )
    (pair,) = page(job).pairs
    assert pair.output
    predicted_places = pair.predicted
    assert (
        None if predicted_places is None else [pair.output.cells[n].text for n in sorted(predicted_places)]
    ) == predicted_texts


def test_of_joined_json_the_prediction_is_named(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    lines = {
        "content_type": "application/jsonlines",
        "accept": "application/jsonlines",
        "join_source": "Input",
    }
    job = run(serving, serving_engine, folder, {"f": b'{"A": 1}\n'}, assemble_with="Line", **lines)
    (pair,) = page(job).pairs
    assert pair.prediction
    assert json.loads(pair.prediction.text) == {"A": 1}


def test_columns_that_the_input_filter_keeps_back_are_told(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(
        serving, serving_engine, folder, {"f": b"id,2,3\n"}, accept="text/csv", input_filter="$[1:]", **CSV
    )
    (pair,) = page(job).pairs
    assert pair.unseen == {0}


def test_counts_that_disagree_are_said_and_rows_still_shown(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(
        serving,
        serving_engine,
        folder,
        {"f": b"a\nlost\nc\n"},
        env={"LEAVE_OUT": "lost"},
        strategy="SingleRecord",
        **CSV,
    )
    rows_page = page(job)
    assert "The input has 3 rows, the output 2 rows." in rows_page.warnings[0]
    assert numbers_and_texts(rows_page)[-1] == (3, "c", None)


def test_a_joined_line_that_holds_another_record_tells_from_which_row_on(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = written(
        serving, serving_engine, folder, b"1\n2\n3\n", b"1,x\n3,x\n", accept="text/csv", join_source="Input"
    )
    assert any(warning.startswith("From row 2 on") for warning in page(job).warnings)


def test_rows_are_filtered_by_prediction_by_column_and_by_text(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    content = b"name,age\n" + b"".join(b"n%d,%d\n" % (n, n) for n in range(1, 400))
    answer = b"".join(b"%.3f\n" % (n / 1000) for n in range(400))
    job = written(serving, serving_engine, folder, content, answer)
    assert predictions(page(job, text="> 0.396")) == ["0.397", "0.398", "0.399"]
    assert [pair.number for pair in page(job, text="age >= 398").pairs] == [399, 400]
    assert [pair.number for pair in page(job, text="N399,").pairs] == [400]
    some = page(job, text=">=0", limit=10)
    assert (len(some.pairs), some.looked, some.next) == (10, 10, 11)
    assert [pair.number for pair in page(job, text="age < 3 or > 0.398 and not age = 398").pairs] == [
        2,
        3,
        400,
    ]
    nothing = page(job, text="nowhere")
    assert (nothing.pairs, nothing.looked, nothing.next) == ([], 400, None)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_of_a_long_last_line_the_whole_length_is_told_however_it_ends(
    serving: House, serving_engine: EngineProcess, folder: str, end: bytes
) -> None:
    job = written(serving, serving_engine, folder, b"1\n" + b"x" * 100_000 + end, b"1\n2\n")
    last = page(job).pairs[-1].input
    assert last
    assert (last.row.is_cut, last.row.length, len(last.row.body)) == (True, 100_000, 65_536)


class TestBounds:
    """What is read of large objects."""

    ROWS = 500_000

    @pytest.fixture
    def large(self, serving: House, serving_engine: EngineProcess, folder: str) -> TransformJob:
        """A job whose input has 50 MB."""
        content = b"".join(b"%099d\n" % n for n in range(1, self.ROWS + 1))
        answer = b"".join(b"%06d\n" % n for n in range(1, self.ROWS + 1))
        return written(serving, serving_engine, folder, content, answer)

    def come_to(self, job: TransformJob, row: int) -> Page:
        """The page from this row on, asked for until it is reached, as a person would go on."""
        for _ in range(50):
            rows_page = page(job, first=row)
            if not rows_page.goes_on:
                return rows_page
        raise AssertionError(rows_page.trouble)

    def test_a_page_reads_a_megabyte_at_most_wherever_it_is(
        self, large: TransformJob, monkeypatch: pytest.MonkeyPatch, serving_engine: EngineProcess, folder: str
    ) -> None:
        monkeypatch.setattr(reading_rows, "SCAN_BYTES", 10 * MIB)
        assert page(large).bytes_read < MIB
        row = self.ROWS - 40
        # A jump that costs too much is taken in steps, each of which says how far it came.
        rows_page = page(large, first=row)
        assert rows_page.goes_on
        assert rows_page.trouble.startswith(f"Row {row:,} was not reached:")
        assert rows_page.bytes_read < 30 * MIB
        there = self.come_to(large, row)
        assert numbers_and_texts(there)[0] == (row, f"{row:099d}", f"{row:06d}")
        assert len(there.pairs) == 41
        # Getting there taught where rows begin.
        assert RowIndex.objects.filter(planned__job=large).count() == 2
        for number in (row, 250_000, 77, 375_001):
            again = page(large, first=number)
            assert numbers_and_texts(again)[0][1] == f"{number:099d}"
            sides = [side.source.bytes_read for side in (again.input, again.output) if side and side.source]
            assert max(sides) <= 1.1 * MIB
        # Of an object replaced since, the index is void.
        put(serving_engine, f"{folder}/in/a", b"x" * 20 + b"\n" + b"1\n" * 500_000)
        assert numbers_and_texts(page(large, first=400_000))[0][1] == "1"

    def test_a_look_for_rows_ends_and_goes_on(self, large: TransformJob) -> None:
        rows_page = page(large, text="no such text")
        assert rows_page.pairs == []
        assert 0 < rows_page.looked < self.ROWS
        assert rows_page.next == rows_page.looked + 1
        assert rows_page.bytes_read < 20 * MIB

    def test_the_comparison_leaves_an_index(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = run(
            serving, serving_engine, folder, {"f": b"0123456789\n" * 100_000}, strategy="MultiRecord", **CSV
        )
        while comparing.compare_some(job.pk):
            pass
        assert RowIndex.objects.filter(planned__job=job).count() == 2
        assert page(job, first=99_999).bytes_read < 2 * MIB

    def test_a_line_without_end_is_shown_by_its_beginning(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = written(serving, serving_engine, folder, b"x" * (40 * MIB), b"1\n")
        rows_page = page(job)
        (pair,) = rows_page.pairs
        assert pair.input
        assert pair.input.row.is_cut
        assert len(pair.input.text) == 64 * 1024
        assert rows_page.bytes_read < 2 * MIB

    def test_a_gzip_bomb_is_not_unpacked_to_its_end(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        bomb = gzip.compress(b"0\n" * (150 * MIB), compresslevel=1)
        job = written(serving, serving_engine, folder, bomb, b"1\n", compression_type="Gzip")
        assert numbers_and_texts(page(job))[0] == (1, "0", "1")
        far = page(job, first=140 * MIB)
        assert far.trouble.endswith("Download the file to look so far into it.")


class TestStates:
    """What stands where there is no output, or not the right one."""

    def test_before_it_is_written(self, serving: House, serving_engine: EngineProcess, folder: str) -> None:
        job = submitted(serving, serving_engine, folder, {"f": b"sleep\n"}, **CSV)
        rows_page = page(job)
        assert rows_page.output
        assert rows_page.output.state == "waiting"
        assert numbers_and_texts(rows_page) == [(1, "sleep", None)]
        serving_engine.client("sagemaker").stop_transform_job(TransformJobName=job.name)

    def test_of_a_file_that_failed(self, serving: House, serving_engine: EngineProcess, folder: str) -> None:
        job = run(serving, serving_engine, folder, {"f": b"bad\n"}, **CSV)
        assert job.state == JobState.FAILED
        rows_page = page(job)
        assert rows_page.output
        assert rows_page.output.trouble == "The job ended without an output for this file."

    def test_when_it_was_removed(self, serving: House, serving_engine: EngineProcess, folder: str) -> None:
        job = run(serving, serving_engine, folder, {"f": b"a\n"}, **CSV)
        serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/f.out")
        serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/in/f")
        rows_page = page(job)
        assert rows_page.input
        assert rows_page.output
        assert "removed from S3" in rows_page.input.trouble
        assert "removed from S3" in rows_page.output.trouble

    def test_an_empty_input_and_output(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        rows_page = page(run(serving, serving_engine, folder, {"f": b""}, **CSV))
        assert rows_page.input
        assert rows_page.input.state == "empty"
        assert rows_page.pairs == []

    def test_an_input_replaced_since_is_said(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = run(serving, serving_engine, folder, {"f": b"a\n"}, **CSV)
        assert page(job).warnings == []
        put(serving_engine, f"{folder}/in/f", b"b\n")
        assert "replaced since the job read it" in page(job).warnings[0]

    def test_files_are_gone_through_in_order(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = run(serving, serving_engine, folder, dict.fromkeys("abc", b"1\n"), **CSV)
        file = page(job, name=f"{folder}/in/b").file
        assert file
        assert (file.position, file.previous, file.next) == (2, f"{folder}/in/a", f"{folder}/in/c")
        with pytest.raises(NotPossible):
            page(job, name=f"{folder}/in/z")

    def test_a_job_without_a_plan_finds_files_by_its_outputs(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = run(serving, serving_engine, folder, {"f": b"a\n"}, **CSV)
        job.planned.all().delete()
        TransformJob.objects.filter(pk=job.pk).update(objects_total=None)
        job.refresh_from_db()
        assert numbers_and_texts(page(job)) == [(1, "a", "A")]
        with pytest.raises(NotPossible):
            page(job, name="elsewhere/secret.out")


class TestHostile:
    """Bodies that mean harm, or are just odd."""

    def test_bytes_that_are_no_text_are_shown_as_such(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = written(serving, serving_engine, folder, b"caf\xe9,1\n\x00\x01,2\n", b"1\n2\n")
        first, second = page(job).pairs
        assert first.input
        assert second.input
        assert first.input.cells[0].text == "caf\\xe9"
        assert second.input.text == "00012c32"

    def test_a_picture_is_told_by_its_bytes_not_by_its_name(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        bodies = {"a.png": PNG, "b.png": b"<svg onload='alert(1)'/>"}
        job = run(serving, serving_engine, folder, bodies, split_type="None", content_type="image/png")
        rows_page = page(job, name=f"{folder}/in/a.png")
        assert rows_page.input_block
        assert rows_page.input_block.picture == "image/png"
        assert picture(job, f"{folder}/in/a.png", "input") == ("image/png", PNG)
        with pytest.raises(NotPossible):
            picture(job, f"{folder}/in/b.png", "input")

    def test_an_input_is_downloaded_only_by_its_own_job(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = run(serving, serving_engine, folder, {"f": b"a\n"}, **CSV)
        assert b"".join(job_outputs.download_input(job, f"{folder}/in/f").body or ()) == b"a\n"
        put(serving_engine, f"{folder}/secret", b"s")
        with pytest.raises(NotPossible):
            job_outputs.download_input(job, f"{folder}/secret")

    def test_a_download_is_named_as_its_object_in_any_letters(
        self, serving: House, serving_engine: EngineProcess, folder: str
    ) -> None:
        job = run(serving, serving_engine, folder, {"größe\n1": b"a\n"}, **CSV)
        query = urlencode({"key": f"{folder}/out/größe\n1.out"})
        answer = serving.api("alice").get(f"/api/v1/jobs/{job.key}/outputs/download/?{query}")
        disposition = "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe%0A1.out"
        assert (answer.status_code, answer.headers["Content-Disposition"]) == (200, disposition)
        with asking(job.connection) as target:
            url = objects.signed_url(target, BUCKET, f"{folder}/out/größe\n1.out", filename="größe\n1.out")
        with urlopen(url) as signed:
            assert (signed.headers["Content-Disposition"], signed.read()) == (disposition, b"A\n")
