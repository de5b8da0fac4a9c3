"""After a job's end the rows of each input are held against those of its output, on the real engine."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import queries
from jobs.lifecycle.after import comparing
from jobs.models import Connection, Lease, PlannedObject, RowComparison, TransformJob
from jobs.pages.sentences import rows_sentence, sentence
from jobs.services.attempts import attempts
from jobs.states import JobState
from jobs.tasks import compare_rows, reconcile
from results import job_outputs
from tests.cast import House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine, started
from tests.support.engine import EngineProcess
from tests.support.polling import until

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


def lossy(
    house: House, engine: EngineProcess, folder: str, bodies: dict[str, bytes], **more: Any
) -> TransformJob:
    """A job whose model has no answer to a line that says "lost"."""
    values = {"assemble_with": "Line", "env": {"LEAVE_OUT": "lost"}, **more}
    return run(house, engine, folder, bodies, **values)


def compared(job: TransformJob) -> TransformJob:
    """The job, after its rows were compared."""
    while comparing.compare_some(job.pk):
        pass
    job.refresh_from_db()
    return job


def rows_by_name(job: TransformJob) -> dict[str, tuple[int | None, int | None]]:
    """The rows of each input and its output."""
    return {row.key.rpartition("/in/")[2]: (row.rows_in, row.rows_out) for row in job.planned.all()}


BODIES = {
    "a": b"1\n2\n",
    "b": b"1\nlost\n3",
    "c": b"\n1\n\n2\n\n",
    "d": b"lost\r\n1\r\n",
    "empty": b"",
}


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_a_row_that_has_no_answer_is_warned_of_with_its_file(
    serving: House, serving_engine: EngineProcess, folder: str, strategy: str
) -> None:
    job = lossy(serving, serving_engine, folder, BODIES, strategy=strategy)
    assert (job.state, job.warning_texts) == (JobState.COMPLETED, [])
    assert queries.rows_pending(job)
    compared(job)
    rows = {"a": (2, 2), "b": (3, 2), "c": (2, 2), "d": (2, 2), "empty": (0, 0)}
    assert rows_by_name(job) == rows
    assert job.warning_texts == ["1 row count differs: b (3 in, 2 out)."]
    assert sentence(job) == "Completed with warnings: 1 row count differs."
    assert rows_sentence(queries.rows(job)) == "Rows compared in 5 files: in 1 they differ."
    job.refresh_from_db()
    assert job.records == sum(row.rows_in for row in job.planned.filter(done=True))
    rows_by_output = {
        output.name: (output.rows_in, output.rows_out) for output in job_outputs.outputs(job).outputs
    }
    assert rows_by_output == {f"{name}.out": counts for name, counts in rows.items()}


def test_missing_outputs_and_rows_are_told_of_together(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, BODIES)
    TransformJob.objects.filter(pk=job.pk).update(
        warnings=[{"code": "outputs-missing", "text": "3 of 812 outputs are missing: x, y, z."}]
    )
    compared(job)
    assert sentence(job) == "Completed with warnings: 3 of 812 outputs are missing, 1 row count differs."


def test_of_many_that_differ_some_are_named(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, {f"{n:02}": b"1\nlost\n" for n in range(20)})
    compared(job)
    named = "00 (2 in, 1 out), 01 (2 in, 1 out), 02 (2 in, 1 out) and 17 more"
    assert job.warning_texts == [f"20 row counts differ: {named}."]


@pytest.mark.parametrize(
    ("bodies", "request_", "rows"),
    [
        (
            {"a": b"1,x\n2,y"},
            {"content_type": "text/csv", "accept": "text/csv", "input_filter": "$[0]"},
            (2, 2),
        ),
        (
            {"a": b"1,x\n\n2,y\n"},
            {
                "content_type": "text/csv",
                "accept": "text/csv",
                "join_source": "Input",
                "output_filter": "$[0,-1]",
            },
            (2, 2),
        ),
        # No embedded newlines (developer guide): the service cuts there, and so two rows are two rows.
        ({"a": b'1,"x\ny"\n'}, {"content_type": "text/csv", "strategy": "SingleRecord"}, (2, 2)),
        (
            {"a": b'{"a": 1}\n{"a": 2}\n'},
            {"content_type": "application/jsonlines", "strategy": "MultiRecord"},
            (2, 2),
        ),
        (
            {"a": gzip.compress(b"1\n2\n") + gzip.compress(b"3\n\nlost\n")},
            {"compression_type": "Gzip"},
            (4, 3),
        ),
    ],
    ids=["filtered", "joined", "quoted", "jsonlines", "gzip"],
)
def test_rows_are_those_that_the_service_makes_records_of(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    bodies: dict[str, bytes],
    request_: dict[str, Any],
    rows: tuple[int, int],
) -> None:
    job = lossy(serving, serving_engine, folder, bodies, **request_)
    assert job.state == JobState.COMPLETED
    assert rows_by_name(compared(job)) == {"a": rows}


def test_a_large_object_is_read_in_ranges(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    body = b"0123456789\n" * 1_000_000
    job = lossy(serving, serving_engine, folder, {"a": body + b"lost\n", "b": b"1\n"})
    assert rows_by_name(compared(job)) == {"a": (1_000_001, 1_000_000), "b": (1, 1)}
    assert job.row_comparison.bytes_read == 2 * len(body) + 5 + 4


@pytest.mark.parametrize(
    "request_", [{"assemble_with": "None"}, {"split_type": "None"}, {"accept": "application/json"}]
)
def test_jobs_without_a_row_each_are_left_alone(
    serving: House, serving_engine: EngineProcess, folder: str, request_: dict[str, Any]
) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\nlost\n"}, **request_)
    assert job.state == JobState.COMPLETED
    assert queries.rows(job) is None
    assert rows_sentence(queries.rows(job)) == ""


def test_more_than_may_be_read_is_not_read_and_says_so(
    serving: House, serving_engine: EngineProcess, folder: str, settings: Any
) -> None:
    settings.ROWS_READ_LIMIT = 1024 * 1024
    job = lossy(serving, serving_engine, folder, {"a": b"1\n" * 600_000})
    assert not comparing.compare_some(job.pk)
    text = "Rows were not compared: the input has 1.1 MB, and 1 MB at most are read."
    assert rows_sentence(queries.rows(job)) == text
    assert rows_by_name(job) == {"a": (None, None)}


def test_reading_ends_where_inputs_and_outputs_together_are_too_much(
    serving: House, serving_engine: EngineProcess, folder: str, settings: Any
) -> None:
    settings.ROWS_READ_LIMIT = 1024 * 1024
    bodies = {"a": b"1\nlost\n", **{f"b{n}": b"1\n" for n in range(7)}, "c": b"1\n" * 400_000, "d": b"1\n"}
    job = compared(lossy(serving, serving_engine, folder, bodies))
    assert rows_by_name(job)["a"] == (2, 1)
    assert rows_by_name(job)["c"] == (None, None)
    assert "and no more may be" in rows_sentence(queries.rows(job))
    assert job.warning_texts == ["1 row count differs: a (2 in, 1 out)."]


def test_what_unpacks_to_too_much_is_not_unpacked_to_its_end(
    serving: House, serving_engine: EngineProcess, folder: str, settings: Any
) -> None:
    bodies = {"a": gzip.compress(b"1\n" * 3_000_000)}
    job = lossy(serving, serving_engine, folder, bodies, compression_type="Gzip")
    settings.ROWS_READ_LIMIT = 4 * 1024 * 1024
    assert rows_by_name(compared(job)) == {"a": (None, None)}
    assert "4 MB were read" in rows_sentence(queries.rows(job))


def test_an_input_that_was_replaced_since_is_not_held_against_the_output(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\n", "b": b"1\n", "c": b"1\n"})
    s3 = serving_engine.client("s3")

    def written(name: str) -> Any:
        return s3.head_object(Bucket=BUCKET, Key=f"{folder}/in/{name}")["LastModified"]

    def replaced() -> bool:
        put(serving_engine, f"{folder}/in/a", b"1\n2\n")
        return bool(written("a") > written("c"))

    until(replaced, "a later second")
    # As if the job had begun before that: S3 keeps whole seconds.
    TransformJob.objects.filter(pk=job.pk).update(started_at=written("c"))
    s3.delete_object(Bucket=BUCKET, Key=f"{folder}/out/b.out")
    compared(job)
    assert rows_by_name(job) == {"a": (None, None), "b": (None, None), "c": (1, 1)}
    assert job.warning_texts == []
    text = "Rows compared in 1 file: none differs. Rows of 2 files were not compared: removed, replaced"
    assert rows_sentence(queries.rows(job)).startswith(text)


def test_an_input_that_is_no_longer_what_was_listed_is_recognised_whatever_its_time(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\n", "b": b"1\n"})
    put(serving_engine, f"{folder}/in/a", b"1\n2\n")
    TransformJob.objects.filter(pk=job.pk).update(started_at=timezone.now() + timedelta(hours=1))
    assert rows_by_name(compared(job)) == {"a": (None, None), "b": (1, 1)}


def test_an_input_of_more_files_than_are_kept_says_how_many_were_looked_at(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlannedObject, "LIMIT", 2)
    job = compared(lossy(serving, serving_engine, folder, BODIES))
    assert rows_by_name(job) == {"a": (2, 2), "b": (3, 2)}
    assert job.warning_texts == ["1 row count differs: b (3 in, 2 out)."]
    assert rows_sentence(queries.rows(job)).endswith("Only the first 2 files were looked at.")


def test_a_job_whose_files_may_not_be_read_says_so_after_a_few_tries(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, {f"{n:02}": b"1\nlost\n" for n in range(20)})
    # No S3 has a bucket of such a name, whoever asks.
    TransformJob.objects.filter(pk=job.pk).update(spec={**job.spec, "data": "s3://no bucket/in/"})
    compared(job)
    assert rows_sentence(queries.rows(job)).startswith("Rows were not compared: ")
    assert RowComparison.objects.get(job=job).skipped == comparing.AT_ONCE


def test_it_goes_by_slices_and_after_a_kill_from_the_last_one(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = lossy(serving, serving_engine, folder, {f"{n:02}": b"1\nlost\n" for n in range(20)})
    monkeypatch.setattr(comparing, "SECONDS", 0.0)
    assert comparing.compare_some(job.pk)
    assert queries.rows(job) == queries.Rows(comparing.AT_ONCE, comparing.AT_ONCE, True, "")
    # A worker that is killed leaves its lease behind.
    assert Lease.claim("rows", comparing.LEASE)
    assert not comparing.compare_some(job.pk)
    Lease.objects.update(until=timezone.now())
    compared(job)
    assert queries.rows(job) == queries.Rows(20, 20, False, "")
    assert RowComparison.objects.get(job=job).bytes_read == 20 * (len(b"1\nlost\n") + len(b"1\n"))
    assert not comparing.compare_some(job.pk)
    assert len(job.warning_texts) == 1


def test_an_engine_that_is_away_is_asked_again_later_and_not_for_ever(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\nlost\n"})
    assert comparing.due_jobs() == [job.pk]
    Connection.objects.update(endpoint_url="http://127.0.0.1:9")
    comparing.compare_some(job.pk)
    assert queries.rows_pending(job)
    assert comparing.due_jobs() == []
    TransformJob.objects.update(ended_at=timezone.now() - comparing.GIVE_UP - timedelta(minutes=1))
    comparing.compare_some(job.pk)
    assert "could not be read for hours" in rows_sentence(queries.rows(job))


def test_the_worker_compares_what_the_rows_say_is_due(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\nlost\n"})
    compare_rows(job.pk)
    job.refresh_from_db()
    assert job.warning_texts
    reconcile()
    assert comparing.due_jobs() == []


def test_a_later_attempts_rows_are_told_on_the_first_jobs_page(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = compared(lossy(serving, serving_engine, folder, {"a": b"1\nlost\n", "b": b"bad\n"}))
    assert (first.state, first.warning_texts) == (JobState.FAILED, ["1 row count differs: a (2 in, 1 out)."])
    assert "usable" not in sentence(first)
    put(serving_engine, f"{folder}/in/b", b"1\n2\nlost\n")
    second = compared(started(attempts.finish_missing(first, by=serving.people["alice"])))
    assert second.warning_texts == ["1 row count differs: b (3 in, 2 out)."]
    first.refresh_from_db()
    assert rows_by_name(first) == {"a": (2, 1), "b": (3, 2)}
    assert first.warning_texts == ["2 row counts differ: a (2 in, 1 out), b (3 in, 2 out)."]


def test_the_api_has_the_rows(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\nlost\n"})
    api = serving.api("alice")
    address = f"/api/v1/jobs/{job.key}/"
    assert api.get(address).json()["rows"]["pending"] is True
    compared(job)
    answer = api.get(address).json()
    assert answer["rows"] == {"compared": 1, "differ": 1, "pending": False, "note": ""}
    (output,) = api.get(f"{address}outputs/").json()["results"]
    assert (output["rows_in"], output["rows_out"]) == (2, 1)


def test_the_page_shows_rows_and_asks_again_until_they_are_compared(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = lossy(serving, serving_engine, folder, {"a": b"1\nlost\n", "b": b"1\n"})
    page, path = serving.page("alice"), f"/jobs/{job.key}/"
    before = page.get(path).content.decode()
    assert f'hx-get="{path}"' in before
    assert "Rows of inputs and outputs are being compared." in before
    compared(job)
    after = page.get(path).content.decode()
    assert f'hx-get="{path}"' not in after
    assert "1 with a different number of rows" in after
    for tab in ("files", "results"):
        assert "2 in, 1 out" in page.get(f"{path}{tab}/").content.decode()
    only = page.get(f"{path}files/?only=rows").content.decode()
    assert f"{folder}/in/b" not in only
    assert "Rows differ" in only
