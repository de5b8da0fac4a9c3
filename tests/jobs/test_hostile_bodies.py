"""Bodies that no honest client sends: each is a 400 that names a field, none a fault of ours."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Any

import pytest
from django.test import Client

from jobs.models import RegisteredModel, TransformJob
from tests.cast import FIELDS, House
from transform.request import PATHS
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db
ODD: list[Any] = [
    0,
    -1,
    10**30,
    1.5,
    True,
    "",
    " ",
    "\ud800",
    "x" * 5000,
    [],
    [[]],
    [{}],
    {},
    {"": ""},
    {"a": []},
    {"a": {}},
]
JOB_FIELDS = [field.name for field in dataclasses.fields(TransformSpec) if field.name != "model_name"]


@pytest.fixture
def api(house: House) -> Client:
    client = house.api("bob")
    client.raise_request_exception = False
    return client


def check(client: Client, path: str, body: Any, rows: Any) -> None:
    before = rows.count()
    answer = client.post(path, json.dumps(body), "application/json")
    body_text = json.dumps(body)[:300]
    assert answer.status_code in {201, 400, 503}, body_text
    if answer.status_code != 201:
        assert set(answer.json()["error"]) == {"code", "message", "fields", "request_id"}, body_text
        assert rows.count() == before, body_text


@pytest.mark.parametrize("name", ["connection", "model", "request", *JOB_FIELDS])
def test_any_value_in_any_field_of_a_job(api: Client, name: str) -> None:
    for value in ODD:
        body = {"connection": "engine", "model": "churn", **FIELDS, name: value}
        check(api, "/api/v1/jobs/", body, TransformJob.objects)


@pytest.mark.parametrize(
    "path", sorted(set(PATHS.values()) | {("TransformInput",), ("TransformOutput", "X")})
)
def test_any_value_anywhere_in_a_raw_request(api: Client, path: tuple[str, ...]) -> None:
    good = TransformSpec.from_fields({"model_name": "churn", **FIELDS}).to_request()
    for value in [*ODD, [{"Key": [], "Value": {}}], [{"Key": "a"}], [{"Key": "a", "Value": None}], None]:
        request = copy.deepcopy(good)
        node = request
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = value
        check(api, "/api/v1/jobs/", {"connection": "engine", "request": request}, TransformJob.objects)


@pytest.mark.parametrize(
    "name",
    ["name", "connection", "image", "model_data", "env", "execution_role_arn", "containers", "description"],
)
def test_any_value_in_any_field_of_a_model(api: Client, name: str) -> None:
    containers = [[{"Image": value}] for value in ODD] + [
        [{"Image": "i", "Environment": value}] for value in ODD
    ]
    for value in ODD + (containers + [[value] for value in ODD] if name == "containers" else []):
        body = {"connection": "engine", "name": "new", "image": "image:1", name: value}
        if name == "containers":
            body.pop("image")
        check(api, "/api/v1/models/", body, RegisteredModel.objects)


@pytest.mark.parametrize("name", ["name", "slug", "region", "role_arn", "external_id", "max_running"])
def test_any_value_in_any_field_of_a_connection(house: House, name: str) -> None:
    client = house.api("alice")
    client.raise_request_exception = False
    for number, value in enumerate(ODD):
        body = {"name": f"c{number}", "region": "eu-west-1", name: value}
        check(client, "/api/v1/connections/", body, house.team.connections)


@pytest.mark.parametrize("depth", [100, 900, 990, 100_000])
@pytest.mark.parametrize("path", ["jobs", "models", "connections"])
def test_a_body_of_any_depth_is_a_400(house: House, path: str, depth: int) -> None:
    client = house.api("alice")
    client.raise_request_exception = False
    body = '{"name": ' + "[" * depth + "]" * depth + "}"
    answer = client.post(f"/api/v1/{path}/", body, "application/json")
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message", "fields", "request_id"}


def test_a_body_beyond_the_limit_is_a_413_that_names_it(house: House) -> None:
    answer = house.api("bob").post("/api/v1/jobs/", "a" * 3_000_000, content_type="application/json")
    assert answer.status_code == 413
    error = answer.json()["error"]
    assert error["code"] == "content_too_large"
    assert "2621440 bytes" in error["message"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("views/", {"name": 5}, "name"),
        ("views/", {"name": "Mine", "shared": "yes"}, "shared"),
        ("views/", {"name": "Mine", "state": []}, "state"),
        ("views/", {"name": "Mine", "colour": "red"}, "colour"),
        ("jobs/many/", {"action": "stop", "ids": "all"}, "ids"),
        ("jobs/many/", {"action": "stop", "ids": [5]}, "ids"),
        ("jobs/many/", {"action": "stop", "filter": []}, "filter"),
        ("jobs/many/", {"action": ["stop"], "ids": []}, "action"),
        ("jobs/many/", {"action": "stop", "ids": [], "replace_outputs": 1}, "replace_outputs"),
        ("presets/", {"name": "P", "body": []}, "body"),
        ("models/", {"name": "m", "connection": "engine", "image": 5}, "image"),
        ("jobs/", {"replace_outputs": "true"}, "replace_outputs"),
        ("jobs/preflight/", {"replace_outputs": 0}, "replace_outputs"),
        ("connections/", {"name": "C", "region": 5}, "region"),
        ("connections/", {"name": "C", "colour": "red"}, "colour"),
    ],
)
def test_a_field_of_another_shape_is_named(house: House, path: str, body: dict[str, Any], field: str) -> None:
    answer = house.api("alice").post(f"/api/v1/{path}", body, "application/json")
    assert (answer.status_code, field in answer.json()["error"]["fields"]) == (400, True), answer.content


@pytest.mark.parametrize("path", ["jobs", "jobs/bulk", "jobs/many", "models", "connections", "presets"])
@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "once"}], ids=["plain", "keyed"])
def test_a_name_that_is_no_text_is_a_400_although_the_answer_cannot_repeat_it(
    house: House, path: str, headers: dict[str, Any]
) -> None:
    client = house.api("alice")
    client.raise_request_exception = False
    answer = client.post(f"/api/v1/{path}/", '{"\\ud800": null}', "application/json", **headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "The body holds half of a surrogate pair, which is no text."
