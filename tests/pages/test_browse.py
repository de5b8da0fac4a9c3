"""Choosing an S3 address without scripts: the page keeps what was filled in and gives it back with the choice."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.cast import FIELDS, House
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1).csv"


@pytest.fixture
def bucket(real: House, engine: EngineProcess) -> str:
    name = f"choose-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    for key in ("in/a.csv", "in_old/a.csv", f"in/{SCRIPT}", "in/two\nlines.csv", "in/a//b.csv"):
        engine.client("s3").put_object(Bucket=name, Key=key, Body=b"age,<b>\n1,2\n")
    return name


def pressed(answer: Any, name: str) -> list[str]:
    return [node.get("value") for node in Page(answer).all("button") if node.get("name") == name]


def hidden(answer: Any) -> dict[str, str]:
    nodes = [node for node in Page(answer).all("input") if node.get("type") == "hidden"]
    return {node.get("name"): node.get("value") for node in nodes}


def test_what_was_filled_in_comes_along_and_back_with_the_choice(real: House, bucket: str) -> None:
    client = real.page("bob")
    typed = {"model": real.model.pk, **FIELDS, "data": f"s3://{bucket}/in", "tags": "a=b", "field": "data"}
    listed = client.post("/browse/?from=x", typed)
    assert "in_old/" in listed.content.decode()
    below = client.post("/browse/", {**hidden(listed), "path": f"s3://{bucket}/in/"})
    deeper = client.post("/browse/", {**hidden(below), "path": f"s3://{bucket}/in/a/"})
    assert f"s3://{bucket}/in/a//" in pressed(deeper, "path")
    (fix,) = [fix for fix in pressed(listed, "fix") if fix == json.dumps({"data": f"s3://{bucket}/in/"})][:1]
    form = Page(client.post("/jobs/new/", {**hidden(below), "fix": fix}))
    assert form.by_id("id_data").get("value") == f"s3://{bucket}/in/"
    assert form.by_id("id_tags").text == "a=b"
    assert form.by_id("id_output_path").get("value") == FIELDS["output_path"]


def test_the_way_back_leads_to_the_job_that_is_cloned(real: House, bucket: str) -> None:
    answer = real.page("bob").post("/browse/?from=abc", {"field": "data", "data": f"s3://{bucket}/in"})
    ways = {node.get("formaction") for node in Page(answer).all("button") if node.get("name") == "fix"}
    assert ways == {"/jobs/new/?from=abc"}


def test_untrusted_keys_are_shown_and_do_nothing(real: House, bucket: str) -> None:
    answer = real.page("bob").get("/browse/", {"path": f"s3://{bucket}/in/"})
    assert b"<script>alert" not in answer.content
    assert json.dumps({"data": f"s3://{bucket}/in/{SCRIPT}"}) in pressed(answer, "fix")
    # A field of one line would lose the line break, and mean another object.
    assert not [fix for fix in pressed(answer, "fix") if "lines" in fix]
    assert "has a line break" in answer.content.decode()
    peek = real.page("bob").get(
        "/browse/", {"path": f"s3://{bucket}/in/", "peek": f"s3://{bucket}/in/{SCRIPT}"}
    )
    assert b"&lt;b&gt;" in peek.content
    assert b"<script>alert" not in peek.content


def test_an_output_is_a_folder_and_no_object(real: House, bucket: str) -> None:
    answer = real.page("bob").get("/browse/", {"path": f"s3://{bucket}/in/", "field": "output_path"})
    assert {tuple(json.loads(fix)) for fix in pressed(answer, "fix")} == {("output_path",)}
    assert not [fix for fix in pressed(answer, "fix") if fix.endswith('.csv"}')]


def test_the_panel_alone_is_answered_to_a_script_and_counts_later(real: House, bucket: str) -> None:
    client, path = real.page("bob"), f"s3://{bucket}/in"
    panel = client.get("/browse/", {"path": path}, HTTP_HX_REQUEST="true")
    assert not Page(panel).all("body")
    assert "also matches" not in panel.content.decode()
    counted = client.get("/browse/", {"path": path, "part": "matches"}, HTTP_HX_REQUEST="true")
    assert "also matches" in counted.content.decode()


@pytest.mark.parametrize("typed", ["nonsense", "s3://no-such-bucket-here/", "s3://\0/x", "s3://b\0"])
def test_an_address_that_leads_nowhere_is_answered_with_a_sentence(real: House, typed: str) -> None:
    answer = real.page("bob").post("/browse/", {"typed": typed, "on": "x\0", "model": "9" * 30})
    assert answer.status_code == 200
    assert Page(answer).of_class("note")


def test_only_the_teams_own_connections_are_looked_through(
    real: House, other_house: House, bucket: str
) -> None:
    query = {"path": f"s3://{bucket}/in/", "model": real.model.pk}
    assert "a.csv" not in other_house.page("charlie").get("/browse/", query).content.decode()
    other_house.connection.delete()
    assert "no connection yet" in other_house.page("charlie").get("/browse/", query).content.decode()


def test_inputs_that_were_used_lately_are_offered_once_each(house: House, other_house: House) -> None:
    for uri in ("s3://b/one/", "s3://b/two/", "s3://b/one/"):
        house.job(spec={"model_name": "churn", **FIELDS, "data": uri})
    other_house.job(spec={"model_name": "churn", **FIELDS, "data": "s3://theirs/"})
    offered = pressed(house.page("bob").get("/jobs/new/"), "fix")
    assert offered == [json.dumps({"data": "s3://b/one/"}), json.dumps({"data": "s3://b/two/"})]
