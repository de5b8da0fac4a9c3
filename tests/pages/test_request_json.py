"""The form's fields and its JSON: the same request whichever is edited, and what is submitted is what is shown."""

from __future__ import annotations

import json
import string
from functools import partial
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.forms import request_json
from jobs.forms.job import JobForm
from jobs.models import TransformJob
from jobs.services.submitting import job_options, presets
from tests.cast import FIELDS, House
from tests.pages.requests import EVERYTHING, errors_beside
from tests.support.forms import form_values
from tests.support.html import Page
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db

WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12)
LINE = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TAG = st.text(string.ascii_letters + " _.:/=+-@", min_size=1, max_size=8).filter(
    lambda key: not key.lower().startswith("aws:")
)
KEY = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
URI = st.builds("s3://{}/{}".format, WORD, KEY)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "name": WORD,
    "instance_count": st.integers(1, 100),
    "data_type": st.sampled_from(["S3Prefix", "ManifestFile"]),
    "content_type": st.sampled_from(["text/csv", "application/x-of-our-own"]),
    "compression_type": st.sampled_from(["None", "Gzip"]),
    "split_type": st.sampled_from(["None", "Line", "RecordIO", "TFRecord"]),
    "strategy": st.sampled_from(["MultiRecord", "SingleRecord"]),
    "accept": st.sampled_from(["text/csv", "image/png"]),
    "assemble_with": st.sampled_from(["None", "Line"]),
    "max_concurrent_transforms": st.integers(0, 5),
    "max_payload": st.integers(0, 20),
    "env": st.dictionaries(st.from_regex(r"[A-Z_]{1,6}", fullmatch=True), LINE, max_size=3),
    "model_client_config": st.fixed_dictionaries(
        {},
        optional={
            "invocations_timeout_in_seconds": st.integers(1, 3600),
            "invocations_max_retries": st.integers(0, 3),
        },
    ),
    "tags": st.dictionaries(TAG, st.text(string.ascii_letters + " =", max_size=6), max_size=3),
    "output_kms_key": WORD,
    "volume_kms_key": WORD,
    "transform_ami_version": WORD,
    "data_capture_config": st.fixed_dictionaries(
        {"destination_s3_uri": URI}, optional={"kms_key_id": WORD, "generate_inference_id": st.just(False)}
    ),
    "experiment_config": st.fixed_dictionaries({}, optional={"ExperimentName": KEY, "TrialName": KEY}),
}
SPECS = st.fixed_dictionaries(
    {"data": URI, "output_path": URI, "instance_type": st.sampled_from(["ml.m5.large", "ml.p3.2xlarge"])},
    optional=OPTIONAL,
).map(lambda fields: TransformSpec.from_fields({"model_name": "churn", **fields}))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SPECS)
def test_from_json_to_the_form_and_back_nothing_is_lost(house: House, spec: TransformSpec) -> None:
    text = json.dumps(spec.to_request())
    reading = request_json.read(text, QueryDict(mutable=True), partial(JobForm, house.team))
    assert not reading.problems
    form = JobForm(house.team, reading.data)
    assert form.is_valid(), form.errors
    assert form.parsed[1] == spec
    written = request_json.write(request_json.checked_draft(form))
    assert json.loads(written) == spec.to_request()
    again = request_json.read(written, reading.data, partial(JobForm, house.team))
    assert again.data.dict() == reading.data.dict()


def json_of(answer: Any) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(form_values(answer)["request_json"])
    return request


def submitted(house: House, client: Any, form: dict[str, str], path: str = "/jobs/new/") -> dict[str, Any]:
    before = set(TransformJob.objects.values_list("pk", flat=True))
    answer = client.post(path, form)
    assert answer.status_code == 302, errors_beside(answer)
    job = TransformJob.objects.exclude(pk__in=before).get()
    return {**TransformSpec.from_fields({**job.spec, "name": None}).to_request()}


