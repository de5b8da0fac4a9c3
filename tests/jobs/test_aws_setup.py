"""The policies that a connection's pages show to copy: of its account, places, models, queue and roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.models import Connection, RegisteredModel
from jobs.services.connections import aws_setup, connections
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
ROLE = "arn:aws:iam::123456789012:role/batchdeck"
FORM = {
    "name": "Production",
    "region": "eu-west-1",
    "role_arn": ROLE,
    "external_id": "a-long-secret-word",
    "allowed_places": "s3://team-data/in/ s3://team-data/out/",
    "allowed_models": "churn-*",
    "queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/events",
}


def make(house: House, **fields: Any) -> Connection:
    return connections.create(
        house.team, by=house.people["alice"], **{"name": "Production", "region": "eu-west-1", **fields}
    )


def allowed(policy: str) -> dict[str, Any]:
    """The resource of each action."""
    return {
        action: statement["Resource"]
        for statement in json.loads(policy)["Statement"]
        for action in statement["Action"]
    }


def test_a_policy_names_the_places_models_queue_and_roles_of_the_connection(house: House) -> None:
    connection = make(
        house,
        role_arn=ROLE,
        allowed_places=["s3://team-data/in/", "s3://team-data/out/"],
        allowed_models=["churn-*"],
        queue_url=FORM["queue_url"],
    )
    for name in ("churn-1", "churn-2"):
        RegisteredModel.objects.create(
            team=house.team,
            connection=connection,
            name=name,
            containers=[],
            execution_role_arn="arn:aws:iam::123456789012:role/run",
        )
    setup = aws_setup.setup_of(connection)
    by_action = allowed(setup.policy)
    assert by_action["s3:GetObject"] == ["arn:aws:s3:::team-data/in/*", "arn:aws:s3:::team-data/out/*"]
    assert by_action["s3:ListBucket"] == "arn:aws:s3:::team-data"
    assert by_action["sagemaker:CreateModel"] == "arn:aws:sagemaker:eu-west-1:123456789012:model/churn-*"
    assert by_action["sqs:ReceiveMessage"] == "arn:aws:sqs:eu-west-1:123456789012:events"
    assert by_action["iam:PassRole"] == "arn:aws:iam::123456789012:role/run"
    assert json.loads(setup.assume)["Statement"][0]["Resource"] == ROLE


def test_what_is_not_switched_on_is_not_allowed(house: House) -> None:
    plain = allowed(aws_setup.setup_of(make(house)).policy)
    assert not {"s3:DeleteObject", "sqs:ReceiveMessage", "sqs:DeleteMessage"} & set(plain)
    assert "s3:CreateBucket" in plain
    deleting = allowed(aws_setup.setup_of(make(house, name="D", allow_deletes=True)).policy)
    assert set(deleting) - set(plain) == {"s3:DeleteObject"}
    narrow = allowed(aws_setup.setup_of(make(house, name="N", allowed_places=["s3://team-data/"])).policy)
    assert set(plain) - set(narrow) >= {"s3:CreateBucket", "sagemaker:ListModelPackageGroups"}
    china = allowed(aws_setup.setup_of(make(house, name="C", region="cn-north-1")).policy)
    assert set(plain) - set(china) == {"pricing:GetProducts"}
    assert china["sagemaker:StopTransformJob"].startswith("arn:aws-cn:sagemaker:cn-north-1:")


def test_what_is_not_known_is_a_word_to_replace_and_explained(house: House) -> None:
    setup = aws_setup.setup_of(make(house))
    words = dict(setup.placeholders)
    assert {"ACCOUNT_ID", "EXECUTION_ROLE"} <= set(words)
    assert "REGION" not in words
    Connection.objects.filter(name="Production").update(
        own_arn="arn:aws:iam::999999999999:role/web", account_id="123456789012"
    )
    setup = aws_setup.setup_of(Connection.objects.get(name="Production"))
    assert json.loads(setup.trust)["Statement"][0]["Principal"] == {
        "AWS": "arn:aws:iam::999999999999:role/web"
    }
    assert dict(setup.placeholders).keys() == {"EXECUTION_ROLE"}


def test_the_form_makes_the_policies_while_it_is_typed(house: House) -> None:
    page = Page(house.page("alice").get("/connections/new/"))
    assert "REGION" in page.by_id("aws-policy").text
    drawn = Page(house.page("alice").post("/connections/new/setup/", FORM))
    trust = json.loads(drawn.by_id("aws-trust").text)["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "a-long-secret-word"}}
    assert "arn:aws:s3:::team-data/out/*" in drawn.by_id("aws-policy").text
    assert not Connection.objects.filter(name="Production").exists()


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"region": "nowhere", "role_arn": "arn:x", "queue_url": "sqs"},
        {"allowed_places": "not-a-place s3:// s3://UPPER/ s3://fine-one/", "allowed_models": "-bad- *"},
        {"region": '"}]', "external_id": '"</pre><b>', "max_instances_per_type": "x"},
        {"region": "eu-west-1{account}", "allowed_places": "s3://a-{b}/{c}/", "allowed_models": "{x}"},
    ],
)
def test_wrong_fields_leave_policies_that_are_json(house: House, typed: dict[str, str]) -> None:
    answer = house.page("alice").post("/connections/new/setup/", typed)
    assert answer.status_code == 200
    page = Page(answer)
    for name in ("aws-policy", "aws-trust"):
        assert json.loads(page.by_id(name).text)["Version"] == "2012-10-17"


def test_a_connection_to_an_engine_has_nothing_to_set_up(house: House) -> None:
    assert 'id="aws-setup"' not in house.page("alice").get("/connections/engine/").content.decode()


def test_only_admins_see_the_external_id(house: House) -> None:
    slug = make(house, role_arn=ROLE, external_id="a-long-secret-word").slug
    assert "a-long-secret-word" in house.page("alice").get(f"/connections/{slug}/").content.decode()
    text = house.page("bob").get(f"/connections/{slug}/").content.decode()
    assert "a-long-secret-word" not in text
    assert house.page("bob").post("/connections/new/setup/", FORM).status_code == 403


@pytest.fixture
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS credentials anywhere."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


@pytest.mark.usefixtures("without_credentials")
def test_a_connection_of_the_api_is_tested_and_kept_whatever_the_test_finds(house: House) -> None:
    body, client = {"name": "Production", "region": "eu-south-2"}, house.api("alice")
    first, again = (
        client.post("/api/v1/connections/", body, "application/json", headers={"Idempotency-Key": "once"})
        for _ in range(2)
    )
    answer = first.json()
    assert (first.status_code, again.json()) == (201, answer)
    assert {line["outcome"] for line in answer["test"]["lines"]} == {"unreachable", "not needed"}
    assert "No AWS credentials were found." in answer["last_error"]
    assert Connection.objects.get(slug=answer["slug"]).tested_at is not None
    assert (
        "No AWS credentials were found."
        in house.page("vera").get("/connections/production/").content.decode()
    )


@pytest.mark.usefixtures("without_credentials")
def test_a_new_connection_is_tested_and_kept_whatever_the_test_finds(house: House) -> None:
    answer = house.page("alice").post(
        "/connections/new/", {**FORM, "region": "eu-south-2", "queue_url": ""}, follow=True
    )
    connection = Connection.objects.get(name="Production")
    assert answer.redirect_chain[-1][0] == f"/connections/{connection.slug}/"
    page = Page(answer)
    assert "Production is added." in page.text
    assert "No AWS credentials were found." in page.text
    assert connection.tested_at is not None
    assert ROLE in page.by_id("aws-assume").text
