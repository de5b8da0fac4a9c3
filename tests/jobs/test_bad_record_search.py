"""Searches for bad records, by jobs on the real engine whose model refuses some lines."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.lifecycle.after import explaining
from jobs.lifecycle.queue import starting
from jobs.lifecycle.trying import parts, search_steps
from jobs.models import Lease, PlannedObject, RecordSearch, TransformJob
from jobs.models.record_search import SearchState
from jobs.services.attempts import bad_records
from jobs.services.errors import NotPossible
from jobs.states import JobState, Origin
from teams.models import Membership, Role
from tests.cast import House
from tests.engine.transforms import BUCKET
from tests.jobs.following import follow
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from transform.record_places import RecordPlace

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db

ONE_TRY = {"invocations_max_retries": 0}
BAD = b"answer 400 no such thing"


def failed_job(house: House, engine: EngineProcess, folder: str, body: bytes, **fields: Any) -> TransformJob:
    """A job on this object and on one that is taken, which has failed and whose log was read."""
    values = {"assemble_with": "Line", "model_client_config": ONE_TRY, **fields}
    packed = values.get("compression_type") == "Gzip"
    good = gzip.compress(b"1\n") if packed else b"1\n"
    job = run(house, engine, folder, {"a.csv": body, "good.csv": good}, **values)
    explaining.explain_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    return job


def finished(search: RecordSearch) -> RecordSearch:
    """The search, once workers have gone on with it to its end."""
    for _ in range(60):
        take_step(search)
        search.refresh_from_db()
        if not search.is_under_way:
            return search
    raise AssertionError(f"still {search.state} in round {search.round}")


def take_step(search: RecordSearch) -> None:
    """What the tasks do for a step, and for the job that it writes."""
    job_id = search_steps.take_step(search.pk)
    if job_id is None:
        return
    starting.start(job_id)
    step = follow(TransformJob.objects.select_related("connection").get(pk=job_id))
    explaining.explain_job(step.pk)


def lines_of(count: int, *bad: int, end: bytes = b"\n") -> bytes:
    """Lines that the model takes, and at these numbers ones that it refuses."""
    return b"".join((BAD if number in bad else b"%d" % number) + end for number in range(1, count + 1))


def read(engine: EngineProcess, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bytes(engine.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def begin(house: House, job: TransformJob, folder: str) -> RecordSearch:
    return bad_records.begin(job, f"{folder}/in/a.csv", by=house.people["alice"])


@pytest.mark.parametrize(
    ("body", "fields", "expected"),
    [
        (lines_of(10_000, 7_654), {}, [(7_654, 7_654)]),
        (lines_of(200, 3, 199), {"strategy": "SingleRecord"}, [(3, 3), (199, 199)]),
        (gzip.compress(lines_of(300, 150)), {"compression_type": "Gzip"}, [(150, 150)]),
        (lines_of(40, 12, 40, end=b"\r\n"), {"content_type": "text/csv"}, [(12, 12), (40, 40)]),
        (b"1\n\n2\n" + BAD, {}, [(3, 4)]),
    ],
    ids=["one in 10,000", "two", "gzip", "CRLF", "empty line, no last line end"],
)
def test_single_records_are_found_in_few_jobs_and_written_beside_the_output(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    body: bytes,
    fields: dict[str, Any],
    expected: list[tuple[int, int]],
) -> None:
    job = failed_job(serving, serving_engine, folder, body, **fields)
    search = finished(begin(serving, job, folder))
    assert (search.state, search.problem) == (SearchState.RECORDS_FOUND, "")
    assert [(bad.record, bad.line) for bad in search.bad] == expected
    assert all("400" in bad.reason for bad in search.bad)
    jobs = TransformJob.objects.filter(origin=Origin.SEARCH)
    assert jobs.count() == search.round <= search.most_rounds
    assert {step.parent for step in jobs} == {job}
    assert search.bad_records_uri.startswith(f"s3://{BUCKET}/{folder}/out/a.csv.bad-records-")
    written = [json.loads(line) for line in read(serving_engine, search.bad_records_uri).splitlines()]
    assert [(row["record"], row["line"], row["text"]) for row in written] == [
        (record, line, BAD.decode()) for record, line in expected
    ]


@pytest.mark.parametrize("accept", [None, "application/jsonlines"])
def test_the_object_runs_without_them_and_every_other_line_stays_at_its_place(
    serving: House, serving_engine: EngineProcess, folder: str, accept: str | None
) -> None:
    fields = {"accept": accept} if accept else {}
    job = failed_job(serving, serving_engine, folder, lines_of(20, 5, 6, 20), **fields)
    search = finished(begin(serving, job, folder))
    bad_records.run_without(search, by=serving.people["alice"])
    with pytest.raises(NotPossible):
        bad_records.run_without(RecordSearch.objects.get(pk=search.pk), by=serving.people["alice"])
    finished(search)
    assert (search.state, search.problem) == (SearchState.COMPLETED, "")
    output = read(serving_engine, f"s3://{BUCKET}/{folder}/out/a.csv.out").splitlines()
    assert len(output) == 20
    marks = {5: output[4], 6: output[5], 20: output[19]}
    for number, mark in marks.items():
        if accept:
            assert json.loads(mark)["bad_record"] == number
        else:
            assert mark == f"bad-record {number}".encode()
    assert [line for number, line in enumerate(output, 1) if number not in marks] == [
        b"%d" % number for number in range(1, 21) if number not in marks
    ]
    job.refresh_from_db()
    assert (job.objects_done, job.objects_total) == (2, 2)
    assert not PlannedObject.objects.filter(job=job, done=False).exists()


def test_an_output_that_is_there_is_not_replaced_and_the_records_stay_known(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(5, 2))
    search = finished(begin(serving, job, folder))
    serving_engine.client("s3").put_object(Bucket=BUCKET, Key=f"{folder}/out/a.csv.out", Body=b"somebody's")
    bad_records.run_without(search, by=serving.people["alice"])
    finished(search)
    assert search.state == SearchState.RECORDS_FOUND
    assert "was not replaced" in search.problem
    assert read(serving_engine, f"s3://{BUCKET}/{folder}/out/a.csv.out") == b"somebody's"


def test_more_bad_records_than_are_searched_end_it_after_few_jobs(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(200, *range(1, 201, 3)))
    search = finished(begin(serving, job, folder))
    assert search.state == SearchState.FAILED
    assert "More than 20" in search.problem
    assert search.round <= 2


def test_a_search_goes_on_after_a_worker_that_died_in_any_step(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(40, 7))
    search = begin(serving, job, folder)
    moves = 0
    move = RecordSearch.move

    def dies_at_every_second(self: RecordSearch, *args: Any, **values: Any) -> bool:
        nonlocal moves
        moves += 1
        if moves % 2:
            raise KeyboardInterrupt
        return move(self, *args, **values)

    monkeypatch.setattr(RecordSearch, "move", dies_at_every_second)
    for _ in range(60):
        try:
            take_step(search)
        except KeyboardInterrupt:
            Lease.objects.all().delete()
        search.refresh_from_db()
        if not search.is_under_way:
            break
    assert [bad.record for bad in search.bad] == [7]
    assert TransformJob.objects.filter(origin=Origin.SEARCH).count() == search.round


def test_a_search_is_stopped_with_its_job_and_is_begun_once(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(5, 2))
    search = begin(serving, job, folder)
    with pytest.raises(NotPossible, match="under way already"):
        begin(serving, job, folder)
    job_id = search_steps.take_step(search.pk)
    assert job_id is not None
    step = TransformJob.objects.get(pk=job_id)
    bad_records.stop(search, by=serving.people["alice"])
    step.refresh_from_db()
    assert (search.state, step.state) == (SearchState.STOPPED, JobState.CANCELLED)
    assert search_steps.take_step(search.pk) is None
    with pytest.raises(NotPossible, match="ended already"):
        bad_records.stop(search, by=serving.people["alice"])


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (None, "alice has left the team."),
        ({"role": Role.VIEWER}, "alice is viewer now and may not submit jobs."),
    ],
)
def test_a_search_ends_when_its_person_may_not_submit_jobs_in_the_team_any_more(
    serving: House,
    serving_engine: EngineProcess,
    folder: str,
    columns: dict[str, Any] | None,
    reason: str,
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(50, 20))
    search = begin(serving, job, folder)
    take_step(search)
    jobs = TransformJob.objects.count()
    memberships = Membership.objects.filter(user=serving.people["alice"])
    if columns is None:
        memberships.delete()
    else:
        memberships.update(**columns)
    finished(search)
    assert (search.state, search.problem) == (SearchState.FAILED, reason)
    assert TransformJob.objects.count() == jobs


def test_pages_ask_with_the_cost_show_what_was_found_and_offer_the_rest(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(5, 2))
    client: Any = serving.page("alice")
    files = client.get(f"/jobs/{job.key}/files/").content.decode()
    assert "Find the bad record" in files
    address = f"/jobs/{job.key}/bad-records/"
    question = client.get(f"{address}?file={folder}/in/a.csv").content.decode()
    assert "at most" in question
    assert not RecordSearch.objects.exists()
    answer = client.post(address, {"file": f"{folder}/in/a.csv"})
    search = RecordSearch.objects.get()
    assert answer.url == f"{address}{search.key}/"
    assert "Stop" in client.get(answer.url).content.decode()
    finished(search)
    page = client.get(answer.url).content.decode()
    assert "Run without these" in page
    assert search.bad_records_uri in page
    question = client.get(f"{answer.url}run/").content.decode()
    assert "bad-record" in question
    client.post(f"{answer.url}run/")
    finished(search)
    assert "Read its output" in client.get(answer.url).content.decode()
    refused = client.get(f"{address}?file={folder}/in/good.csv")
    assert refused.url == f"/jobs/{job.key}/files/"


def test_a_program_plans_begins_stops_and_runs_a_search_by_the_api(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = failed_job(serving, serving_engine, folder, lines_of(5, 2))
    api, address = serving.api("alice"), f"/api/v1/jobs/{job.key}/bad-records/"
    key = f"{folder}/in/a.csv"

    def post(path: str = "", expected: int = 200, **options: Any) -> Any:
        body = {} if path.endswith(("/stop/", "/run/")) else {"object": key}
        answer = api.post(address + path, body, "application/json", **options)
        assert answer.status_code == expected, answer.content
        return answer.json()

    plan = post("plan/")
    assert (plan["object"], plan["bytes"], plan["cost"]) == (key, len(lines_of(5, 2)), None)
    assert not RecordSearch.objects.exists()
    same_key = {"headers": {"Idempotency-Key": folder}}
    first, second = (post("", 201, **same_key) for _ in range(2))
    assert first == second
    assert "under way already" in post("", 409)["error"]["message"]
    stop = f"{first['id']}/stop/"
    assert post(stop)["state"] == "STOPPED"
    assert "ended already" in post(stop, 409)["error"]["message"]
    assert "not all known" in post(f"{first['id']}/run/", 409)["error"]["message"]
    search = post("", 201)["id"]
    finished(RecordSearch.objects.get(key=search))
    answer = api.get(f"{address}{search}/").json()
    assert (answer["state"], answer["records"], answer["why_no_run"]) == ("FOUND", 5, "")
    assert [(bad["record"], bad["line"]) for bad in answer["bad_records"]] == [(2, 2)]
    assert post(f"{search}/run/", 202)["state"] == "REST"
    finished(RecordSearch.objects.get(key=search))
    rows = api.get(address).json()["results"]
    assert [(row["id"], row["state"]) for row in rows] == [(search, "COMPLETED"), (first["id"], "STOPPED")]
    acts = {act["verb"] for act in api.get(f"/api/v1/jobs/{job.key}/activity/").json()["results"]}
    assert acts >= {"job.search_begun", "job.search_stopped", "job.run_without_bad"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "object"),
        ({"object": 5}, 400, "object"),
        ({"object": "in/a.csv", "more": 1}, 400, "more"),
        ({"object": "nothing"}, 404, ""),
    ],
)
def test_a_search_of_what_is_no_object_is_refused_by_the_api(
    house: House, body: dict[str, Any], status: int, field: str
) -> None:
    job = house.job(state=JobState.FAILED, spec={"split_type": "Line"}, started_at=timezone.now())
    answer = house.api("bob").post(f"/api/v1/jobs/{job.key}/bad-records/plan/", body, "application/json")
    assert answer.status_code == status, answer.content
    if field:
        assert list(answer.json()["error"]["fields"]) == [field]


def test_a_search_that_is_due_is_found_by_its_row(house: House) -> None:
    values = {"team": house.team, "user": house.people["bob"], "bytes": 1, "most_rounds": 1}
    due = RecordSearch.objects.create(job=house.job(), object_key="a", **values)
    later = timezone.now() + timedelta(seconds=20)
    RecordSearch.objects.create(job=house.job(), object_key="a", try_at=later, **values)
    RecordSearch.objects.create(job=house.job(), object_key="b", state=SearchState.STOPPED, **values)
    assert search_steps.due_searches() == [due.pk]


def test_parts_cover_a_range_once_and_narrow_to_the_place_of_an_error() -> None:
    for count in (1, 2, 15, 16, 17, 1000):
        divided = parts.divided(5, 4 + count)
        numbers = [number for first, last in divided for number in range(first, last + 1)]
        assert numbers == list(range(5, 5 + count))
        assert len(divided) == min(count, 16)
    around = parts.around(1, 100, RecordPlace(40, 40))
    assert (1, 39) in around
    assert (40, 40) in around
    assert sum(last - first + 1 for first, last in around) == 100
    assert parts.around(1, 100, RecordPlace(90, 101)) == parts.divided(1, 100)
    assert [parts.rounds_for(count) for count in (1, 16, 17, 256, 257, 10_000)] == [1, 1, 2, 2, 3, 4]
