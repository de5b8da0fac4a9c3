"""The new-job form: the same request as the API makes from the same values, or a sentence beside the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.forms.job import JobForm
from jobs.models import RegisteredModel, TransformJob
from jobs.services.submitting import job_options
from jobs.states import JobState
from tests.cast import FIELDS, House
from tests.pages.requests import EVERYTHING, errors_beside, through_api
from tests.support.html import Page
from transform.request import PATHS

pytestmark = pytest.mark.django_db


def as_typed(fields: dict[str, Any]) -> dict[str, Any]:
    """The API's fields as a person would fill them in: numbers as digits, maps as lines."""
    typed: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ("model_client_config", "data_capture_config"):
            typed |= {f"{name}.{inner}": str(content).lower() for inner, content in value.items()}
        elif isinstance(value, dict):
            typed[name] = "\r\n".join(f"{key}={text}" for key, text in value.items())
        else:
            typed[name] = str(value)
    return typed


def send(house: House, **changes: Any) -> Any:
    """Fill in and send the form as Bob."""
    form = {"model": house.model.pk, **FIELDS, **changes}
    return house.page("bob").post("/jobs/new/", form)


@pytest.mark.parametrize("fields", [FIELDS, EVERYTHING], ids=["few", "all"])
def test_the_form_makes_the_request_that_the_api_makes_from_the_same_values(
    house: House, fields: dict[str, Any]
) -> None:
    answer = house.page("bob").post("/jobs/new/", {"model": house.model.pk, **as_typed(fields)})
    assert answer.status_code == 302, errors_beside(answer)
    formed = TransformJob.objects.get()
    # Withdrawn, so that its name is free for the second one.
    formed.move(JobState.CANCELLED, from_={JobState.WAITING})
    sent = through_api(house, {"connection": "engine", "model": "churn", **fields})
    assert json.dumps(formed.spec, sort_keys=True) == json.dumps(sent.spec, sort_keys=True)
    assert (formed.connection, formed.model) == (sent.connection, sent.model)
    if "name" in fields:
        assert formed.name == sent.name == fields["name"]


def test_the_form_has_every_field_of_create_transform_job(house: House) -> None:
    page = Page(house.page("bob").get("/jobs/new/"))
    beside = {"csrfmiddlewaretoken", "form_key", "form_team", "q"}
    field_names = {node.get("name") for node in page.all("input", "select", "textarea")} - beside
    assert field_names == set(PATHS) - {"model_name"} | {
        "model",
        *job_options.NAMES,
        "request_json",
        "json_shown",
        "first_records",
    }


def test_every_field_of_create_transform_job_reaches_the_request_from_the_form_and_the_api(
    house: House,
) -> None:
    house.page("bob").post("/jobs/new/", {"model": house.model.pk, **as_typed(EVERYTHING)})
    TransformJob.objects.get().move(JobState.CANCELLED, from_={JobState.WAITING})
    sent = through_api(house, {"connection": "engine", "model": "churn", **EVERYTHING})
    for job in (TransformJob.objects.exclude(pk=sent.pk).get(), sent):
        request = json.loads(Page(house.page("bob").get(f"/jobs/{job.key}/request/")).by_id("sent").text)
        for name, path in PATHS.items():
            node = request
            for part in path:
                assert part in node, f"{name} is not in the request"
                node = node[part]


def test_the_form_shows_again_what_was_typed_when_something_is_wrong(house: House) -> None:
    typed = as_typed({**EVERYTHING, "data": "nowhere"})
    page = Page(house.page("bob").post("/jobs/new/", {"model": house.model.pk, **typed}))
    for name, text in typed.items():
        node = next(node for node in page.all() if node.get("name") == name)
        if node.tag == "input":
            assert node.get("value") == text, name
        elif node.tag == "textarea":
            assert node.text.split() == text.split(), name
        else:
            chosen = [option for option in Page.all_below(node, "option") if "selected" in option.attributes]
            assert [option.get("value") for option in chosen] == [text], name


