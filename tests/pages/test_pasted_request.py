"""The new-job page for those who have a CreateTransformJob request: pasted as it is, or refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from jobs.models import TransformJob
from tests.cast import FIELDS, House
from tests.pages.requests import EVERYTHING, errors_beside, through_api
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def raw(client: Client, request: Any, connection: str = "engine") -> Any:
    text = request if isinstance(request, str) else json.dumps(request)
    return client.post("/jobs/new/?as=json", {"connection": connection, "request": text})


@pytest.mark.parametrize("fields", [FIELDS, EVERYTHING], ids=["few", "all"])
def test_a_request_that_a_job_shows_can_be_submitted_again_under_another_name(
    house: House, fields: dict[str, Any]
) -> None:
    first = through_api(house, {"connection": "engine", "model": "churn", **fields})
    client = house.page("bob")
    on_page = json.loads(Page(client.get(f"/jobs/{first.key}/request/")).by_id("sent").text)
    assert first.key in raw(client, on_page).content.decode()
    assert raw(client, {**on_page, "TransformJobName": "another"}).status_code == 302
    from_api = house.api("bob").get(f"/api/v1/jobs/{first.key}/").json()["request"]
    through_api(house, {"connection": "engine", "request": {**from_api, "TransformJobName": "a-third"}})
    for again in TransformJob.objects.exclude(pk=first.pk):
        assert {**again.spec, "name": None} == {**first.spec, "name": None}
        assert again.spec["name"] == again.name
    jobs = [house.api("bob").get(f"/api/v1/jobs/{job.key}/").json() for job in TransformJob.objects.all()]
    for job in jobs:
        marks = [tag["Value"] for tag in job["request"]["Tags"] if tag["Key"] == "batchdeck:job"]
        assert marks == [job["id"]]


@pytest.mark.parametrize(
    ("request_text", "sentence"),
    [
        ("", "Paste a CreateTransformJob request."),
        ("{", "This is not JSON: Expecting property name enclosed in double quotes, in line 1, column 2."),
        ("[]", "Paste a CreateTransformJob request."),
        ("[1]", "request: It must be an object: the CreateTransformJob JSON."),
        ('"text"', "request: It must be an object: the CreateTransformJob JSON."),
        ('{"Nonsense": 1}', "Nonsense: CreateTransformJob has no such field."),
        ('{"Environment": {"A": "\\u0000"}}', "The request holds a NUL character, which no field can."),
        (
            '{"Environment": {"A": "\\ud800"}}',
            "The request holds half of a surrogate pair, which is no text.",
        ),
        ('{"TransformInput": 5}', "TransformInput: It must be an object."),
        ('{"ModelName": "churn"}', "data: This is required."),
        ("[" * 100_000, "It is nested too deeply."),
        ('{"MaxPayloadInMB": NaN}', "max_payload: It must be a whole number, from 0 to 100."),
        ('{"MaxPayloadInMB": 1' + "0" * 5000 + "}", "A number in it has too many digits."),
    ],
)
def test_a_pasted_request_that_cannot_be_used_says_why_beside_it(
    house: House, request_text: str, sentence: str
) -> None:
    answer = raw(house.page("bob"), request_text)
    assert answer.status_code == 400
    assert sentence in errors_beside(answer)["request"]
    assert not TransformJob.objects.exists()


def test_everything_that_is_wrong_with_a_pasted_request_is_told_at_once(house: House) -> None:
    answer = raw(house.page("bob"), '{"Nonsense": 1, "ModelName": "churn", "MaxPayloadInMB": 999}')
    sentences = " ".join(errors_beside(answer)["request"])
    for problem in (
        "Nonsense: CreateTransformJob has no",
        "max_payload: It must be",
        "data: This is required.",
    ):
        assert problem in sentences


@pytest.mark.parametrize("slug", ["", "nowhere", "theirs", "engine\0"])
def test_a_pasted_request_goes_to_a_connection_of_the_team_alone(
    house: House, other_house: House, slug: str
) -> None:
    other_house.connection.slug = "theirs"
    other_house.connection.save()
    answer = raw(house.page("bob"), {"ModelName": "churn"}, slug)
    assert set(errors_beside(answer)) == {"connection"}
    assert not TransformJob.objects.exists()


def test_a_pasted_request_stays_as_it_was_typed(house: House) -> None:
    typed = '{\n  "ModelName": "churn",\n  "Nonsense": "\\ud800"\n}'
    answer = raw(house.page("bob"), typed)
    assert answer.status_code == 400
    assert typed.replace('"', "&quot;") in answer.content.decode()
