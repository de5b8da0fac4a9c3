"""Each refusal of the API has one shape, with the id of its request."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from tests.cast import House

pytestmark = pytest.mark.django_db
JSON = "application/json"


def refusals(house: House) -> dict[int, Any]:
    """An answer for each status that a client can bring about by itself."""
    client = house.api("vera")
    return {
        400: client.get("/api/v1/jobs/?nothing=1"),
        401: Client().get("/api/v1/jobs/"),
        403: client.post("/api/v1/jobs/", {}, JSON),
        404: client.get("/api/v1/jobs/nothing/"),
        405: house.api("bob").put("/api/v1/jobs/", {}, JSON),
        406: client.get("/api/v1/jobs/", headers={"Accept": "text/html"}),
        409: house.api("bob").post(f"/api/v1/jobs/{house.job().key}/restore/"),
        413: house.api("bob").post("/api/v1/jobs/", b'"' + b"a" * 3_000_000 + b'"', JSON),
        415: house.api("bob").post("/api/v1/jobs/", "a=1", "application/x-www-form-urlencoded"),
    }


def test_each_refusal_has_the_shape_of_errors(house: House) -> None:
    for status, answer in refusals(house).items():
        assert answer.status_code == status
        assert answer["Content-Type"] == JSON, status
        body = answer.json()
        assert {"code", "message", "fields", "request_id"} <= body["error"].keys()
        assert body["status"] == status
        assert body["detail"] == body["error"]["message"]
        assert body["error"]["request_id"] == answer["X-Request-ID"]
    unknown = Client().get("/api/nothing/at/all").json()
    assert (unknown["status"], unknown["title"]) == (404, "Not Found")


def test_an_id_that_the_client_chose_is_kept_and_another_is_made_for_a_bad_one(house: House) -> None:
    client = house.api("bob")
    assert (
        client.get("/api/v1/jobs/", headers={"X-Request-ID": "nightly-0001"})["X-Request-ID"]
        == "nightly-0001"
    )
    for bad in ("short", "a" * 65, "with a space in it"):
        request_id = client.get("/api/v1/jobs/", headers={"X-Request-ID": bad})["X-Request-ID"]
        assert request_id != bad
        assert len(request_id) == 32


def test_the_log_line_of_a_failed_request_has_its_id(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a fault for this test")

    monkeypatch.setattr("jobs.api.views.team.members.of", fail)
    with caplog.at_level(logging.ERROR):
        answer = house.api("bob").get("/api/v1/members/")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in caplog.text
    assert "a fault for this test" not in answer.content.decode()
