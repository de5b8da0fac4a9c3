"""The files of a job and what came of each: the log's words beside those that failed, pages, orders, search."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.filtering import FilterError
from jobs.lifecycle.after import explaining, object_errors
from jobs.models import PlannedObject, TransformJob
from jobs.services import files
from jobs.services.attempts import attempts
from jobs.services.files import FileFilter, FileState
from jobs.states import JobState
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine, started
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
TRACEBACK = "Traceback (most recent call last):"
pytestmark = pytest.mark.django_db


def planned(house: House, state: JobState = JobState.FAILED, count: int = 25) -> TransformJob:
    """A job of files 0 to `count`: the even ones are written, every fifth is named by the log, sizes go down."""
    job = house.job(state, objects_total=count)
    PlannedObject.objects.bulk_create(
        PlannedObject(
            job=job,
            position=n,
            key=f"in/{n:05}.csv",
            output_key=f"out/{n:05}.csv.out",
            size=None if n % 7 == 0 else count - n // 2,
            done=n % 2 == 0,
            error="" if n % 5 else "ClientError: 400",
            rows_in=3 if n % 2 == 0 else None,
            rows_out=3 - n % 3 if n % 2 == 0 else None,
        )
        for n in range(count)
    )
    return job


def numbers(job: TransformJob, limit: int, **criteria: str) -> list[int]:
    """The files of every page, one after the other, by their numbers."""
    file_numbers: list[int] = []
    after = None
    while True:
        page = files.page(job, FileFilter(**criteria), active=False, after=after, limit=limit)
        assert len(page.files) <= limit
        file_numbers += [int(file.key[3:8]) for file in page.files]
        if page.next is None:
            return file_numbers
        after = page.next


@pytest.mark.parametrize("limit", [1, 4, 1000])
@pytest.mark.parametrize("sort", ["key", "size", "state"])
def test_pages_show_each_file_once_in_either_order(house: House, sort: str, limit: int) -> None:
    job = planned(house)

    def place(n: int) -> tuple[int, int]:
        row = job.planned.get(position=n)
        size = -1 if row.size is None else row.size
        return {"key": 0, "size": size, "state": int(row.done)}[sort], n

    upwards = sorted(range(25), key=place)
    assert numbers(job, limit, sort=sort) == upwards
    assert numbers(job, limit, sort=f"-{sort}") == upwards[::-1]


def test_a_list_can_be_narrowed_and_searched(house: House) -> None:
    job = planned(house)
    assert numbers(job, 4, only="missing", sort="key") == list(range(1, 25, 2))
    assert numbers(job, 4, only="failed") == [5, 15]
    assert numbers(job, 4, only="rows") == [n for n in range(0, 25, 2) if n % 3]
    assert numbers(job, 4, search="/0001", only="missing", sort="key") == [11, 13, 15, 17, 19]
    assert numbers(job, 4, search="%") == []
    assert files.counts(job) == files.FileCounts(listed=25, missing=12, failed=2, rows=8)


@pytest.mark.parametrize(
    "parameters", [{"only": "x"}, {"sort": "colour"}, {"search": "x" * 1025}, {"search": "\0"}]
)
def test_what_cannot_be_looked_for_is_refused_by_name(parameters: dict[str, str]) -> None:
    with pytest.raises(FilterError) as caught:
        FileFilter.read(parameters)
    assert set(caught.value.fields) == set(parameters)


@pytest.mark.parametrize(
    ("active", "states"),
    [
        (True, [FileState.WRITTEN, FileState.WAITING, FileState.WAITING]),
        (False, [FileState.WRITTEN, FileState.MISSING, FileState.FAILED]),
    ],
)
def test_what_is_not_written_waits_until_no_attempt_is_left(
    house: House, active: bool, states: list[FileState]
) -> None:
    job = house.job(JobState.FAILED)
    for n, (done, error) in enumerate([(True, "ClientError: 400"), (False, ""), (False, "ClientError: 400")]):
        job.planned.create(position=n, key=str(n), output_key=f"{n}.out", done=done, error=error)
    listed_files = files.page(job, FileFilter(sort="key"), active=active).files
    assert [file.state for file in listed_files] == states
    assert [file.error for file in listed_files] == ["", "", "ClientError: 400"]


@pytest.mark.parametrize(
    ("lines", "errors_by_object"),
    [
        (
            ["b/in/a: ClientError: 400", "b/in/a: ", "b/in/a: Message:", "b/in/a: no number", "b/in/c: x"],
            {"in/a": "ClientError: 400: no number"},
        ),
        (["b/odd: key: Bad HTTP status"], {"odd: key": "Bad HTTP status"}),
        (
            [
                "b/in/a: ClientError: 400",
                "b/in/a: [engine] record 12, line 13",
                "b/in/a: Message:",
                "b/in/a: no",
            ],
            {"in/a": "record 12, line 13: ClientError: 400: no"},
        ),
        (
            [
                "b/in/a: Bad",
                "b/in/a:",
                "b/in/a: Message:",
                f"b/in/a: {TRACEBACK}",
                "b/in/a:   File x",
                "b/in/a: ValueError: n/a",
            ],
            {"in/a": "Bad: ValueError: n/a"},
        ),
        (["MaxConcurrentTransforms=1", "", "no key at all", "b/in/a:"], {}),
        ([f"b/in/a: {'x' * 400}"], {"in/a": "x" * 299 + "…"}),
    ],
)
def test_the_data_logs_lines_are_told_of_their_objects(
    lines: list[str], errors_by_object: dict[str, str]
) -> None:
    assert object_errors.find_errors(lines, {"in/a", "odd: key"}) == errors_by_object


def test_a_failed_job_names_its_bad_files_in_words_of_the_log(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"bad\n", "c": b"2\n"})
    assert explaining.explain_job(job.pk)
    files_by_name = {file.key[-1]: file for file in files.page(job, FileFilter(), active=False).files}
    assert {name: file.state for name, file in files_by_name.items()} == {
        "a": FileState.WRITTEN,
        "b": FileState.FAILED,
        "c": FileState.WRITTEN,
    }
    assert files_by_name["b"].error.startswith("ClientError: 400: ")
    # A further attempt over the same file fails as well: both tell it.
    second = started(attempts.finish_missing(job, by=serving.people["alice"]))
    job.planned.update(error="")
    assert explaining.explain_job(second.pk)
    for attempt in (job, second):
        assert attempt.planned.get(key__endswith="/b").error_text.startswith("ClientError: 400: ")


def test_pages_go_on_in_their_order_when_the_job_ends_between_them(house: House) -> None:
    job = planned(house, JobState.IN_PROGRESS)
    client = house.api("bob")
    first = client.get(f"/api/v1/jobs/{job.key}/files/?limit=10").json()
    TransformJob.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    second = client.get(first["next"].replace("limit=10", "limit=25")).json()
    keys = [row["key"] for page in (first, second) for row in page["results"]]
    assert keys == sorted(set(keys))
    assert len(keys) == 25


def test_the_api_pages_through_the_files(house: House) -> None:
    job = planned(house)
    api = house.api("vera")
    address: str | None = f"/api/v1/jobs/{job.key}/files/?only=missing&sort=key&limit=5"
    rows: list[Any] = []
    while address:
        answer = api.get(address).json()
        assert answer["counts"] == {"known": 25, "missing": 12, "failed": 2, "rows": 8}
        rows += answer["results"]
        address = answer["next"]
    assert [file["key"] for file in rows] == [f"in/{n:05}.csv" for n in range(1, 25, 2)]
    assert rows[2] == {
        "key": "in/00005.csv",
        "state": "failed",
        "size": 23,
        "output_key": "out/00005.csv.out",
        "rows_in": None,
        "rows_out": None,
        "error": "ClientError: 400",
        "records": None,
    }


@pytest.mark.parametrize("query", ["only=x", "sort=x", "limit=x", "limit=0", "after=-1", "after=x"])
def test_the_api_says_what_of_a_query_it_cannot_use(house: House, query: str) -> None:
    answer = house.api("vera").get(f"/api/v1/jobs/{house.job().key}/files/?{query}")
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {query.partition("=")[0]}
