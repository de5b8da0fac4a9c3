"""A connection's limits and a job's terms, as admins and submitters give them through pages and the API."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import TransformJob
from jobs.services.submitting import job_options
from jobs.states import JobState
from tests.cast import FIELDS, House

pytestmark = pytest.mark.django_db
JSON = "application/json"
ADDRESS = "/api/v1/connections/engine/"
BODY = {"connection": "engine", "model": "churn", **FIELDS}


def patch(house: House, body: Any, who: str = "alice") -> Any:
    return house.api(who).patch(ADDRESS, body, JSON)


def submit(house: House, **fields: Any) -> Any:
    return house.api("bob").post("/api/v1/jobs/", {**BODY, **fields}, JSON)


def test_an_admin_changes_limits_through_the_api_and_null_takes_one_away(house: House) -> None:
    limits = {"max_running": 5, "max_instances": 9, "max_instances_per_type": {"ml.g5.xlarge": 0}}
    assert {name: patch(house, limits).json()[name] for name in limits} == limits
    assert patch(house, {"max_running": None}).json()["max_running"] is None
    assert house.api("vera").get(ADDRESS).json()["max_instances"] == 9
    assert patch(house, {"max_instances_per_type": {}}).json()["max_instances_per_type"] == {}


def test_others_may_look_at_limits_and_not_change_them(house: House, other_house: House) -> None:
    for who in ("bob", "vera"):
        assert patch(house, {"max_running": 1}, who).status_code == 403
    house.connection.slug = "ours"
    house.connection.save()
    assert (
        other_house.api("charlie").patch("/api/v1/connections/ours/", {"name": "x"}, JSON).status_code == 404
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_running", 0),
        ("max_running", True),
        ("max_instances", "5"),
        ("max_instances", 10**9),
        ("max_instances_per_type", [1]),
        ("max_instances_per_type", {"ml.g5": 1}),
        ("max_instances_per_type", {"ml.g5.xlarge": -1}),
        ("max_instances_per_type", {"ml.g5.xlarge": 1.5}),
        ("region", "eu-west-1"),
        ("name", ""),
        ("name", 3),
    ],
)
def test_a_limit_that_cannot_be_used_is_named_and_nothing_is_changed(
    house: House, field: str, value: Any
) -> None:
    answer = patch(house, {"max_running": 7, field: value})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    house.connection.refresh_from_db()
    assert house.connection.max_running is None


def test_an_admin_changes_limits_on_the_connections_page(house: House) -> None:
    client = house.page("alice")
    typed = {
        "name": "Prod",
        "max_running": "4",
        "max_instances_per_type": "ml.g5.xlarge=3\r\nml.m5.large = 8",
    }
    assert client.post("/connections/engine/", typed).status_code == 302
    house.connection.refresh_from_db()
    assert (house.connection.name, house.connection.max_running) == ("Prod", 4)
    assert house.connection.max_instances is None
    assert house.connection.max_instances_per_type == {"ml.g5.xlarge": 3, "ml.m5.large": 8}
    assert "ml.g5.xlarge=3" in client.get("/connections/engine/").content.decode()
    page_text = client.get("/connections/").content.decode()
    assert "4 jobs, 3 ml.g5.xlarge, 8 ml.m5.large" in page_text


@pytest.mark.parametrize(
    "lines", ["ml.g5.xlarge", "ml.g5.xlarge=many", "g5=1", "ml.g5.xlarge=1\nml.g5.xlarge=2"]
)
def test_a_line_that_is_no_limit_is_told_beside_its_field(house: House, lines: str) -> None:
    answer = house.page("alice").post("/connections/engine/", {"name": "X", "max_instances_per_type": lines})
    assert answer.status_code == 400
    assert "id_max_instances_per_type-error-1" in answer.content.decode()


def test_a_job_keeps_the_terms_it_was_submitted_with(house: House) -> None:
    terms = {
        "priority": 3,
        "fallback_instance_types": ["ml.m5.xlarge", "ml.c5.xlarge"],
        "max_retries": 2,
        "deadline_minutes": 90,
        "max_idle_minutes": 15,
    }
    answer = submit(house, **terms)
    assert answer.status_code == 201, answer.content
    assert {name: answer.json()[name] for name in terms} == terms
    assert answer.json()["instance_type_used"] == FIELDS["instance_type"]
    assert job_options.non_default_options(TransformJob.objects.get()) == terms


def test_terms_stand_beside_a_request_too(house: House) -> None:
    request = {
        "ModelName": "churn",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/out/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
    }
    body = {"connection": "engine", "request": request, "priority": -10}
    answer = house.api("bob").post("/api/v1/jobs/", body, JSON)
    assert answer.status_code == 201, answer.content
    job = TransformJob.objects.get()
    assert (job.priority, job.instance_type, job.instance_count) == (-10, "ml.m5.large", 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", 11),
        ("priority", True),
        ("priority", "high"),
        ("max_retries", 11),
        ("deadline_minutes", 0),
        ("max_idle_minutes", 1.5),
        ("fallback_instance_types", "ml.m5.xlarge"),
        ("fallback_instance_types", [FIELDS["instance_type"]]),
        ("fallback_instance_types", ["ml.c5.xlarge", "ml.c5.xlarge"]),
        ("fallback_instance_types", ["c5.xlarge"]),
        ("fallback_instance_types", [f"ml.c5.{n}xlarge" for n in range(11)]),
    ],
)
def test_terms_that_cannot_be_used_are_named(house: House, field: str, value: Any) -> None:
    answer = submit(house, **{field: value})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not TransformJob.objects.exists()


def test_the_form_takes_the_terms_as_they_are_typed(house: House) -> None:
    typed = {
        "model": house.model.pk,
        **FIELDS,
        "priority": "-2",
        "fallback_instance_types": "ml.m5.xlarge, ml.c5.xlarge",
    }
    assert house.page("bob").post("/jobs/new/", typed).status_code == 302
    job = TransformJob.objects.get()
    assert (job.priority, job.fallback_instance_types) == (-2, ["ml.m5.xlarge", "ml.c5.xlarge"])


def test_a_waiting_job_says_its_place_in_the_api_and_on_every_page(house: House) -> None:
    house.connection.max_running = 1
    house.connection.save()
    house.job(JobState.IN_PROGRESS)
    job = house.job()
    reason = "1 of 1 jobs running on Engine; 1st in line."
    api, page = house.api("vera"), house.page("vera")
    assert api.get(f"/api/v1/jobs/{job.key}/").json()["state_reason"] == reason
    assert api.get("/api/v1/jobs/").json()["results"][0]["state_reason"] == reason
    for path in ("/", "/jobs/", f"/jobs/{job.key}/"):
        assert reason in page.get(path).content.decode()
