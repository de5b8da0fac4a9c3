"""Registering a model of several containers with the form."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from jobs.models import RegisteredModel
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def sent(house: House, containers: object, **fields: str) -> dict[str, str]:
    """What the form sends with these containers, as JSON unless they are a text."""
    text = containers if isinstance(containers, str) else json.dumps(containers)
    return {
        "name": f"m-{uuid4().hex[:12]}",
        "connection": house.connection.slug,
        "containers": text,
        **fields,
    }


def test_a_pipeline_is_registered_with_its_containers_in_order(real: House) -> None:
    containers = [
        {"Image": "first/xgboost:1.7-1", "Environment": {"A": "1"}},
        {"Image": "second/xgboost:1.7-1"},
    ]
    form = sent(real, containers)
    answer = real.page("bob").post("/models/new/", form)
    model = RegisteredModel.objects.get(name=form["name"])
    assert (answer.status_code, answer["Location"]) == (302, f"/models/{model.pk}/")
    assert model.containers == containers
    assert model.is_pipeline


@pytest.mark.parametrize(
    ("containers", "sentence"),
    [
        ("[{", "This is not JSON: "),
        ({"Image": "one:1"}, "It must be a list of 2 to 15 containers"),
        ([{"Image": "one:1"}], "It must be a list of 2 to 15 containers"),
        ([{"Image": f"{n}:1"} for n in range(16)], "It must be 1 to 15 containers."),
        (
            [{"Image": "one:1"}, {"ModelDataUrl": "s3://bucket/model.tar.gz"}],
            "Container 2, image: It is required",
        ),
        ([{"Image": "one:1"}, "two:1"], "Container 2: It must be an object"),
        ([{"Image": "one:1"}, {"Image": "two\x00:1"}], "It holds a NUL character"),
        (
            [{"Image": "one:1"}, {"Image": "two:1", "Command": "x"}],
            "Container 2: Command cannot be used with batch transform.",
        ),
    ],
)
def test_what_is_no_pipeline_is_said_beside_the_field_and_kept(
    real: House, containers: object, sentence: str
) -> None:
    form = sent(real, containers)
    answer = real.page("bob").post("/models/new/", form)
    page = Page(answer)
    assert answer.status_code == 400
    assert sentence in page.by_id("id_containers-error-1").text
    assert page.by_id("id_containers").text.strip() == form["containers"]
    assert not RegisteredModel.objects.filter(name=form["name"]).exists()


def test_a_framework_that_was_chosen_before_does_not_stand_beside_a_pipeline(real: House) -> None:
    form = sent(
        real, [{"Image": "one/xgboost:1.7-1"}, {"Image": "two/xgboost:1.7-1"}], image="", framework="three:1"
    )
    assert real.page("bob").post("/models/new/", form).status_code == 302


def test_a_pipeline_and_an_image_beside_it_are_not_both_taken(real: House) -> None:
    form = sent(real, [{"Image": "one:1"}, {"Image": "two:1"}], image="three:1")
    answer = real.page("bob").post("/models/new/", form)
    assert answer.status_code == 400
    assert "beside a pipeline" in Page(answer).by_id("id_image-error-1").text
    assert not RegisteredModel.objects.filter(name=form["name"]).exists()


def test_an_archive_that_is_not_there_is_said_beside_its_field(real: House) -> None:
    uri, image = f"s3://no-such-{uuid4().hex[:12]}/model.tar.gz", "first/xgboost:1.7-1"
    form = sent(real, "", image=image, model_data=uri)
    answer = real.page("bob").post("/models/new/", form)
    assert answer.status_code == 400
    assert f"Could not find model data at {uri}" in Page(answer).by_id("id_model_data-error-1").text
    container = {"Image": image, "ModelDataUrl": uri}
    answer = real.page("bob").post("/models/new/", sent(real, [{"Image": image}, container]))
    assert uri in Page(answer).by_id("id_containers-error-1").text
    body = {"name": "m", "connection": real.connection.slug, "image": image, "model_data": uri}
    refusal = real.api("bob").post("/api/v1/models/", body, "application/json").json()["error"]
    assert uri in refusal["fields"]["model_data"][0]