def test_a_new_job_is_what_its_json_says(house: House) -> None:
    client = house.page("bob")
    checked = client.post("/jobs/new/", {"model": house.model.pk, **FIELDS, "max_payload": "7", "check": "1"})
    assert submitted(house, client, form_values(checked)) == json_of(checked)


@pytest.mark.parametrize("change", ["", "&change=max_payload&to=9", "&change=accept&to=text%2Fcsv"])
def test_a_clone_and_a_try_with_a_change_are_what_their_json_says(house: House, change: str) -> None:
    spec = TransformSpec.from_fields(
        {"model_name": "churn", **FIELDS, "env": {"A": ' two\nlines="x" ', "B": '"q"'}, "tags": {"a=b": ""}}
    )
    source = house.job(spec=spec.to_fields(), priority=3)
    client, path = house.page("bob"), f"/jobs/new/?from={source.key}{change}"
    page = client.get(path)
    request = json_of(page)
    assert request["Environment"] == dict(spec.env)
    assert request.get("MaxPayloadInMB") == (9 if "payload" in change else None)
    assert submitted(house, client, form_values(page), path) == request
    assert TransformJob.objects.order_by("-pk")[0].priority == 3


def test_everything_survives_an_edit_of_one_member(house: House) -> None:
    client = house.page("bob")
    spec = TransformSpec.from_fields({"model_name": "churn", **EVERYTHING})
    edited = {**spec.to_request(), "MaxPayloadInMB": 3}
    start = form_values(client.get("/jobs/new/"))
    applied = client.post("/jobs/new/", {**start, "request_json": json.dumps(edited), "from_json": "1"})
    assert applied.status_code == 200
    assert json_of(applied) == edited
    del edited["TransformJobName"]
    assert submitted(house, client, form_values(applied)) == edited


def test_an_edit_that_was_not_taken_over_is_never_passed_over(house: House) -> None:
    client = house.page("bob")
    typed = form_values(client.post("/jobs/new/", {"model": house.model.pk, **FIELDS, "check": "1"}))
    edited = {**typed, "request_json": typed["request_json"].replace("ml.m5.large", "ml.m5.xlarge")}
    answer = client.post("/jobs/new/", edited)
    assert answer.status_code == 400
    assert "edited and not taken over" in answer.content.decode()
    assert "xlarge" in form_values(answer)["request_json"]
    assert not TransformJob.objects.exists()
    dropped = client.post("/jobs/new/", {**form_values(answer), "to_json": "1"})
    assert "xlarge" not in form_values(dropped)["request_json"]
    # Laid out in another way it says the same.
    same = {**typed, "request_json": json.dumps(json.loads(typed["request_json"]))}
    assert client.post("/jobs/new/", same).status_code == 302


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "{\n  oops",
            "This is not JSON: Expecting property name enclosed in double quotes. (line 2, column 3)",
        ),
        ("[]", "It must be an object: the CreateTransformJob JSON."),
        ('{\n "MaxPayloadInMB": 500}', "MaxPayloadInMB (line 2, column 20): It must be from 0 to 100."),
        ('{"Nonsense": 1}', "Nonsense (line 1, column 14): CreateTransformJob has no such field."),
        (
            '{"ModelClientConfig": {\n"InvocationsMaxRetries": 9}}',
            "ModelClientConfig.InvocationsMaxRetries (line 2, column 26): It must be from 0 to 3.",
        ),
        ('{"ModelName": "unknown"}', "The team has registered no model of this name"),
        ('{"TransformOutput": {"Accept": " x "}}', "A field of the form cannot hold this as it is"),
        ('{"Tags": 5}', "Tags (line 1, column 10)"),
        ('{"Environment": {"A": "\\u0000"}}', "NUL"),
        ("[" * 5000, "nested too deeply"),
        ('{"MaxPayloadInMB": 1' + "0" * 5000 + "}", "too many digits"),
    ],
    ids=range(11),
)
def test_what_cannot_be_taken_over_is_told_with_its_place(house: House, text: str, sentence: str) -> None:
    client = house.page("bob")
    answer = client.post("/jobs/new/fields/", {"request_json": text})
    assert answer.status_code == 200
    assert sentence in Page(answer).by_id("json-says").text
    assert answer["HX-Reswap"] == "none"
    page = client.post("/jobs/new/", {"request_json": text, "data": "s3://b/kept/", "from_json": "1"})
    assert sentence in Page(page).by_id("json-says").text
    assert Page(page).by_id("id_data").get("value") == "s3://b/kept/"


