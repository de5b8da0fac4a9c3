"""Preflight on the new-job page: a rail, ticks that the server honours, and fixes that need no script."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from aws import models
from jobs.lifecycle.aws_session import target_of
from jobs.models import TransformJob
from tests.cast import FIELDS, House
from tests.pages.requests import errors_beside
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db

Typed = dict[str, Any]


@pytest.fixture
def typed(real: House, engine: EngineProcess) -> Typed:
    """What a person filled in: an input whose prefix also means another folder."""
    bucket, s3 = f"rail-{uuid4().hex[:12]}", engine.client("s3")
    real.model.name = f"m-{uuid4().hex[:12]}"
    real.model.save()
    models.create(
        target_of(real.connection), name=real.model.name, containers=[{"Image": "sagemaker-xgboost:1.7-1"}]
    )
    s3.create_bucket(Bucket=bucket)
    for key in ("in/a.csv", "in_old/a.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1,2\n")
    return {
        "model": real.model.pk,
        **FIELDS,
        "data": f"s3://{bucket}/in",
        "output_path": f"s3://{bucket}/out/",
    }


def ticks(answer: Any) -> list[str]:
    return [node.get("value") for node in Page(answer).all("input") if node.get("name") == "tick"]


def fixes(answer: Any) -> list[str]:
    return [node.get("value") for node in Page(answer).all("button") if node.get("name") == "fix"]


def field(answer: Any, name: str) -> str:
    return Page(answer).by_id(f"id_{name}").get("value")


def test_a_warning_keeps_the_job_back_until_it_is_ticked(real: House, typed: Typed) -> None:
    client = real.page("bob")
    answer = client.post("/jobs/new/", typed)
    assert answer.status_code == 400
    assert "Preflight has a warning: tick what is intended, or change it." in answer.content.decode()
    assert not TransformJob.objects.exists()
    (tick,) = ticks(answer)
    assert client.post("/jobs/new/", {**typed, "tick": tick}).status_code == 302
    assert TransformJob.objects.get().data == typed["data"]


def test_a_tick_is_for_what_was_seen_and_not_for_another_input(
    real: House, typed: Typed, engine: Any
) -> None:
    client = real.page("bob")
    (tick,) = ticks(client.post("/jobs/new/", typed))
    bucket = typed["data"].split("/")[2]
    for key in ("in_older/a.csv", "in_old/b.csv"):
        engine.client("s3").put_object(Bucket=bucket, Key=f"in_old/{key}", Body=b"1,2\n")
        engine.client("s3").put_object(
            Bucket=bucket, Key=f"in_old/{key}".replace("in_", "in-", 1), Body=b"1,2\n"
        )
    engine.client("s3").put_object(Bucket=bucket, Key="in_old_too/a.csv", Body=b"1,2\n")
    elsewhere = {**typed, "data": f"s3://{bucket}/in_old", "tick": tick}
    assert client.post("/jobs/new/", elsewhere).status_code == 400
    for wrong in ("", "x", tick[:-1], "siblings"):
        assert client.post("/jobs/new/", {**typed, "tick": wrong}).status_code == 400
    assert not TransformJob.objects.exists()


def test_an_error_blocks_whatever_is_ticked_and_stands_beside_its_field(real: House, typed: Typed) -> None:
    wrong = {**typed, "data": typed["data"] + "-nothing/"}
    answer = real.page("bob").post("/jobs/new/", {**wrong, "tick": ["no_input", "x"]})
    assert answer.status_code == 400
    assert "reads nothing" in errors_beside(answer)["data"][0]
    assert not TransformJob.objects.exists()


def test_check_and_fix_work_without_a_script_and_keep_what_was_typed(real: House, typed: Typed) -> None:
    client = real.page("bob")
    typed = {**typed, "tags": "a=b"}
    answer = client.post("/jobs/new/", {**typed, "check": "1"})
    assert answer.status_code == 200
    assert "also reads in_old/" in Page(answer).by_id("preflight").text
    assert "1 warning needs a tick" in Page(answer).by_id("verdict").text
    fix = next(text for text in fixes(answer) if "data" in json.loads(text))
    mended = client.post("/jobs/new/", {**typed, "fix": fix})
    assert mended.status_code == 200
    assert field(mended, "data") == typed["data"] + "/"
    assert Page(mended).by_id("id_tags").text == "a=b"
    assert not ticks(mended)
    assert not TransformJob.objects.exists()


def test_what_filters_make_of_the_records_is_not_folded_away(real: House, typed: Typed) -> None:
    page = Page(real.page("bob").post("/jobs/new/", {**typed, "input_filter": "$[1:]", "check": "1"}))
    folds = [
        fold
        for fold in page.all("details")
        if "trial" in {node.get("id") for node in page.all_below(fold, "div")}
    ]
    assert "open" in folds[0].attributes
    assert page.by_id("trial-says").text == "The model is sent 1 of 2 columns . The others are struck out."


@pytest.mark.parametrize(
    "fix",
    ["", "{", "[]", "5", '{"model": {"x": 1}}', '{"nonsense": "<script>"}', "[" * 5000],
    ids=list("abcdefg"),
)
def test_a_fix_that_is_none_changes_nothing(real: House, typed: Typed, fix: str) -> None:
    answer = real.page("bob").post("/jobs/new/", {**typed, "fix": fix})
    assert answer.status_code == 200
    assert field(answer, "data") == typed["data"]
    assert b"<script>" not in answer.content
    assert not TransformJob.objects.exists()


def test_the_rail_alone_is_answered_to_a_form_that_is_being_filled_in(real: House, typed: Typed) -> None:
    client = real.page("bob")
    answer = client.post("/jobs/new/preflight/", typed)
    assert answer.status_code == 200
    page = Page(answer)
    assert not page.all("body")
    assert "also reads in_old/" in page.of_class("checks")[0].text
    assert "disabled" in page.by_id("submit").attributes
    (tick,) = ticks(answer)
    ticked = Page(client.post("/jobs/new/preflight/", {**typed, "tick": tick}))
    assert "checked" in ticked.by_id(f"tick-{tick}").attributes
    assert "disabled" not in ticked.by_id("submit").attributes
    begun = Page(client.post("/jobs/new/preflight/", {"max_payload": "x"}))
    assert "Still to fill in" in begun.all()[0].text
    assert "Enter a whole number." in begun.all()[0].text


def test_an_empty_paste_is_still_to_be_filled_in(house: House) -> None:
    rail = house.page("bob").post("/jobs/new/preflight/?as=json", {"connection": "engine", "request": ""})
    rail_text = rail.content.decode()
    assert "Still to fill in" in rail_text
    assert "Error: " not in rail_text


def test_a_pasted_request_is_held_to_preflight_too(real: House, typed: Typed) -> None:
    request = {
        "ModelName": real.model.name,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": typed["data"]}}
        },
        "TransformOutput": {"S3OutputPath": typed["output_path"]},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    client, body = real.page("bob"), {"connection": "engine", "request": json.dumps(request)}
    answer = client.post("/jobs/new/?as=json", body)
    assert answer.status_code == 400
    assert not fixes(answer)
    assert client.post("/jobs/new/?as=json", {**body, "tick": ticks(answer)}).status_code == 302
    assert client.post("/jobs/new/preflight/?as=json", {**body, "request": "{"}).status_code == 200


def test_a_hostile_key_is_shown_and_does_nothing(real: House, typed: Typed, engine: Any) -> None:
    bucket = typed["data"].split("/")[2]
    engine.client("s3").put_object(Bucket=bucket, Key='bad/<script>alert(1)</script>"\n.out', Body=b"x")
    answer = real.page("bob").post("/jobs/new/preflight/", {**typed, "data": f"s3://{bucket}/bad/"})
    assert "outputs of other jobs" in answer.content.decode()
    assert b"<script>" not in answer.content


def test_a_connection_that_cannot_be_asked_keeps_no_job_back(house: House) -> None:
    client = house.page("bob")
    typed = {"model": house.model.pk, **FIELDS}
    assert "cannot be reached" in client.post("/jobs/new/preflight/", typed).content.decode()
    assert client.post("/jobs/new/", typed).status_code == 302
