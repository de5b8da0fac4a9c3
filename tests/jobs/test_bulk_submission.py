"""Many jobs by one request: each has its own outcome, and a repeated request makes none anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import JobEvent, TransformJob
from jobs.services.submitting import bulk
from teams.models import Activity
from tests.cast import FIELDS, House
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db
BODY = {**FIELDS, "connection": "engine", "model": "churn"}


def body(number: int, **changes: Any) -> dict[str, Any]:
    """A job with inputs and outputs of its own."""
    places = {"data": f"s3://bucket/in-{number}/", "output_path": f"s3://bucket/out-{number}/"}
    return {**BODY, **places, **changes}


def post(client: Client, jobs: Any, **headers: str) -> Any:
    return client.post("/api/v1/jobs/bulk/", {"jobs": jobs}, "application/json", headers=headers)


def test_each_job_has_its_own_outcome_and_a_refused_one_hinders_no_other(house: House) -> None:
    earlier_job = house.job(name="nightly")
    request = {
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/a/"}}
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/b/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    rows = [
        body(0, name="first"),
        {"connection": "engine", "request": request},
        body(1, split_type="Sideways"),
        body(2, name="nightly"),
        "no object",
        body(3, name="first"),
        body(0),
        {"preset": house.preset.slug, "output_path": "s3://bucket/preset/"},
        body(4, name="a\0b"),
    ]
    answer = post(house.api("bob"), rows)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [row["index"] for row in results] == list(range(9))
    assert [row["status"] for row in results] == [201, 201, 400, 409, 400, 409, 409, 201, 400]
    assert (answer.json()["created"], answer.json()["refused"]) == (3, 6)
    assert list(results[2]["error"]["fields"]) == ["split_type"]
    assert results[3]["error"]["job"] == earlier_job.key
    assert results[5]["error"]["code"] == "name_taken"
    assert "Another job of this request" in results[6]["error"]["message"]
    new_jobs = TransformJob.objects.exclude(pk=earlier_job.pk)
    assert {row["job"]["id"] for row in results if row["job"]} == set(new_jobs.values_list("key", flat=True))
    assert JobEvent.objects.filter(job__in=new_jobs).count() == 3
    assert Activity.objects.filter(verb="job.submitted").count() == 3


def test_a_request_sent_again_with_its_key_makes_no_job_anew(house: House) -> None:
    client = house.api("bob")
    rows = [body(0), body(1, instance_count=0)]
    first, second = (post(client, rows, **{"Idempotency-Key": "k-1"}) for _ in range(2))
    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert TransformJob.objects.count() == 1
    assert post(client, rows[:1], **{"Idempotency-Key": "k-1"}).status_code == 409


@pytest.mark.parametrize("jobs", [[], {}, None, "x", [{}] * (bulk.MOST + 1)])
def test_what_is_no_list_of_1_to_1000_jobs_is_refused_by_a_sentence(house: House, jobs: Any) -> None:
    answer = post(house.api("bob"), jobs)
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"]["jobs"] == ["It must be a list of 1 to 1,000 bodies of jobs."]


def test_a_viewer_and_another_team_submit_nothing(house: House, other_house: House) -> None:
    assert post(house.api("vera"), [body(0)]).status_code == 403
    (row,) = post(other_house.api("charlie"), [body(0, connection="nothing")]).json()["results"]
    assert (row["status"], list(row["error"]["fields"])) == (400, ["connection"])
    assert TransformJob.objects.count() == 0


def test_a_thousand_jobs_are_written_with_a_few_queries_each(
    house: House, django_assert_max_num_queries: Any
) -> None:
    client = house.api("bob")
    rows = [body(number, replace_outputs=True) for number in range(bulk.MOST)]
    with django_assert_max_num_queries(15 * bulk.MOST + 50):
        answer = post(client, rows, **{"Idempotency-Key": "k-1"})
    assert answer.json()["created"] == bulk.MOST
    assert TransformJob.objects.count() == bulk.MOST


def test_jobs_whose_outputs_were_not_looked_for_in_time_are_told_to_come_again(
    real: House, engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = engine.client("s3")
    s3.create_bucket(Bucket="bulk")
    for key in ("in/a.csv", "out/a.csv.out"):
        s3.put_object(Bucket="bulk", Key=key, Body=b"1\n")
    there = {**BODY, "data": "s3://bulk/in/", "output_path": "s3://bulk/out/"}
    client = real.api("bob")
    (row,) = post(client, [there]).json()["results"]
    assert (row["status"], row["error"]["code"], row["error"]["outputs"]) == (409, "outputs_exist", 1)
    monkeypatch.setattr(bulk, "WITHIN", 0.0)
    late, replacing = post(client, [there, {**there, "replace_outputs": True}]).json()["results"]
    assert (late["status"], late["error"]["code"]) == (503, "unavailable")
    assert replacing["status"] == 201
