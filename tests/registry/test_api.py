"""The registry's REST API on the real engine. Each answer is held against the OpenAPI schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from aws import packages
from aws.packages import NewVersion
from deployments.models import ApprovalChange
from jobs.lifecycle.aws_session import target_of
from jobs.models import Connection, RegisteredModel
from tests.cast import House
from tests.engine.resources import unique
from tests.registry.conftest import XGBOOST, Register, archive
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db
JSON = "application/json"
GROUPS = "/api/v1/registry/groups/"


def address(house: House, group: str, rest: str = "") -> str:
    return f"{GROUPS}{house.connection.slug}/{group}/{rest}"


def error(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = answer.json()["error"]
    return body


def test_a_group_is_created_listed_and_described(real: House) -> None:
    name = unique("api")
    fields = {"connection": real.connection.slug, "name": name, "description": "Ours"}
    created = real.api("bob").post(GROUPS, fields, JSON)
    assert created.status_code == 201
    assert created.json()["name"] == name
    assert created.json()["versions"] == 0
    listed = real.api("vera").get(GROUPS, {"connection": real.connection.slug, "name": name}).json()
    assert [row["description"] for row in listed["results"]] == ["Ours"]
    assert listed["next"] is None
    assert real.api("vera").get(address(real, name)).json()["latest_approved"] is None
    assert (
        "Choose another name" in error(real.api("bob").post(GROUPS, fields, JSON), 400)["fields"]["name"][0]
    )


def test_a_request_repeated_with_its_key_registers_one_version(
    real: House, group: str, engine: EngineProcess
) -> None:
    fields = {
        "image": XGBOOST,
        "model_data": archive(engine),
        "approval": "Approved",
        "metadata": {"auc": "0.9"},
    }
    client = real.api("bob")
    answers = [
        client.post(address(real, group, "versions/"), fields, JSON, headers={"Idempotency-Key": "k-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    body = answers[0].json()
    assert (body["number"], body["approval"], body["metadata"]) == (1, "Approved", {"auc": "0.9"})
    assert [change["by"] for change in body["history"]] == ["bob"]
    assert real.api("vera").get(address(real, group)).json()["latest_approved"]["number"] == 1


def test_versions_are_listed_in_pages_by_the_address_of_the_next(
    real: House, group: str, register: Register
) -> None:
    target = target_of(real.connection)
    for _ in range(5):
        packages.create(target, NewVersion(group, [{"Image": XGBOOST}]))
    url: str | None = address(real, group, "versions/?limit=2")
    numbers = []
    while url:
        page = real.api("vera").get(url).json()
        numbers += [row["number"] for row in page["results"]]
        url = page["next"]
    assert numbers == [5, 4, 3, 2, 1]
    approved = real.api("vera").get(address(real, group, "versions/"), {"approval": "Approved"}).json()
    assert approved == {"results": [], "next": None}
    wrong = real.api("vera").get(address(real, group, "versions/"), {"approval": "x"})
    assert "approval" in error(wrong, 400)["fields"]
    assert error(real.api("vera").get(address(real, group, "versions/"), {"after": "nonsense"}), 409)


def test_approval_is_decided_once_and_asked_about_where_it_matters(
    real: House, group: str, register: Register
) -> None:
    register()
    path = address(real, group, "versions/1/")
    approved = real.api("bob").post(f"{path}approval/", {"status": "Approved", "note": "Good"}, JSON)
    assert approved.status_code == 200
    assert approved.json()["approval_description"] == "Good"
    assert [change["after"] for change in approved.json()["history"]] == ["Approved", "PendingManualApproval"]
    again = real.api("bob").post(f"{path}approval/", {"status": "Approved"}, JSON)
    assert "already" in error(again, 409)["message"]
    answer = real.api("bob").post(f"{path}model/", {"name": unique("model")}, JSON)
    assert answer.status_code == 201
    refused = real.api("bob").post(f"{path}approval/", {"status": "Rejected"}, JSON)
    assert answer.json()["name"] in error(refused, 409)["message"]
    assert "reject_in_use" in error(refused, 409)["message"]
    body = {"status": "Rejected", "reject_in_use": True}
    assert real.api("bob").post(f"{path}approval/", body, JSON).json()["approval"] == "Rejected"
    assert ApprovalChange.objects.count() == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "Nonsense"}, "status"),
        ({"status": 1}, "status"),
        ({"status": "Approved", "note": "x" * 1025}, "note"),
        ({"status": "Approved", "note": "a\u0000b"}, None),
        ({"status": "Approved", "more": 1}, "more"),
    ],
)
def test_a_decision_that_cannot_be_made_names_the_field(
    real: House, group: str, register: Register, body: dict[str, Any], field: str | None
) -> None:
    register()
    answer = real.api("bob").post(address(real, group, "versions/1/approval/"), body, JSON)
    fields = error(answer, 400)["fields"]
    assert field is None or field in fields
    assert ApprovalChange.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "image"),
        ({"image": "nobody/knows:1"}, "image"),
        ({"image": XGBOOST, "model_data": "s3://no-such-bucket-1/model.tar.gz"}, "model_data"),
        ({"image": XGBOOST, "containers": []}, "image"),
        ({"containers": [{"ModelPackageName": "a/1"}]}, "containers"),
        ({"containers": [1]}, "containers.0"),
        ({"image": XGBOOST, "metadata": {"a": "<"}}, "metadata"),
        ({"image": XGBOOST, "approval": "x"}, "approval"),
        ({"image": XGBOOST, "description": "a\nb"}, "description"),
    ],
)
def test_a_version_that_cannot_be_registered_names_the_field(
    real: House, group: str, fields: dict[str, Any], field: str
) -> None:
    answer = real.api("bob").post(address(real, group, "versions/"), fields, JSON)
    problems = error(answer, 400)["fields"]
    assert any(name.startswith(field.partition(".")[0]) for name in problems), problems


def test_metadata_is_replaced(real: House, group: str, register: Register) -> None:
    register(metadata={"a": "1", "b": "2"})
    path = address(real, group, "versions/1/")
    answer = real.api("bob").patch(path, {"metadata": {"b": "3"}}, JSON)
    assert answer.json()["metadata"] == {"b": "3"}
    assert "metadata" in error(real.api("bob").patch(path, {}, JSON), 400)["fields"]


def test_deleting_asks_for_a_flag_where_models_use_it_and_then_frees_the_group(
    real: House, group: str, register: Register
) -> None:
    register()
    path = address(real, group, "versions/1/")
    name = real.api("bob").post(f"{path}model/", {"name": unique("model")}, JSON).json()["name"]
    assert RegisteredModel.objects.filter(name=name).exists()
    assert "still has versions" in error(real.api("alice").delete(address(real, group)), 409)["message"]
    assert name in error(real.api("alice").delete(path), 409)["message"]
    assert real.api("alice").delete(f"{path}?delete_in_use=true").status_code == 204
    assert error(real.api("alice").delete(path), 404)
    assert real.api("alice").delete(address(real, group)).status_code == 204
    assert error(real.api("vera").get(address(real, group)), 404)


def test_roles_hold(real: House, group: str, register: Register) -> None:
    register()
    path = address(real, group, "versions/1/")
    requests: tuple[Callable[[Client], Any], ...] = (
        lambda api: api.post(GROUPS, {"connection": "engine", "name": "x"}, JSON),
        lambda api: api.post(address(real, group, "versions/"), {"image": XGBOOST}, JSON),
        lambda api: api.post(f"{path}approval/", {"status": "Approved"}, JSON),
        lambda api: api.patch(path, {"metadata": {}}, JSON),
        lambda api: api.post(f"{path}model/", {"name": "x"}, JSON),
    )
    for send in requests:
        assert send(real.api("vera")).status_code == 403
    for name in ("vera", "bob"):
        assert real.api(name).delete(path).status_code == 403
        assert real.api(name).delete(address(real, group)).status_code == 403


def test_another_teams_connection_is_not_found(real: House, other_house: House, group: str) -> None:
    Connection.objects.filter(pk=real.connection.pk).update(slug="theirs")
    api = other_house.api("charlie")
    for path in ("", "versions/", "versions/1/"):
        assert api.get(f"{GROUPS}theirs/{group}/{path}").status_code == 404
    assert "connection" in error(api.get(GROUPS, {"connection": "theirs"}), 400)["fields"]


def test_an_engine_that_is_down_is_503_with_the_call(house: House) -> None:
    answer = house.api("vera").get(GROUPS, {"connection": house.connection.slug})
    assert "sagemaker:ListModelPackageGroups" in error(answer, 503)["message"]