NAME_RULE = "It must be letters, digits and hyphens between them, 63 at most."
URI_RULE = "It must be an S3 URI such as s3://bucket/prefix/."


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("model", "", "Choose one of the team's models."),
        ("model", "999999999999999999999999", "Choose one of these."),
        ("model", "one\0", "Null characters are not allowed."),
        ("name", "x" * 64, NAME_RULE),
        ("name", "two words", NAME_RULE),
        ("name", "größe", NAME_RULE),
        ("name", "two\nlines", NAME_RULE),
        ("name", "-edge", NAME_RULE),
        ("name", "a\0b", "Null characters are not allowed."),
        ("data", "", "This is required."),
        ("data", "   ", "This is required."),
        ("data", "bucket/in", URI_RULE),
        ("data", "s3://bucket/\0", "Null characters are not allowed."),
        ("data", "s3://bucket/" + "x" * 1024, "It must be 1024 characters at most."),
        ("output_path", "s3://", URI_RULE),
        ("data_type", "Everything", "Select a valid choice. Everything is not one of the available choices."),
        ("instance_type", "large", "It must be an instance type such as ml.m5.xlarge."),
        ("instance_count", "two", "Enter a whole number."),
        ("instance_count", "0", "It must be from 1 to 100."),
        ("instance_count", "9" * 30, "It must be from 1 to 100."),
        ("content_type", "text/csv\nX: y", "It must be one line of plain text, such as text/csv."),
        ("content_type", "x" * 257, "It must be 256 characters at most."),
        ("accept", "größe", "It must be one line of plain text, such as text/csv."),
        ("input_filter", "1:", 'Invalid InputFilter: "1:". It must be a JSONPath that starts with $.'),
        ("output_filter", "$" * 64, "It must be 63 characters at most."),
        ("max_payload", "101", "It must be from 0 to 100."),
        ("max_concurrent_transforms", "-1", "It must be 0 or more."),
        ("model_client_config.invocations_timeout_in_seconds", "3601", "It must be from 1 to 3600."),
        ("model_client_config.invocations_max_retries", "4", "It must be from 0 to 3."),
        ("env", "LEVEL", "Line 1 must be KEY=VALUE."),
        ("env", "A=1\n\n=2", "Line 3 must be KEY=VALUE."),
        ("env", "A=1\nA=2", "Line 2 gives A a second time."),
        ("env", "A=x\0y", "Line 1 holds a NUL character."),
        ("env", "1A=x", "'1A' is no variable name: letters, digits and _, not starting with a digit."),
        ("tags", "aws:x=y", "Tag 'aws:x': keys that start with aws: are AWS's own."),
        ("output_kms_key", "my key", "It must be a KMS key id, alias or ARN."),
        ("transform_ami_version", "a b", "It must be an AMI version's name."),
        ("data_capture_config.destination_s3_uri", "bucket", URI_RULE),
        ("data_capture_config.kms_key_id", "alias/x", URI_RULE),
        (
            "experiment_config",
            "Trial=x",
            "'Trial' is not one of ExperimentName, TrialName, TrialComponentDisplayName, RunName.",
        ),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_saved(
    house: House, field: str, value: str, sentence: str
) -> None:
    answer = send(house, **{field: value})
    assert answer.status_code == 400
    # Without a destination nothing can be captured, whatever key it would have.
    where = field.replace("kms_key_id", "destination_s3_uri") if "capture" in field else field
    assert errors_beside(answer) == {where: [sentence]}
    assert not TransformJob.objects.exists()


def test_the_fold_with_a_mistake_is_open_and_the_top_links_to_the_field(house: House) -> None:
    page = Page(send(house, max_payload="101", tags="x"))
    opened = [node for node in page.all("details") if "open" in node.attributes]
    assert ["needs a change" in node.text for node in opened] == [True, True]
    assert {"#id_max_payload", "#id_tags"} <= page.links()
    assert "2 things must be changed." in page.all("body")[0].text


