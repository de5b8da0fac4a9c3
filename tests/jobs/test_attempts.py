"""Finishing what a job left, and running it again, on the real engine."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import queries
from jobs.models import TransformJob
from jobs.services.attempts import attempts
from jobs.services.errors import NotPossible, Unavailable
from jobs.services.submitting.replacing import Outputs
from jobs.states import JobState, Origin
from results import job_outputs
from tests.cast import House
from tests.engine.resources import unique
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine, started
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


def finish(house: House, job: TransformJob) -> TransformJob:
    """The attempt that finishes the job, followed to its end."""
    return started(attempts.finish_missing(job, by=house.people["alice"]))


def outputs(engine: EngineProcess, folder: str) -> list[str]:
    listed = engine.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/out/")
    return [row["Key"].removeprefix(f"{folder}/out/") for row in listed.get("Contents", [])]


MIXED = {"a": b"1\n", "deep/er/b": b"bad\n", "deep/c": b"3\n"}


@pytest.mark.parametrize("prefix", ["in/", "in", "i"])
def test_finishing_writes_the_missing_outputs_under_the_keys_of_the_first_job(
    serving: House, serving_engine: EngineProcess, folder: str, prefix: str
) -> None:
    first = run(serving, serving_engine, folder, MIXED, data=f"s3://{BUCKET}/{folder}/{prefix}")
    planned = {row.key: row.output_key for row in first.planned.all()}
    assert (first.state, queries.merged(first).missing) == (JobState.FAILED, 1)
    put(serving_engine, f"{folder}/in/deep/er/b", b"2\n")
    second = finish(serving, first)
    assert (second.state, second.objects_done, second.objects_total) == (JobState.COMPLETED, 1, 1)
    key = f"{folder}/in/deep/er/b"
    assert {row.key: row.output_key for row in second.planned.all()} == {key: planned[key]}
    assert {f"{folder}/out/{name}" for name in outputs(serving_engine, folder) if ".out" in name} == set(
        planned.values()
    )


def test_the_first_job_tells_of_all_attempts_together(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, MIXED)
    # The bad object is still bad: the second attempt fails as well, and the third is told to do the same work.
    second = finish(serving, first)
    assert second.state == JobState.FAILED
    put(serving_engine, f"{folder}/in/deep/er/b", b"2\n")
    third = finish(serving, second)
    assert [(job.attempt, job.origin, job.root, job.parent) for job in (first, second, third)] == [
        (1, Origin.NEW, None, None),
        (2, Origin.FINISH, first, first),
        (3, Origin.FINISH, first, second),
    ]
    merged = queries.merged(third)
    assert (merged.attempts, merged.plan) == ((first, second, third), first)
    assert (merged.written, merged.total, merged.missing) == (3, 3, 0)
    first.refresh_from_db()
    assert first.objects_done == 2
    assert [output.name for output in job_outputs.outputs(first).outputs] == [
        "a.out",
        "deep/c.out",
        "deep/er/b.out",
    ]
    with pytest.raises(NotPossible, match="Nothing is missing"):
        attempts.finish_missing(first, by=serving.people["alice"])


def test_a_completed_job_whose_output_was_removed_is_finished_and_then_has_no_warning(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"2\n"})
    TransformJob.objects.filter(pk=first.pk).update(
        warnings=[{"code": "outputs-missing", "text": "1 of 2 outputs are missing: b."}]
    )
    serving_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{folder}/out/b.out")
    second = finish(serving, first)
    assert [row.key for row in second.planned.all()] == [f"{folder}/in/b"]
    first.refresh_from_db()
    assert (first.state, first.warning_texts) == (JobState.COMPLETED, [])


def test_the_manifest_lies_beside_the_outputs_and_is_no_output_and_no_input(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, MIXED)
    second = finish(serving, first)
    name = f".batchdeck/{second.key}.manifest"
    assert name in outputs(serving_engine, folder)
    assert second.data == f"s3://{BUCKET}/{folder}/out/{name}"
    body = serving_engine.client("s3").get_object(Bucket=BUCKET, Key=f"{folder}/out/{name}")["Body"].read()
    assert json.loads(body) == [{"prefix": f"s3://{BUCKET}/{folder}/in/"}, "deep/er/b"]
    assert name not in [output.name for output in job_outputs.outputs(first).outputs]


@pytest.mark.parametrize(
    ("data", "output_path", "place"),
    [
        ("s3://b/in/", "s3://b/out", "out/.batchdeck/k.manifest"),
        ("s3://b/in/", "s3://b/in/out/", ".batchdeck/k.manifest"),
        ("s3://b/", "s3://c", ".batchdeck/k.manifest"),
    ],
)
def test_no_prefix_that_the_job_reads_holds_the_manifest(
    house: House, data: str, output_path: str, place: str
) -> None:
    job = house.job(JobState.FAILED)
    job.spec |= {"data": data, "output_path": output_path}
    assert attempts.manifest_place(job, "k")[1] == place


def test_a_job_that_reads_the_whole_bucket_it_writes_to_is_not_finished(house: House) -> None:
    job = house.job(JobState.FAILED)
    job.spec |= {"data": "s3://b/", "output_path": "s3://b/out/"}
    with pytest.raises(NotPossible, match="reads the whole bucket"):
        attempts.manifest_place(job, "k")


def test_a_job_over_a_manifest_is_finished_too(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    listed = [{"prefix": f"s3://{BUCKET}/{folder}/in/"}, *MIXED]
    data = put(serving_engine, f"{folder}/listed.json", json.dumps(listed).encode())
    first = run(serving, serving_engine, folder, MIXED, data=data, data_type="ManifestFile")
    put(serving_engine, f"{folder}/in/deep/er/b", b"2\n")
    assert finish(serving, first).state == JobState.COMPLETED
    assert queries.merged(first).missing == 0


def test_running_again_sends_the_same_request_under_a_new_name(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, MIXED, name=unique("named"), tags={"a": "b"})
    put(serving_engine, f"{folder}/in/deep/er/b", b"2\n")
    second = started(attempts.retry(first, by=serving.people["alice"], outputs=Outputs.REPLACE))
    assert (second.state, second.attempt, second.origin) == (JobState.COMPLETED, 2, Origin.RETRY)
    assert second.name != first.name
    assert second.spec == {name: value for name, value in first.spec.items() if name != "name"}
    assert queries.merged(first).missing == 0


def test_no_attempt_begins_while_another_runs(house: House) -> None:
    alice = house.people["alice"]
    first = house.job(JobState.FAILED)
    second = attempts.retry(first, by=alice)
    for again in (attempts.retry, attempts.finish_missing):
        for job in (first, second):
            with pytest.raises(NotPossible, match="is not done yet"):
                again(job, by=alice)
    assert queries.attempts(first).count() == 2


@pytest.mark.parametrize(
    ("state", "fields", "sentence"),
    [
        (JobState.FAILED, {}, "not every input of this job is known"),
        (JobState.FAILED, {"objects_total": 20_000}, "not every input of this job is known"),
        (
            JobState.FAILED,
            {"objects_total": 0, "plan_complete": False},
            "not every input of this job is known",
        ),
        (JobState.REJECTED, {}, "Nothing was run"),
        (JobState.CANCELLED, {}, "Nothing was run"),
    ],
)
def test_what_cannot_be_finished_says_why_and_what_to_do(
    house: House, state: JobState, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NotPossible, match=f"{sentence}.*Run it again instead"):
        attempts.finish_missing(house.job(state, **fields), by=house.people["alice"])


def test_an_engine_that_is_away_leaves_no_attempt(house: House) -> None:
    job = house.job(JobState.FAILED, objects_total=1)
    job.planned.create(position=0, key="in/a", output_key="out/a.out")
    with pytest.raises(Unavailable, match="cannot be reached"):
        attempts.finish_missing(job, by=house.people["alice"])
    assert queries.attempts(job).count() == 1


def test_finishing_asks_before_it_replaces_what_was_there_before_the_job(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"2\n"})
    # As if both outputs were somebody else's, from before the job ran.
    TransformJob.objects.filter(pk=first.pk).update(started_at=timezone.now() + timedelta(minutes=1))
    first.refresh_from_db()
    answer = serving.api("alice").post(f"/api/v1/jobs/{first.key}/finish/", {}, "application/json")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("outputs")) == (409, "outputs_exist", 2), error
    assert "2 objects from before this job ran" in error["message"]
    page = serving.page("alice")
    question = page.post(f"/jobs/{first.key}/finish/").content.decode()
    assert f"Finish {first.name} and replace 2 objects?" in question
    assert queries.attempts(first).count() == 1
    page.post(f"/jobs/{first.key}/finish/", {"replace_outputs": "true"})
    assert queries.attempts(first).count() == 2


def test_the_api_finishes_over_what_was_there_before_the_job_when_it_is_told_to(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, {"a": b"1\n"})
    TransformJob.objects.filter(pk=first.pk).update(started_at=timezone.now() + timedelta(minutes=1))
    body = {"replace_outputs": True}
    answer = serving.api("alice").post(f"/api/v1/jobs/{first.key}/finish/", body, "application/json")
    assert (answer.status_code, answer.json()["attempt"]) == (201, 2)


def test_the_missing_outputs_are_written_with_the_change_that_the_failure_proposes(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, MIXED, data=f"s3://{BUCKET}/{folder}/in/")
    change = {"field": "max_payload", "value": "3", "says": "Less in a call."}
    TransformJob.objects.filter(pk=first.pk).update(failure={"change": change})
    page = serving.page("alice")
    assert "Finish 1 missing with this change" in page.get(f"/jobs/{first.key}/").content.decode()
    page.post(f"/jobs/{first.key}/finish/", {"with_change": "true"})
    second = TransformJob.objects.get(root=first)
    assert (second.spec["max_payload"], second.origin) == (3, Origin.FINISH)
    first.refresh_from_db()
    assert first.spec.get("max_payload") != 3
