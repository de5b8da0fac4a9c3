"""A model's form begins as its last completed job ran, and the settings are offered when another model is chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.models import RegisteredModel
from jobs.states import JobState
from tests.cast import FIELDS, House
from tests.support.forms import form_values
from tests.support.html import Page

pytestmark = pytest.mark.django_db

GOOD = {
    "instance_type": "ml.c5.xlarge",
    "strategy": "SingleRecord",
    "max_payload": 9,
    "input_filter": "$[1:]",
}


def ran(house: House, model: RegisteredModel, state: JobState = JobState.COMPLETED, **fields: Any) -> None:
    spec = {
        "model_name": model.name,
        **FIELDS,
        "name": "old",
        "data": "s3://old/",
        "tags": {"a": "b"},
        **fields,
    }
    house.job(state, model=model, model_name=model.name, connection=model.connection, spec=spec)


def test_the_form_begins_with_the_settings_of_the_last_completed_job(house: House) -> None:
    ran(house, house.model, strategy="MultiRecord")
    ran(house, house.model, **GOOD)
    ran(house, house.model, JobState.FAILED, instance_type="ml.p3.2xlarge")
    begun = form_values(house.page("bob").get(f"/jobs/new/?model={house.model.pk}"))
    assert {name: begun[name] for name in GOOD} == {name: str(value) for name, value in GOOD.items()}
    assert (begun["name"], begun["data"], begun["tags"]) == ("", "", "")


def test_the_form_begins_with_the_model_that_its_person_used_last_or_registered_since(house: House) -> None:
    def new(name: str) -> RegisteredModel:
        return RegisteredModel.objects.create(
            team=house.team, connection=house.connection, name=name, containers=[{"Image": "image:1"}]
        )

    def begun() -> str:
        return form_values(client.get("/jobs/new/"))["model"]

    client, second_model = house.page("bob"), new("others")
    assert begun() == str(second_model.pk), "nothing was run: the newest"
    house.job(submitted_by=house.people["bob"])
    house.job(submitted_by=house.people["alice"], model=second_model, model_name=second_model.name)
    assert begun() == str(house.model.pk)
    newer = new("newer")
    assert begun() == str(newer.pk)


def offers(answer: Any) -> list[dict[str, str]]:
    sent = [node.get("value") for node in Page(answer).all("button") if node.get("name") == "fix"]
    return [json.loads(value) for value in sent if "instance_type" in value]


def test_choosing_another_model_offers_its_settings_until_they_are_used(house: House) -> None:
    second = RegisteredModel.objects.create(
        team=house.team, connection=house.connection, name="second", containers=[{"Image": "image:1"}]
    )
    ran(house, second, **GOOD)
    client = house.page("bob")
    typed = {**form_values(client.get(f"/jobs/new/?model={house.model.pk}")), "data": "s3://b/in/"}
    assert not offers(client.post("/jobs/new/preflight/", typed))
    (offer,) = offers(client.post("/jobs/new/preflight/", {**typed, "model": second.pk}))
    used = client.post("/jobs/new/", {**typed, "model": second.pk, "fix": json.dumps(offer)})
    begun = form_values(used)
    assert {name: begun[name] for name in GOOD} == {name: str(value) for name, value in GOOD.items()}
    assert begun["data"] == "s3://b/in/"
    assert not offers(used)


def test_another_teams_job_offers_nothing(house: House, other_house: House) -> None:
    other_house.model.name = house.model.name
    other_house.model.save()
    ran(other_house, other_house.model, **GOOD)
    begun = form_values(house.page("bob").get(f"/jobs/new/?model={house.model.pk}"))
    assert begun["instance_type"] == "ml.m5.large"