def test_a_name_that_another_job_has_is_told_beside_its_field(house: House) -> None:
    first_job = house.job(name="nightly")
    answer = send(house, name="nightly")
    assert answer.status_code == 400
    assert first_job.key in errors_beside(answer)["name"][0]
    assert TransformJob.objects.count() == 1


def test_several_mistakes_are_told_at_once(house: House) -> None:
    answer = send(house, name="a b", data="", strategy="", max_payload="x")
    assert set(errors_beside(answer)) == {"name", "data", "max_payload"}


def test_a_rule_across_fields_is_told_beside_the_one_to_change(house: House) -> None:
    answer = send(house, max_payload="50", max_concurrent_transforms="4")
    assert errors_beside(answer) == {
        "max_payload": [
            "4 x 50 MB is 200 MB in flight on an instance; SageMaker allows 100. "
            "Set max_payload to 25 or less."
        ]
    }


def test_another_teams_model_cannot_be_chosen(house: House, other_house: House) -> None:
    answer = send(house, model=other_house.model.pk)
    assert errors_beside(answer) == {"model": ["Choose one of these."]}


def test_blanks_around_what_was_typed_do_not_count(house: House) -> None:
    assert send(house, name="  nightly  ", data=" s3://bucket/in/ ").status_code == 302
    job = TransformJob.objects.get()
    assert (job.name, job.data) == ("nightly", "s3://bucket/in/")


def test_text_in_any_script_is_kept_as_it_is(house: House) -> None:
    data = "s3://bucket/größe/データ & <b>/"
    assert send(house, data=data, env="A=x\u2028「y」").status_code == 302
    job = TransformJob.objects.get()
    assert (job.data, job.spec["env"]) == (data, {"A": "x\u2028「y」"})
    page = house.page("vera").get(f"/jobs/{job.key}/")
    assert data in Page(page).all("body")[0].text
    assert "<b>/" not in page.content.decode()


def test_the_form_begins_with_the_model_that_was_asked_for(house: House) -> None:
    second = RegisteredModel.objects.create(
        team=house.team, connection=house.connection, name="second", containers=[]
    )
    client = house.page("bob")
    for model_key, chosen in [(house.model.pk, house.model), ("", second), ("x", second), ("9" * 30, second)]:
        select = Page(client.get(f"/jobs/new/?model={model_key}")).by_id("id_model")
        marked = [
            node.get("value") for node in Page.all_below(select, "option") if "selected" in node.attributes
        ]
        assert marked == [str(chosen.pk)], model_key


def test_the_forms_names_are_the_apis(house: House) -> None:
    """So that an API error and the form's name a field alike."""
    assert set(JobForm(house.team).fields) == set(PATHS) - {"model_name"} | {"model", *job_options.NAMES}


def test_a_job_is_shown_though_its_request_breaks_a_rule_of_today(house: House) -> None:
    """Rules may have grown stricter since it was submitted."""
    job = house.job(spec={"model_name": "churn", **FIELDS, "strategy": "AllAtOnce", "tags": {"aws:x": "y"}})
    client = house.page("vera")
    for tab in ("", "request/"):
        assert client.get(f"/jobs/{job.key}/{tab}").status_code == 200
    assert client.get("/").status_code == 200


def test_a_frameworks_image_is_taken_where_a_browser_without_scripts_left_the_field_empty(
    house: House,
) -> None:
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    sent = {"connection": house.connection.slug, "name": "", "framework": image, "image": ""}
    page = Page(house.page("bob").post("/models/new/", sent))
    assert page.by_id("id_image").get("value") == image
    own = Page(house.page("bob").post("/models/new/", {**sent, "image": "registry/own:1"}))
    assert own.by_id("id_image").get("value") == "registry/own:1"