def test_the_fields_alone_are_answered_to_a_script_and_the_terms_stay(house: House) -> None:
    text = json.dumps({"ModelName": "churn", "BatchStrategy": "SingleRecord"})
    sent = {"request_json": text, "priority": "5", "max_payload": "9", "name": "gone"}
    answer = house.page("bob").post("/jobs/new/fields/", sent)
    page = Page(answer)
    assert not page.all("body")
    fields = form_values(answer)
    assert (fields["priority"], fields["max_payload"], fields["name"]) == ("5", "", "")
    assert (fields["strategy"], fields["model"]) == ("SingleRecord", str(house.model.pk))
    assert set(job_options.NAMES) <= set(fields)
    assert answer["HX-Trigger-After-Settle"] == "fields-changed"


def test_another_teams_model_is_not_found_by_its_name(house: House, other_house: House) -> None:
    other_house.model.name = "theirs"
    other_house.model.save()
    answer = house.page("bob").post("/jobs/new/fields/", {"request_json": '{"ModelName": "theirs"}'})
    assert "registered no model" in Page(answer).by_id("json-says").text


def test_preflights_answer_has_the_json_and_the_code_of_what_is_typed(house: House) -> None:
    client = house.page("bob")
    answer = client.post("/jobs/new/preflight/", {"model": house.model.pk, **FIELDS, "max_payload": "4"})
    page = Page(answer)
    assert json.loads(form_values(answer)["request_json"])["MaxPayloadInMB"] == 4
    for name, part in [
        ("boto3", "MaxPayloadInMB=4"),
        ("cli", '"MaxPayloadInMB": 4'),
        ("sdk", "max_payload=4"),
        ("curl", '"max_payload": 4'),
    ]:
        assert part in page.by_id(f"code-{name}").text, name
    pending = client.post("/jobs/new/preflight/", {"model": house.model.pk, **FIELDS, "request_json": "{"})
    assert "request-json" not in pending.content.decode()
    assert "Ready to submit" not in pending.content.decode()
    assert "The JSON has edits that are not applied" in pending.content.decode()


def test_the_json_cannot_change_what_a_preset_locks(house: House) -> None:
    body = {"connection": "engine", "model": "churn", **FIELDS, "max_payload": 7}
    rules = {"max_payload": "locked", "content_type": "hidden"}
    saved = presets.create(house.team, name="Nightly", body=body, rules=rules, by=house.people["bob"])
    client = house.page("bob")
    begun = client.get(f"/jobs/new/?preset={saved.slug}")
    preset_request = json_of(begun)
    assert (preset_request["MaxPayloadInMB"], preset_request["TransformInput"]["ContentType"]) == (
        7,
        "text/csv",
    )
    changed = {**preset_request, "MaxPayloadInMB": 9, "BatchStrategy": "SingleRecord"}
    sent = {**form_values(begun), "request_json": json.dumps(changed)}
    answer = client.post("/jobs/new/fields/", sent)
    assert "MaxPayloadInMB (line 1" in Page(answer).by_id("json-says").text
    assert "The preset locks it." in Page(answer).by_id("json-says").text
    allowed = {**preset_request, "BatchStrategy": "SingleRecord"}
    applied = client.post("/jobs/new/", {**sent, "request_json": json.dumps(allowed), "from_json": "1"})
    assert json_of(applied) == allowed
    assert submitted(house, client, form_values(applied)) == allowed
