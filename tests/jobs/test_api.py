"""The REST API without an engine: requests, answers, and one shape for every error."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import RegisteredModel, TransformJob
from jobs.states import JobState
from teams.models import Activity
from tests.cast import FIELDS, House
from tests.support.answers import document

pytestmark = pytest.mark.django_db
JSON = "application/json"


def body(**changes: Any) -> dict[str, Any]:
    return {"connection": "engine", "model": "churn", **FIELDS, **changes}


def error(answer: Any, *more: str) -> dict[str, Any]:
    document = answer.json()
    assert set(document) == {"error", "title", "status", "detail"}
    assert set(document["error"]) == {"code", "message", "fields", "request_id", *more}
    assert document["error"]["message"]
    details: dict[str, Any] = document["error"]
    return details


def test_submitting_answers_201_with_an_id_a_final_name_and_addresses(house: House) -> None:
    answer = house.api("bob").post("/api/v1/jobs/", body(), JSON)
    assert answer.status_code == 201
    job = TransformJob.objects.get()
    job_json = answer.json()
    assert job_json["id"] == job.key
    assert job_json["name"] == job.name
    assert job.name.startswith("churn-")
    assert job.name.endswith(job.key[:6])
    assert job_json["state"] == "WAITING"
    assert job_json["state_reason"] == ""
    assert job_json["api_url"] == answer.headers["Location"] == f"http://testserver/api/v1/jobs/{job.key}/"
    assert job_json["url"] == f"http://testserver/jobs/{job.key}/"
    assert job_json["data"] == FIELDS["data"]
    assert job_json["max_payload"] is None


def test_a_repeated_request_with_a_name_is_refused_with_the_first_jobs_id(house: House) -> None:
    first = house.api("bob").post("/api/v1/jobs/", body(name="nightly"), JSON).json()
    again = house.api("bob").post("/api/v1/jobs/", body(name="nightly"), JSON)
    assert again.status_code == 409
    assert error(again, "job")["code"] == "name_taken"
    assert error(again, "job")["job"] == first["id"]
    assert first["id"] in error(again, "job")["fields"]["name"][0]
    assert TransformJob.objects.count() == 1


def test_the_name_of_a_job_that_never_got_to_sagemaker_is_free_again(house: House) -> None:
    house.job(JobState.CANCELLED, name="nightly")
    house.job(JobState.REJECTED, name="nightly")
    assert house.api("bob").post("/api/v1/jobs/", body(name="nightly"), JSON).status_code == 201


def test_a_raw_request_is_accepted_and_shown(house: House) -> None:
    request = {
        "TransformJobName": "mine",
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}}
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/out/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
    }
    client = house.api("bob")
    answer = client.post("/api/v1/jobs/", {"connection": "engine", "request": request}, JSON)
    assert answer.status_code == 201
    assert answer.json()["name"] == "mine"
    assert answer.json()["instance_count"] == 2
    shown_request = client.get(answer.json()["api_url"]).json()["request"]
    assert shown_request.pop("Tags") == [
        {"Key": "batchdeck:job", "Value": answer.json()["id"]},
        {"Key": "batchdeck:team", "Value": "first"},
    ]
    assert shown_request == request


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"connection": "nowhere"}, {"connection"}),
        ({"connection": None}, {"connection"}),
        ({"model": None}, {"model"}),
        ({"model_name": "churn"}, {"model_name"}),
        ({"data": "bucket/in"}, {"data"}),
        ({"instance_count": "two"}, {"instance_count"}),
        ({"strategy": "AllAtOnce", "split_type": "Word"}, {"strategy", "split_type"}),
        ({"colour": "red"}, {"colour"}),
        ({"request": {}}, set(FIELDS) | {"model"}),
        ({"tags": {f"t{n}": "" for n in range(50)}}, {"tags"}),
    ],
)
def test_each_field_that_cannot_be_used_is_named_and_nothing_is_saved(
    house: House, changes: dict[str, Any], fields: set[str]
) -> None:
    answer = house.api("bob").post("/api/v1/jobs/", body(**changes), JSON)
    assert answer.status_code == 400
    refusal = error(answer)
    assert refusal["code"] == "invalid"
    assert set(refusal["fields"]) == fields
    assert all(texts and all(texts) for texts in refusal["fields"].values())
    assert not TransformJob.objects.exists()


def test_an_unknown_field_is_told_exactly_the_fields_that_there_are(house: House) -> None:
    answer = house.api("bob").post("/api/v1/jobs/", body(colour="red", model_name="churn"), JSON)
    texts_by_field = error(answer)["fields"]
    assert texts_by_field["model_name"] == ["It is not a field here; use model."]
    sentence, _, names = texts_by_field["colour"][0].removesuffix(".").partition(". There are ")
    assert sentence == "There is no such field"
    assert set(names.split(", ")) == set(document()["components"]["schemas"]["JobBody"]["properties"])


@pytest.mark.parametrize("sent", ["{", "[]", '"text"', "null", "3", "\xff"])
def test_a_body_that_is_no_json_object_is_a_400(house: House, sent: str) -> None:
    answer = house.api("bob").post("/api/v1/jobs/", sent.encode("latin-1"), JSON)
    assert answer.status_code == 400
    assert error(answer)["code"] in {"bad_request", "invalid"}


def test_every_error_has_the_same_shape(house: House) -> None:
    bob, vera = house.api("bob"), house.api("vera")
    for status, answer in [
        (401, Client().get("/api/v1/jobs/")),
        (401, Client().get("/api/v1/jobs/", HTTP_AUTHORIZATION="Bearer nonsense")),
        (403, vera.post("/api/v1/jobs/", body(), JSON)),
        (403, bob.post("/api/v1/connections/", {"name": "x", "region": "eu-west-1"}, JSON)),
        (404, bob.get("/api/v1/jobs/aaaaaaaaaaaa/")),
        (404, bob.get("/api/v1/nothing/")),
        (404, bob.get("/api/nothing")),
        (405, bob.delete("/api/v1/jobs/")),
        (409, bob.post(f"/api/v1/jobs/{house.job(JobState.COMPLETED).key}/stop/")),
        (415, bob.post("/api/v1/jobs/", "a=b", "application/x-www-form-urlencoded")),
        (400, bob.get("/api/v1/jobs/?state=SLEEPING")),
        (400, bob.get("/api/v1/jobs/?before=x")),
        (503, bob.get(f"/api/v1/jobs/{house.job(JobState.IN_PROGRESS).key}/logs/")),
    ]:
        assert answer.status_code == status, answer.content
        assert answer.headers["Content-Type"] == JSON
        error(answer)


def test_a_fault_of_our_own_answers_500_in_the_same_shape(house: House) -> None:
    house.job()
    TransformJob.objects.update(warnings=3)
    client = house.api("bob")
    client.raise_request_exception = False
    answer = client.get("/api/v1/jobs/")
    assert answer.status_code == 500
    assert error(answer)["code"] == "internal_error"


def test_a_session_may_read_and_needs_the_csrf_token_to_write(house: House) -> None:
    assert house.page("bob").get("/api/v1/jobs/").status_code == 200
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(house.people["bob"], backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post("/api/v1/jobs/", body(), JSON).status_code == 403


def test_pages_follow_each_other_by_id_while_jobs_are_added(house: House) -> None:
    jobs = [house.job() for _ in range(5)]
    client = house.api("vera")
    first = client.get("/api/v1/jobs/?limit=2").json()
    house.job()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    listed_ids = [job["id"] for page in (first, second, third) for job in page["results"]]
    assert listed_ids == [job.key for job in reversed(jobs)]
    assert third["next"] is None
    assert client.get(third["previous"]).json()["results"] == second["results"]


def test_jobs_are_filtered(house: House) -> None:
    done = house.job(JobState.COMPLETED, name="nightly-7")
    waiting = house.job(JobState.WAITING, model_name="other")
    client = house.api("vera")

    def ids(query: str) -> list[str]:
        return [job["id"] for job in client.get(f"/api/v1/jobs/?{query}").json()["results"]]

    assert ids("state=COMPLETED") == ids("state=ended") == ids("name=nightly") == [done.key]
    assert ids("state=active") == ids("model=other") == [waiting.key]
    assert ids("state=waiting,completed&connection=engine") == [waiting.key, done.key]
    assert ids("connection=elsewhere") == []


@pytest.mark.parametrize("path", ["/api/v1/jobs/", "/api/v1/models/", "/api/v1/connections/"])
def test_lists_need_the_same_number_of_queries_for_one_row_and_for_many(
    house: House, path: str, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    client = house.api("vera")
    house.job()
    client.get(path)
    with django_assert_max_num_queries(7) as few:
        client.get(path)
    for number in range(20):
        house.job(JobState.COMPLETED, submitted_by=house.people["bob"])
        RegisteredModel.objects.create(
            team=house.team, connection=house.connection, name=f"m{number}", containers=[]
        )
    with django_assert_num_queries(len(few)):
        client.get(path)


def test_stopping_a_waiting_job_withdraws_it(house: House) -> None:
    job = house.job()
    answer = house.api("bob").post(f"/api/v1/jobs/{job.key}/stop/")
    assert answer.status_code == 202
    assert answer.json()["state"] == "CANCELLED"
    assert "bob" in answer.json()["state_reason"]
    assert Activity.objects.filter(verb="job.cancelled", user=house.people["bob"]).exists()


def test_stopping_a_running_job_twice_is_harmless(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS)
    client = house.api("bob")
    for _ in range(2):
        answer = client.post(f"/api/v1/jobs/{job.key}/stop/")
        assert answer.status_code == 202
        assert answer.json()["stop_requested_at"]
    assert Activity.objects.filter(verb="job.stop_requested").count() == 1


def test_an_admin_adds_an_aws_connection(house: House) -> None:
    connection_fields = {
        "name": "Production EU",
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::123456789012:role/batch",
    }
    answer = house.api("alice").post("/api/v1/connections/", connection_fields, JSON)
    assert answer.status_code == 201
    assert answer.json()["slug"] == "production-eu"
    again = house.api("alice").post("/api/v1/connections/", connection_fields, JSON)
    assert error(again)["fields"].keys() == {"slug"}
    bad = {"name": "", "region": "mars", "role_arn": "x", "endpoint_url": "http://evil"}
    assert set(error(house.api("alice").post("/api/v1/connections/", bad, JSON))["fields"]) == {
        "endpoint_url"
    }
    bad.pop("endpoint_url")
    refusal = error(house.api("alice").post("/api/v1/connections/", bad, JSON))
    assert set(refusal["fields"]) == {"name", "region", "role_arn"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": "no spaces!"}, {"name"}),
        ({"image": ""}, {"image"}),
        ({"model_data": "s3://bucket/model.zip"}, {"model_data"}),
        ({"env": {"1X": "v"}}, {"env"}),
        ({"env": ["a"]}, {"env"}),
        ({"name": "churn"}, {"name"}),
        ({"connection": "nowhere"}, {"connection"}),
        ({"containers": []}, {"image"}),
        ({"image": 5}, {"image"}),
        ({"surprise": 1}, {"surprise"}),
    ],
)
def test_a_model_that_cannot_be_registered_names_the_field(
    house: House, changes: dict[str, Any], fields: set[str]
) -> None:
    model_fields = {"name": "new", "connection": "engine", "image": "image:1", **changes}
    answer = house.api("bob").post("/api/v1/models/", model_fields, JSON)
    assert answer.status_code == 400
    assert set(error(answer)["fields"]) == fields


def test_a_model_is_not_registered_while_the_engine_is_away(house: House) -> None:
    model_fields = {"name": "new", "connection": "engine", "image": "image:1"}
    answer = house.api("bob").post("/api/v1/models/", model_fields, JSON)
    assert answer.status_code == 503
    assert "cannot be reached" in error(answer)["message"]
    assert not RegisteredModel.objects.filter(name="new").exists()
    house.connection.refresh_from_db()
    assert "cannot be reached" in house.connection.last_error


def test_the_schema_and_its_page_are_public_and_complete(client: Client, db: None) -> None:
    schema = client.get("/api/v1/schema/?format=json").json()
    assert {"/api/v1/jobs/", "/api/v1/jobs/{id}/stop/", "/api/v1/models/", "/api/v1/connections/"} <= set(
        schema["paths"]
    )
    for path in schema["paths"].values():
        for operation in path.values():
            assert {"400", "401", "403", "404", "503"} <= set(operation["responses"])
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    assert b"<style" not in page.content
    assert client.get("/api/v1/docs/?script").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/jobs/?name=%00", "/api/v1/jobs/a%00/"])
def test_a_nul_in_an_address_is_a_400(house: House, path: str) -> None:
    assert house.api("bob").get(path).status_code == 400


def test_a_nul_in_a_body_is_a_400(house: House) -> None:
    answer = house.api("bob").post("/api/v1/jobs/", body(env={"A": "x\0"}), JSON)
    assert answer.status_code == 400
    error(answer)


def test_running_again_answers_the_next_attempt_and_the_first_lists_it(house: House) -> None:
    first = house.job(JobState.FAILED, objects_total=2, objects_done=1)
    for position, done in enumerate([True, False]):
        first.planned.create(
            position=position, key=f"in/{position}", output_key=f"out/{position}.out", done=done
        )
    client = house.api("bob")
    answer = client.post(f"/api/v1/jobs/{first.key}/retry/", {}, JSON)
    assert answer.status_code == 201
    second_attempt = answer.json()
    assert (second_attempt["parent"], second_attempt["origin"], second_attempt["attempt"]) == (
        first.key,
        "retry",
        2,
    )
    assert answer.headers["Location"] == second_attempt["api_url"]
    first_attempt = client.get(f"/api/v1/jobs/{first.key}/").json()
    assert (first_attempt["parent"], first_attempt["origin"], first_attempt["attempt"]) == (None, "new", 1)
    assert [
        (attempt["id"], attempt["attempt"], attempt["state"]) for attempt in first_attempt["attempts"]
    ] == [
        (first.key, 1, "FAILED"),
        (second_attempt["id"], 2, "WAITING"),
    ]
    assert first_attempt["objects_missing"] == 1
    assert client.get(second_attempt["api_url"]).json()["attempts"] == first_attempt["attempts"]
    again = client.post(f"/api/v1/jobs/{first.key}/retry/", {}, JSON)
    assert again.status_code == 409
    assert "is not done yet" in error(again)["message"]


def test_finishing_what_cannot_be_finished_answers_409_with_the_reason(house: House) -> None:
    unknown = house.job(JobState.FAILED)
    answer = house.api("bob").post(f"/api/v1/jobs/{unknown.key}/finish/", {}, JSON)
    assert answer.status_code == 409
    assert "not every input of this job is known" in error(answer)["message"]
    assert house.api("bob").get(f"/api/v1/jobs/{unknown.key}/").json()["objects_missing"] is None
