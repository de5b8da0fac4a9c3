"""Saved requests: what is locked stays, what was changed is told, and what is seen is what is submitted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from jobs.lifecycle.after import retrying
from jobs.models import InstancePrice, Preset, RegisteredModel, TransformJob
from jobs.services.submitting import presets
from jobs.states import JobState, Origin
from teams.models import Activity
from tests.cast import FIELDS, House
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
JSON = "application/json"
#: A request with a value of every kind that the form knows.
WHOLE: dict[str, Any] = {
    **FIELDS,
    "strategy": "MultiRecord",
    "max_payload": 4,
    "max_concurrent_transforms": 2,
    "env": {"MODE": "fast"},
    "tags": {"team": "growth"},
    "join_source": "Input",
    "accept": "text/csv",
    "output_filter": "$[0,-1]",
    "model_client_config": {"invocations_timeout_in_seconds": 60, "invocations_max_retries": 1},
    "priority": 3,
    "fallback_instance_types": ["ml.m5.xlarge", "ml.c5.xlarge"],
    "deadline_minutes": 90,
}


def make(house: House, rules: dict[str, str] | None = None, by: str = "bob", **body: Any) -> Preset:
    fields = {"model": house.model.name, "connection": house.connection.slug, **WHOLE, **body}
    fields = {name: value for name, value in fields.items() if value is not None}
    return presets.create(house.team, name="Nightly run", body=fields, rules=rules, by=house.people[by])


def visible(page: Page) -> dict[str, Any]:
    """What a browser would send of the form that is shown; what is disabled is not sent."""
    form = next(form for form in page.all("form") if "cols" in form.get("class").split())
    sent: dict[str, Any] = {}
    for node in page.all_below(form, "input", "select", "textarea"):
        if not node.get("name") or "disabled" in node.attributes or node.get("type") == "checkbox":
            continue
        if node.tag == "select":
            chosen = [option for option in page.all_below(node, "option") if "selected" in option.attributes]
            sent[node.get("name")] = chosen[0].get("value") if chosen else ""
        else:
            sent[node.get("name")] = node.text if node.tag == "textarea" else node.get("value")
    return sent


def submitted(house: House, who: str, address: str, **changes: Any) -> TransformJob:
    client = house.page(who)
    sent = {**visible(Page(client.get(address))), **changes}
    answer = client.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()
    return TransformJob.objects.get(key=answer.headers["Location"].split("/")[2])


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"instance_type": "locked", "env": "locked", "fallback_instance_types": "hidden", "model": "locked"},
    ],
)
def test_the_submitted_request_is_the_visible_form(house: House, rules: dict[str, str]) -> None:
    preset = make(house, rules)
    job = submitted(house, "bob", f"/jobs/new/?preset={preset.slug}")
    assert (job.preset, presets.differences(job)) == (preset, [])
    own = ("priority", "fallback_instance_types", "deadline_minutes")
    assert job.spec == {
        **{name: value for name, value in WHOLE.items() if name not in own},
        "model_name": house.model.name,
        "data_type": "S3Prefix",
    }
    assert [getattr(job, name) for name in own] == [WHOLE[name] for name in own]


def test_a_change_is_told_on_the_request_tab_and_by_the_api(house: House) -> None:
    preset = make(house, {"instance_type": "locked"})
    job = submitted(
        house, "bob", f"/jobs/new/?preset={preset.slug}", data="s3://bucket/other/", max_payload=""
    )
    job_json = house.api("vera").get(f"/api/v1/jobs/{job.key}/").json()
    assert job_json["preset"] == "nightly-run"
    assert job_json["preset_differences"] == [
        {"field": "max_payload", "preset": 4, "job": None, "locked": False},
        {"field": "data", "preset": "s3://bucket/in/", "job": "s3://bucket/other/", "locked": False},
    ]
    page_text = house.page("vera").get(f"/jobs/{job.key}/request/").content.decode()
    assert "Different from its preset" in page_text
    assert "s3://bucket/other/" in page_text


def test_differences_are_those_from_the_preset_as_it_was_then(house: House) -> None:
    preset = make(house)
    job = submitted(house, "bob", f"/jobs/new/?preset={preset.slug}")
    presets.change(preset, {"body": {**preset.body, "max_payload": 9}}, by=house.people["bob"])
    assert presets.differences(TransformJob.objects.get(pk=job.pk)) == []
    presets.delete(preset, by=house.people["bob"])
    page_text = house.page("vera").get(f"/jobs/{job.key}/request/").content.decode()
    assert "Nightly run, since deleted" in page_text
    assert house.api("vera").get(f"/api/v1/jobs/{job.key}/").json()["preset"] == "nightly-run"


def test_a_locked_field_keeps_its_value_whatever_a_browser_sends(house: House) -> None:
    preset = make(house, {"instance_type": "locked", "max_payload": "hidden", "volume_kms_key": "locked"})
    page = Page(house.page("bob").get(f"/jobs/new/?preset={preset.slug}"))
    field = page.by_id("id_instance_type")
    assert ("disabled" in field.attributes, field.get("value")) == (True, "ml.m5.large")
    assert not [node for node in page.all("input") if node.get("name") == "max_payload"]
    changes = {"instance_type": "ml.p3.2xlarge", "max_payload": "50", "volume_kms_key": "mine"}
    job = submitted(house, "bob", f"/jobs/new/?preset={preset.slug}", **changes)
    assert (job.instance_type, job.spec["max_payload"], "volume_kms_key" in job.spec) == (
        "ml.m5.large",
        4,
        False,
    )


def test_an_admin_alone_unlocks(house: House) -> None:
    preset = make(house, {"instance_type": "locked"})
    unlocked = f"/jobs/new/?preset={preset.slug}&unlock=1"
    assert "unlock=1" not in house.page("bob").get(f"/jobs/new/?preset={preset.slug}").content.decode()
    assert (
        submitted(house, "bob", unlocked, instance_type="ml.c5.xlarge", unlock="1").instance_type
        == "ml.m5.large"
    )
    job = submitted(house, "alice", unlocked, instance_type="ml.c5.4xlarge")
    assert job.instance_type == "ml.c5.4xlarge"
    assert [(difference.field, difference.locked) for difference in presets.differences(job)] == [
        ("instance_type", True)
    ]


def test_a_pasted_request_is_held_to_the_locks_too(house: House) -> None:
    preset = make(house, {"instance_type": "locked"})
    request = (
        '{"ModelName": "churn", "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", '
        '"S3Uri": "s3://bucket/in/"}}}, "TransformOutput": {"S3OutputPath": "s3://bucket/out/"}, '
        '"TransformResources": {"InstanceType": "%s", "InstanceCount": 1}}'
    )
    sent = {"connection": "engine", "preset": preset.slug, "request": request % "ml.c5.large"}
    answer = house.page("bob").post("/jobs/new/?as=json", sent)
    assert answer.status_code == 400
    assert "It is locked by the preset Nightly run." in answer.content.decode()
    sent["request"] = request % "ml.m5.large"
    assert house.page("bob").post("/jobs/new/?as=json", sent).status_code == 302


@pytest.mark.parametrize(("who", "status"), [("bob", 400), ("alice", 201)])
def test_the_api_submits_through_a_preset_with_changes(house: House, who: str, status: int) -> None:
    make(house, {"instance_type": "locked", "model": "locked"})
    post = house.api(who).post
    plain = post("/api/v1/jobs/", {"preset": "nightly-run", "data": "s3://bucket/today/"}, JSON)
    assert plain.status_code == 201
    assert (plain.json()["data"], plain.json()["max_payload"]) == ("s3://bucket/today/", 4)
    part = {"preset": "nightly-run", "model_client_config": {"invocations_max_retries": 0}, "env": None}
    nested = post("/api/v1/jobs/", part, JSON).json()
    assert nested["model_client_config"] == {
        "invocations_timeout_in_seconds": 60,
        "invocations_max_retries": 0,
    }
    assert nested["env"] is None
    changed = post("/api/v1/jobs/", {"preset": "nightly-run", "instance_type": "ml.c5.2xlarge"}, JSON)
    assert changed.status_code == status
    if status == 400:
        assert changed.json()["error"]["fields"] == {
            "instance_type": ["It is locked by the preset Nightly run."]
        }


def test_a_group_that_a_preset_leaves_out_by_null_is_filled_by_the_job(house: House) -> None:
    preset_body = {**FIELDS, "model": "churn", "connection": "engine", "model_client_config": None}
    presets.create(house.team, name="Nightly run", body=preset_body, by=house.people["bob"])
    sent = {"preset": "nightly-run", "model_client_config": {"invocations_max_retries": 2}}
    job = house.api("bob").post("/api/v1/jobs/", sent, JSON).json()
    assert job["model_client_config"] == {"invocations_max_retries": 2}


def test_a_preset_that_there_is_not_is_told_by_its_field(house: House, other_house: House) -> None:
    make(house)
    for slug in ("nothing", 5, "nightly-run"):
        answer = other_house.api("charlie").post("/api/v1/jobs/", {"preset": slug}, JSON)
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["preset"])
    assert other_house.page("charlie").get("/jobs/new/?preset=nightly-run").status_code == 404
    assert house.page("bob").post("/jobs/new/", {"preset": "nul\0"}).status_code == 404
    answer = other_house.api("charlie").post("/api/v1/jobs/preflight/", {"preset": "nightly-run"}, JSON)
    assert answer.status_code == 400


def test_preflight_looks_at_what_the_preset_fills_in(house: House) -> None:
    make(house, max_payload=None)
    answer = house.api("bob").post(
        "/api/v1/jobs/preflight/", {"preset": "nightly-run", "max_payload": 101}, JSON
    )
    fields = {finding["field"] for finding in answer.json()["findings"] if finding["level"] == "error"}
    assert fields == {"max_payload"}


def test_a_job_is_saved_as_a_preset_with_a_locked_field(house: House) -> None:
    spec = {**house.job().spec, "max_payload": 7}
    job = house.job(JobState.COMPLETED, spec=spec)
    client = house.page("bob")
    page = Page(client.get(f"/presets/new/?from={job.key}"))
    assert page.by_id("id_max_payload").get("value") == "7"
    form = {
        "preset_name": "Saved",
        "model": house.model.pk,
        "max_payload": "7",
        "rule:max_payload": "locked",
        **FIELDS,
    }
    answer = client.post("/presets/new/", form)
    assert answer.headers["Location"] == "/presets/saved/"
    saved = Preset.objects.get(slug="saved")
    assert (saved.rules, saved.body) == (
        {"max_payload": "locked"},
        {**FIELDS, "data_type": "S3Prefix", "max_payload": 7, "model": "churn", "connection": "engine"}
        if "data_type" in saved.body
        else {**FIELDS, "max_payload": 7, "model": "churn", "connection": "engine"},
    )


def test_what_the_new_job_form_has_becomes_a_preset_unsubmitted(house: House) -> None:
    client = house.page("bob")
    page = Page(
        client.post("/presets/new/", {"model": house.model.pk, "data": "s3://half/typed", "name": "x"})
    )
    assert page.by_id("id_data").get("value") == "s3://half/typed"
    assert page.by_id("id_preset_name").get("value") == ""
    assert (Preset.objects.count(), TransformJob.objects.count()) == (0, 0)


def test_the_folder_that_was_made_for_one_job_is_not_kept_for_all(house: House) -> None:
    sent = {"model": house.model.pk, "output_path": "s3://half/out/20261121-205127/"}
    page = Page(house.page("bob").post("/presets/new/", sent))
    assert page.by_id("id_output_path").get("value") == "s3://half/out/"


def test_what_a_preset_locks_is_saved_too_though_a_browser_sends_nothing_of_it(house: House) -> None:
    rules = {"instance_type": "locked", "env": "hidden", "model": "locked"}
    begun = make(house, rules)
    client = house.page("bob")
    sent = visible(Page(client.get(f"/jobs/new/?preset={begun.slug}")))
    page = Page(client.post("/presets/new/", {**sent, "max_payload": "5"}))
    form = {node.get("name"): node for node in page.all("input", "select", "textarea")}
    assert form["instance_type"].get("value") == WHOLE["instance_type"]
    assert (form["max_payload"].get("value"), form["env"].text) == ("5", "MODE=fast")
    chosen = {name: page.all_below(form[f"rule:{name}"], "option") for name in rules}
    assert {
        name: [option.get("value") for option in options if "selected" in option.attributes]
        for name, options in chosen.items()
    } == {name: [rule] for name, rule in rules.items()}


def test_a_lock_that_the_form_has_no_field_for_stays(house: House) -> None:
    rules = {"connection": "locked", "instance_type": "locked"}
    preset = make(house, rules)
    address = f"/presets/{preset.slug}/edit/"
    client = house.page("bob")
    page = Page(client.get(address))
    form = next(form for form in page.all("form") if form.get("action") == address)
    sent = {}
    for node in page.all_below(form, "input", "select", "textarea"):
        chosen = [option for option in page.all_below(node, "option") if "selected" in option.attributes]
        value = chosen[0].get("value") if chosen else node.get("value") or node.text
        sent[node.get("name")] = "" if node.tag == "select" and not chosen else value
    assert client.post(address, {**sent, "preset_description": "every night"}).status_code == 302
    preset.refresh_from_db()
    assert (preset.description, preset.rules) == ("every night", rules)


def test_running_again_does_not_go_past_a_locked_output_path(house: House) -> None:
    preset = make(house, {"output_path": "locked"})
    job = house.job(JobState.COMPLETED, preset=preset)
    answer = house.api("bob").post(
        f"/api/v1/jobs/{job.key}/retry/", {"output_path": "s3://elsewhere/out/"}, "application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"] == {"output_path": ["It is locked by the preset Nightly run."]}
    assert TransformJob.objects.count() == 1


def test_an_unfinished_request_may_be_saved_and_a_wrong_one_not(house: House) -> None:
    client = house.page("bob")
    assert client.post("/presets/new/", {"preset_name": "Half", "split_type": "Line"}).status_code == 302
    assert Preset.objects.get().body == {"split_type": "Line"}
    answer = client.post("/presets/new/", {"preset_name": "", "max_payload": "101"})
    assert answer.status_code == 400
    errors = [node.text for node in Page(answer).of_class("error")]
    assert len(errors) == 2
    for body in (
        {"name": "x"},
        {"request": {}},
        {"nothing": 1},
        {"max_payload": "x"},
        {"model": "none", "connection": "engine"},
    ):
        preset_fields = {"name": "Odd", "body": body}
        status = house.api("bob").post("/api/v1/presets/", preset_fields, JSON).status_code
        assert status == (201 if "model" in body else 400), body


def test_a_preset_whose_model_is_gone_says_so_and_still_opens(house: House) -> None:
    preset = make(house, {"model": "locked"})
    house.model.delete()
    for path in (
        "/presets/",
        "/presets/nightly-run/",
        "/presets/nightly-run/edit/",
        "/jobs/new/?preset=nightly-run",
    ):
        answer = house.page("bob").get(path)
        assert answer.status_code == 200, path
        assert "is gone" in answer.content.decode(), path
    assert (
        "churn on the connection engine is gone"
        in house.api("vera").get("/api/v1/presets/nightly-run/").json()["gone"]
    )
    assert Preset.objects.get(pk=preset.pk).gone


def test_its_maker_and_admins_change_a_preset_and_others_duplicate_it(house: House) -> None:
    make(house, {"max_payload": "locked"}, by="alice")
    bob, path = house.page("bob"), "/presets/nightly-run/"
    assert bob.get(f"{path}edit/").status_code == bob.post(f"{path}delete/").status_code == 403
    assert house.api("bob").patch(f"/api/v1{path}", {"name": "Mine"}, JSON).status_code == 403
    assert house.api("bob").delete(f"/api/v1{path}").status_code == 403
    copy = Page(bob.get("/presets/new/?copy=nightly-run"))
    assert copy.by_id("id_preset_name").get("value") == "Copy of Nightly run"
    assert copy.by_id("id_max_payload").get("value") == "4"
    changed = (
        house.api("alice").patch(f"/api/v1{path}", {"rules": {}, "description": "Now open"}, JSON).json()
    )
    assert (changed["rules"], changed["description"], changed["name"]) == ({}, "Now open", "Nightly run")
    assert house.api("alice").delete(f"/api/v1{path}").status_code == 204


def test_two_presets_of_one_name_have_slugs_of_their_own(house: House) -> None:
    assert [make(house).slug for _ in range(3)] == ["nightly-run", "nightly-run-2", "nightly-run-3"]


def test_the_picker_leads_to_the_preset_or_to_a_search(house: House) -> None:
    make(house)
    client = house.page("bob")
    assert 'name="pick"' in client.get("/jobs/new/").content.decode()
    for text in ("nightly-run", "Nightly Run"):
        assert client.get("/jobs/new/", {"pick": text}).headers["Location"] == "/jobs/new/?preset=nightly-run"
    assert client.get("/jobs/new/", {"pick": "weekly"}).headers["Location"] == "/presets/?q=weekly"
    assert "No preset matches" in client.get("/presets/?q=weekly").content.decode()


def test_the_default_of_a_model_is_what_run_begins_with(house: House) -> None:
    make(house)
    client = house.page("bob")
    client.post("/presets/nightly-run/default/")
    for path in ("/models/", f"/models/{house.model.pk}/"):
        assert "/jobs/new/?preset=nightly-run" in client.get(path).content.decode()
    client.post("/presets/nightly-run/default/", {"off": "1"})
    assert "?preset=" not in client.get("/models/").content.decode()


def test_the_api_makes_a_preset_the_default_of_its_model_and_records_who_did(house: House) -> None:
    make(house)
    address, bob = "/api/v1/presets/nightly-run/default/", house.api("bob")
    assert bob.post(address, {}, "application/json").json()["is_default"] is True
    assert RegisteredModel.objects.get(pk=house.model.pk).default_preset is not None
    assert bob.get("/api/v1/presets/nightly-run/").json()["is_default"] is True
    # A second time changes nothing, and is no act.
    for _ in range(2):
        assert bob.delete(address).json()["is_default"] is False
    verbs = Activity.objects.filter(user=house.people["bob"], object_kind="preset").values_list(
        "verb", flat=True
    )
    assert [verb for verb in verbs.order_by("id") if "default" in verb] == [
        "preset.made_default",
        "preset.no_longer_default",
    ]


def test_another_default_is_replaced_only_after_a_question_that_names_it(house: House) -> None:
    make(house)
    model = RegisteredModel.objects.filter(pk=house.model.pk)
    model.update(default_preset=house.preset)
    Preset.objects.filter(pk=house.preset.pk).update(model=house.model, created_by=house.people["alice"])
    page, api = house.page("bob"), house.api("bob")
    question = page.post("/presets/nightly-run/default/")
    assert "It takes the place of Nightly scoring, made by alice:" in Page(question).text
    refused = api.post("/api/v1/presets/nightly-run/default/", {}, "application/json")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["preset"]) == (409, "default_exists", house.preset.slug)
    assert model.get().default_preset == house.preset
    page.post("/presets/nightly-run/default/", sent(question))
    assert model.get().default_preset == Preset.objects.get(slug="nightly-run")
    model.update(default_preset=house.preset)
    body = {"replace_default": True}
    assert api.post("/api/v1/presets/nightly-run/default/", body, "application/json").status_code == 200
    assert model.get().default_preset == Preset.objects.get(slug="nightly-run")


def test_only_a_presets_maker_and_admins_make_it_the_default(house: House, other_house: House) -> None:
    preset = make(house)
    Preset.objects.filter(pk=preset.pk).update(created_by=house.people["alice"])
    address = "presets/nightly-run/default/"
    assert house.page("bob").post(f"/{address}").status_code == 403
    assert house.page("vera").post(f"/{address}").status_code == 403
    assert other_house.page("charlie").post(f"/{address}").status_code == 404
    for client, status in (
        (house.api("bob"), 403),
        (house.api("vera"), 403),
        (other_house.api("charlie"), 404),
    ):
        assert client.post(f"/api/v1/{address}", {}, "application/json").status_code == status
        assert client.delete(f"/api/v1/{address}").status_code == status
    assert RegisteredModel.objects.get(pk=house.model.pk).default_preset is None
    assert "Make default" not in house.page("bob").get("/presets/nightly-run/").content.decode()
    assert house.api("alice").post(f"/api/v1/{address}", {}, "application/json").status_code == 200


def test_a_preset_without_a_model_is_no_default(house: House) -> None:
    preset = make(house)
    Preset.objects.filter(pk=preset.pk).update(model=None)
    answer = house.api("bob").post("/api/v1/presets/nightly-run/default/", {}, "application/json")
    assert (answer.status_code, "choose one" in answer.json()["error"]["message"]) == (409, True)


@pytest.mark.parametrize("moved", [True, False])
def test_a_preset_for_another_model_is_no_longer_the_default_of_the_first(house: House, moved: bool) -> None:
    preset = make(house)
    RegisteredModel.objects.create(
        team=house.team, connection=house.connection, name="other", containers=house.model.containers
    )
    house.page("bob").post("/presets/nightly-run/default/")
    body = {**preset.body, "model": "other"} if moved else {**preset.body, "max_payload": 5}
    presets.change(preset, {"body": body}, by=house.people["bob"])
    answer = house.page("bob").get(f"/models/{house.model.pk}/").content.decode()
    assert ("/jobs/new/?preset=nightly-run" in answer) is not moved


def test_a_locked_cost_cap_holds_however_the_amount_was_written(house: House) -> None:
    InstancePrice.objects.create(
        connection=house.connection, instance_type="ml.m5.large", usd_per_hour=Decimal("0.1")
    )
    for amount in ("12.50", 12.3456789, 7):
        preset = make(house, {"max_cost_usd": "locked"}, max_cost_usd=amount, fallback_instance_types=None)
        for address in ("/api/v1/jobs/", f"/jobs/new/?preset={preset.slug}"):
            client = house.api("bob") if "api" in address else house.page("bob")
            sent = {"preset": preset.slug}
            if "api" not in address:
                sent |= visible(Page(client.get(address)))
            answer = client.post(address, sent, **({"content_type": JSON} if "api" in address else {}))
            assert answer.status_code in (201, 302), answer.content.decode()
        assert presets.differences(TransformJob.objects.latest("id")) == []
        changed = house.api("bob").post("/api/v1/jobs/", {"preset": preset.slug, "max_cost_usd": 99}, JSON)
        assert list(changed.json()["error"]["fields"]) == ["max_cost_usd"]


def test_locked_fields_may_be_said_in_every_way_that_a_job_takes(house: House) -> None:
    values: dict[str, Any] = {
        "split_type": "None",
        "compression_type": "None",
        "assemble_with": "None",
        "join_source": "None",
        "max_payload": 0,
        "max_concurrent_transforms": 0,
        "instance_count": 1,
        "priority": 0,
        "max_retries": 0,
        "data_type": "S3Prefix",
        "env": {"EMPTY": "", "LINES": " a\nb"},
        "tags": {"k": ""},
        "input_filter": "$",
        "output_filter": "$",
        "model_client_config": {"invocations_max_retries": 0},
        "data_capture_config": {
            "destination_s3_uri": "s3://bucket/capture/",
            "generate_inference_id": False,
        },
        "fallback_instance_types": [],
        "accept": "",
    }
    locked = {name: "locked" for name in presets.FIELDS if name not in ("connection", "model")}
    preset = make(house, locked, **values)
    answer = house.api("bob").post("/api/v1/jobs/", {"preset": preset.slug}, JSON)
    assert answer.status_code == 201, answer.json()
    assert presets.differences(TransformJob.objects.latest("id")) == []
    client, address = house.page("bob"), f"/jobs/new/?preset={preset.slug}"
    sent = visible(Page(client.get(address)))
    warned = Page(client.post(address, sent))
    ticks = [node.get("value") for node in warned.all("input") if node.get("name") == "tick"]
    assert client.post(address, {**sent, "tick": ticks}).status_code == 302
    assert presets.differences(TransformJob.objects.latest("id")) == []


def test_jobs_are_found_by_their_preset(house: House, other_house: House) -> None:
    job = submitted(house, "bob", f"/jobs/new/?preset={make(house).slug}")
    house.job()
    for query in ("preset=nightly-run", "q=preset:nightly-run"):
        rows = house.api("vera").get(f"/api/v1/jobs/?{query}").json()["results"]
        assert [row["id"] for row in rows] == [job.key]
    assert other_house.api("charlie").get("/api/v1/jobs/?preset=nightly-run").json()["results"] == []


def test_a_further_attempt_keeps_the_preset_and_a_clone_does_not(house: House) -> None:
    job = submitted(house, "bob", f"/jobs/new/?preset={make(house).slug}")
    TransformJob.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    again = house.api("bob").post(f"/api/v1/jobs/{job.key}/retry/", {}, "application/json").json()
    assert again["preset"] == "nightly-run"
    clone = submitted(house, "bob", f"/jobs/new/?from={job.key}")
    assert (clone.origin, clone.preset) == (Origin.CLONE, None)


def test_what_automatic_attempts_used_up_is_no_difference_from_the_preset(house: House) -> None:
    job = submitted(house, "bob", f"/jobs/new/?preset={make(house, max_retries=2).slug}")
    TransformJob.objects.filter(pk=job.pk).update(state=JobState.FAILED, next_attempt_at=timezone.now())
    again = TransformJob.objects.get(pk=retrying.retry(job.pk))
    assert (again.max_retries, again.preset) == (1, job.preset)
    assert presets.differences(again) == []


def test_presets_of_another_team_are_not_there(house: House, other_house: House) -> None:
    make(house)
    client = other_house.page("charlie")
    assert "Nightly" not in client.get("/presets/").content.decode()
    assert other_house.api("charlie").get("/api/v1/presets/").json()["results"] == []
    for path in ("", "edit/", "delete/", "default/"):
        assert client.post(f"/presets/nightly-run/{path}").status_code in {404, 405}, path
    assert client.get("/presets/new/?copy=nightly-run").status_code == 404
    assert client.get(f"/presets/new/?from={house.job().key}").status_code == 404
