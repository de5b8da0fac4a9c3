"""The pages of the registry: groups, versions, approval, registering, deleting."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from aws import package_groups, packages
from deployments.models import ApprovalChange
from deployments.registry.services import versions
from jobs.lifecycle.aws_session import target_of
from jobs.models import Connection, RegisteredModel
from teams.models import Activity
from tests.cast import House
from tests.engine.resources import put, unique
from tests.engine.team_keys import make_key
from tests.registry.conftest import XGBOOST, Register, archive
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def address(house: House, group: str, number: int | str = "", rest: str = "") -> str:
    return (
        "/".join(["/registry", house.connection.slug, group, *([str(number)] if number else [])]) + f"/{rest}"
    )


def decide(house: House, who: str, group: str, number: int, status: str, **more: str) -> Any:
    fields = {"status": status, "note": "", **more}
    return house.page(who).post(address(house, group, number, "approval/"), fields, follow=True)


def test_the_groups_show_the_latest_approved_version_and_how_many_there_are(
    real: House, group: str, register: Register
) -> None:
    for approval in ("Approved", "PendingManualApproval"):
        register(approval=approval)
    page = Page(real.page("vera").get("/registry/", {"q": group}))
    row = next(node for node in page.all("tr") if group in node.text)
    assert "Version 1" in row.text
    assert "Who leaves" in row.text
    assert address(real, group, 1) in page.links()
    assert [cell.text for cell in Page.all_below(row, "td")][2] == "2"


def test_groups_are_found_by_a_part_of_their_name_and_paged(real: House) -> None:
    mark, target = unique("many"), target_of(real.connection)
    for number in range(21):
        package_groups.create(target, f"{mark}-{number:02}")
    client = real.page("vera")
    first = Page(client.get("/registry/", {"q": mark}))
    names = [node.text for node in first.all("a") if node.text.startswith(mark)]
    assert names == [f"{mark}-{number:02}" for number in range(20, 0, -1)]
    following = next(node.get("href") for node in first.all("a") if node.text.strip() == "Next")
    second = Page(client.get(following))
    assert [node.text for node in second.all("a") if node.text.startswith(mark)] == [f"{mark}-00"]
    assert "No group on Engine" in Page(client.get("/registry/", {"q": unique("none")})).text


def test_the_versions_say_approval_metrics_models_and_jobs(
    real: House, group: str, register: Register
) -> None:
    first = register(metadata={"auc": "0.914", "owner": "ana"}, description="May")
    versions.create_model(real.connection, first, name=unique("model"), by=real.people["bob"])
    register()
    page = Page(real.page("vera").get(address(real, group)))
    rows = [node.text for node in page.all("tr")][1:]
    assert rows[0].startswith("Version 2")
    assert rows[1].startswith("Version 1")
    for text in ("May", "Waiting for approval", "auc 0.914", RegisteredModel.objects.latest("pk").name):
        assert text in rows[1]
    assert "owner" not in rows[1]


def test_versions_are_narrowed_to_an_approval(real: House, group: str, register: Register) -> None:
    register(approval="Approved")
    register()
    page = Page(real.page("vera").get(address(real, group), {"approval": "Approved"}))
    assert [node.text.split(" Approved")[0] for node in page.all("tr")][1:] == ["Version 1"]
    empty = Page(real.page("vera").get(address(real, group), {"approval": "Rejected"}))
    assert "No version has this approval." in empty.text


def test_a_version_shows_its_containers_and_the_numbers_of_its_statistics(
    real: House, group: str, register: Register, engine: EngineProcess
) -> None:
    body = {
        "binary_classification_metrics": {"auc": {"value": 0.93, "standard_deviation": 0.01}},
        "note": "x",
    }
    uri = put(engine, f"{unique('quality')}.json", json.dumps(body).encode())
    version = register(statistics_uri=uri, content_types=["text/csv"], metadata={"owner": "ana"})
    page = Page(real.page("vera").get(address(real, group, version.number)))
    for text in (
        XGBOOST,
        str(version.containers[0]["ModelDataUrl"]),
        "Model quality statistics",
        "binary_classification_metrics / auc 0.93 ± 0.01",
        "text/csv",
        "owner ana",
        version.arn,
        "No job has used it yet.",
    ):
        assert text in page.text, text


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (None, "There is no such object."),
        (b"\xff\xfe", "It is no JSON"),
        (b"[" * 100_000, "It is no JSON"),
        (b'{"a": {"b": "text"}}', "It has no numbers."),
        (b'{"a": ' + b"1" * 300_000 + b"}", "more than 256 KB"),
        (b'{"a": 1e999, "b": NaN, "c": true}', "It has no numbers."),
    ],
)
def test_statistics_that_cannot_be_read_say_why(
    real: House, group: str, register: Register, engine: EngineProcess, body: bytes | None, problem: str
) -> None:
    name = f"{unique('quality')}.json"
    uri = put(engine, name, body if body is not None else b"{}")
    version = register(statistics_uri=uri)
    if body is None:
        engine.client("s3").delete_object(Bucket=uri.split("/")[2], Key=name)
    answer = real.page("vera").get(address(real, group, version.number))
    assert answer.status_code == 200
    assert problem in Page(answer).text


def test_an_operator_approves_with_a_note_which_sagemaker_and_the_activity_keep(
    real: House, group: str, register: Register
) -> None:
    version = register()
    page = Page(decide(real, "bob", group, version.number, "Approved", note="AUC is fine"))
    assert f"{group} version 1 is approved." in page.text
    assert "Bob" in page.text or "bob" in page.text
    remote = packages.describe(target_of(real.connection), version.arn)
    assert remote is not None
    assert (remote.approval, remote.approval_description) == ("Approved", "AUC is fine")
    change = ApprovalChange.objects.latest("pk")
    assert (change.before, change.after, change.note) == ("PendingManualApproval", "Approved", "AUC is fine")
    assert change.by == real.people["bob"]
    act = Activity.objects.latest("pk")
    assert (act.verb, act.object_label) == ("package_version.approved", f"{group} version 1")
    assert act.detail == {"note": "AUC is fine"}


def test_without_a_note_the_description_says_who_decided(real: House, group: str, register: Register) -> None:
    version = register()
    decide(real, "bob", group, version.number, "Rejected")
    remote = packages.describe(target_of(real.connection), version.arn)
    assert remote is not None
    assert remote.approval_description == f"Rejected: by {real.people['bob'].label} in Batchdeck"


def test_rejecting_what_a_colleague_approved_or_a_model_uses_is_asked_about(
    real: House, group: str, register: Register
) -> None:
    version = register(approval="Approved")
    name = unique("model")
    versions.create_model(real.connection, version, name=name, by=real.people["bob"])
    question = Page(decide(real, "alice", group, version.number, "Rejected", note="Drifts"))
    assert f"Reject {group} version 1?" in question.text
    assert name in question.text
    assert f"Approved by {real.people['bob'].label}" in question.text
    remote = packages.describe(target_of(real.connection), version.arn)
    assert remote is not None
    assert remote.approval == "Approved"
    sent = {node.get("name"): node.get("value") for node in question.all("input") if node.get("name")}
    fields = {key: sent[key] for key in ("status", "note", "before", "sure")}
    page = Page(decide(real, "alice", group, version.number, **fields))
    assert f"{group} version 1 is rejected." in page.text
    assert ApprovalChange.objects.latest("pk").note == "Drifts"


def test_ones_own_approval_of_an_unused_version_is_withdrawn_at_once(
    real: House, group: str, register: Register
) -> None:
    version = register(approval="Approved")
    page = Page(decide(real, "bob", group, version.number, "PendingManualApproval"))
    assert "is waiting for approval again." in page.text


def test_a_decision_on_what_changed_meanwhile_is_refused(real: House, group: str, register: Register) -> None:
    version = register()
    packages.set_approval(target_of(real.connection), version.arn, "Rejected", "By a script")
    page = Page(decide(real, "bob", group, 1, "Approved", before="PendingManualApproval"))
    assert "is rejected now; somebody changed it meanwhile" in page.text
    assert "somebody outside Batchdeck" in page.text
    assert "is rejected already" in Page(decide(real, "bob", group, 1, "Rejected")).text


def test_history_is_of_this_version_alone_when_a_group_is_made_anew(
    real: House, group: str, register: Register
) -> None:
    version = register()
    decide(real, "bob", group, 1, "Approved", note="The old one")
    target = target_of(real.connection)
    packages.delete(target, version.arn)
    package_groups.delete(target, group)
    package_groups.create(target, group)
    register()
    assert "The old one" not in Page(real.page("vera").get(address(real, group, 1))).text


@pytest.mark.parametrize("status", ["Nonsense", ""])
def test_a_status_that_does_not_exist_changes_nothing(
    real: House, group: str, register: Register, status: str
) -> None:
    register()
    page = Page(decide(real, "bob", group, 1, status))
    assert "status: " in page.text
    assert ApprovalChange.objects.count() == 1


def sent(engine: EngineProcess, **fields: str) -> dict[str, str]:
    """What the form of a new version sends."""
    return {"image": XGBOOST, "model_data": archive(engine), "approval": "PendingManualApproval", **fields}


def test_a_version_is_registered_with_the_form_and_its_registrar_is_named(
    real: House, group: str, engine: EngineProcess
) -> None:
    fields = sent(
        engine, env="A=1", metadata="auc=0.9", description="First", content_types="text/csv, text/plain"
    )
    answer = real.page("bob").post(address(real, group, rest="new/"), fields)
    assert (answer.status_code, answer["Location"]) == (302, address(real, group, 1))
    version = packages.describe(
        target_of(real.connection), f"arn:aws:sagemaker:us-east-1:000000000000:model-package/{group}/1"
    )
    assert version is not None
    assert version.containers[0]["Environment"] == {"A": "1"}
    assert (version.custom, version.description) == ({"auc": "0.9"}, "First")
    assert version.content_types == ("text/csv", "text/plain")
    page = Page(real.page("vera").get(address(real, group, 1)))
    assert "registered" in page.text


def test_a_pipeline_is_registered_as_json(real: House, group: str, engine: EngineProcess) -> None:
    container = {"Image": XGBOOST, "ModelDataUrl": archive(engine)}
    fields = {"containers": json.dumps([container, container]), "approval": "Approved"}
    answer = real.page("bob").post(address(real, group, rest="new/"), fields)
    assert answer.status_code == 302
    assert "Container 2" in Page(real.page("vera").get(address(real, group, 1))).text


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"image": ""}, "image", "It is required"),
        ({"image": "nobody/knows:1"}, "image", "nobody/knows:1"),
        ({"model_data": "s3://no-such-bucket-1/model.tar.gz"}, "model_data", "no such object"),
        ({"model_data": "model.tar.gz"}, "model_data", "It must be the s3:// address"),
        ({"description": "x" * 1025}, "description", "at most 1,024 characters; it has 1,025"),
        ({"description": "a\tb"}, "description", "one line"),
        ({"approval": "Maybe"}, "approval", "Select a valid choice"),
        ({"metadata": "a=" + "x" * 257}, "metadata", "1 to 256 letters"),
        ({"metadata": "a=<b>"}, "metadata", "a must have 1 to 256 letters"),
        ({"metadata": "\n".join(f"k{n}=1" for n in range(51))}, "metadata", "at most 50 names; it has 51"),
        ({"statistics_uri": "https://example.com/a.json"}, "statistics_uri", "s3:// address"),
        (
            {"transform_instance_types": "m5.large"},
            "transform_instance_types",
            "'m5.large' is no instance type",
        ),
        ({"content_types": "x" * 300}, "content_types", "is no MIME type"),
        ({"containers": "[{"}, "containers", "This is not JSON"),
        ({"containers": '[{"Image": "a:1"}]'}, "containers", "2 to 15"),
    ],
)
def test_what_cannot_be_registered_is_said_at_its_field_and_nothing_is_created(
    real: House, group: str, engine: EngineProcess, fields: dict[str, str], field: str, sentence: str
) -> None:
    answer = real.page("bob").post(address(real, group, rest="new/"), sent(engine, **fields))
    page = Page(answer)
    assert answer.status_code == 400
    assert sentence in page.by_id(f"id_{field}-error-1").text
    assert packages.list_page(target_of(real.connection), group).versions == ()


def test_an_archive_without_the_model_is_refused_and_can_be_registered_without_the_look(
    real: House, group: str, engine: EngineProcess
) -> None:
    fields = sent(engine, model_data=archive(engine, "folder/other.bin"))
    refused = real.page("bob").post(address(real, group, rest="new/"), fields)
    assert "no model file at its top" in Page(refused).by_id("id_model_data-error-1").text
    answer = real.page("bob").post(address(real, group, rest="new/"), {**fields, "skip_check": "on"})
    assert answer.status_code == 302


def test_a_form_sent_twice_registers_one_version(real: House, group: str, engine: EngineProcess) -> None:
    client = real.page("bob")
    page = Page(client.get(address(real, group, rest="new/")))
    hidden = {
        node.get("name"): node.get("value") for node in page.all("input") if node.get("type") == "hidden"
    }
    fields = {**sent(engine), **hidden}
    answers = [client.post(address(real, group, rest="new/"), fields) for _ in range(2)]
    assert {answer["Location"] for answer in answers} == {address(real, group, 1)}
    assert len(packages.list_page(target_of(real.connection), group).versions) == 1


def test_a_group_is_created_once(real: House) -> None:
    name = unique("new")
    fields = {"connection": real.connection.slug, "name": name, "description": "Churn"}
    answer = real.page("bob").post("/registry/new/", fields)
    assert (answer.status_code, answer["Location"]) == (302, address(real, name))
    again = real.page("bob").post("/registry/new/", fields)
    assert again.status_code == 400
    assert "Choose another name" in Page(again).by_id("id_name-error-1").text
    wrong = real.page("bob").post("/registry/new/", {**fields, "name": "a b"})
    assert "It must be 1 to 63 letters" in Page(wrong).by_id("id_name-error-1").text
    assert Activity.objects.filter(verb="package_group.created", object_label=name).count() == 1


def test_metadata_is_edited_and_lines_that_go_are_removed(
    real: House, group: str, register: Register
) -> None:
    version = register(metadata={"auc": "0.9", "owner": "ana"})
    path = address(real, group, 1, "metadata/")
    page = Page(real.page("bob").get(path))
    assert page.by_id("id_metadata").text == "auc=0.9 owner=ana"
    answer = real.page("bob").post(path, {"metadata": "auc=0.95\nyear=2026"})
    assert answer.status_code == 302
    remote = packages.describe(target_of(real.connection), version.arn)
    assert remote is not None
    assert remote.custom == {"auc": "0.95", "year": "2026"}
    wrong = real.page("bob").post(path, {"metadata": "a=<"})
    assert "a must have" in Page(wrong).by_id("id_metadata-error-1").text


def test_a_model_is_made_from_a_version_and_names_it(real: House, group: str, register: Register) -> None:
    version = register()
    path, name = address(real, group, 1, "model/"), f"m-{uuid4().hex[:10]}"
    form = Page(real.page("bob").get(path))
    assert form.by_id("id_name").get("value") == f"{group}-1"
    assert "This version is not approved." in form.text
    answer = real.page("bob").post(path, {"name": name})
    model = RegisteredModel.objects.get(name=name)
    assert (answer.status_code, answer["Location"]) == (302, f"/models/{model.pk}/")
    assert model.containers == [{"ModelPackageName": version.arn}]
    page = Page(real.page("vera").get(f"/models/{model.pk}/"))
    assert address(real, group, 1) in page.links()
    assert f"{group} version 1" in page.text
    second_answer = real.page("bob").post(path, {"name": name})
    assert "registered already" in Page(second_answer).by_id("id_name-error-1").text
    then = real.page("bob").post(path, {"name": f"{name}-b", "then": "job"})
    assert then["Location"] == f"/jobs/new/?model={RegisteredModel.objects.get(name=f'{name}-b').pk}"


def test_a_version_is_deleted_after_a_question_that_names_the_models(
    real: House, group: str, register: Register
) -> None:
    version = register()
    name = unique("model")
    versions.create_model(real.connection, version, name=name, by=real.people["bob"])
    path = address(real, group, 1, "delete/")
    question = Page(real.page("alice").get(path))
    assert name in question.text
    assert "cannot run jobs any more" in question.text
    target = target_of(real.connection)
    assert packages.describe(target, version.arn) is not None
    # A form that does not know of the models deletes nothing.
    assert f"Delete {group} version 1?" in Page(real.page("alice").post(path)).text
    assert packages.describe(target, version.arn) is not None
    answer = real.page("alice").post(path, {"sure": "1"})
    assert answer["Location"] == address(real, group)
    assert packages.describe(target, version.arn) is None
    assert real.page("vera").get(address(real, group, 1)).status_code == 404


def test_a_group_is_deleted_once_it_is_empty(real: House, group: str, register: Register) -> None:
    version = register()
    path = address(real, group, rest="delete/")
    page = Page(real.page("alice").get(path, follow=True))
    assert f"{group} has 1 version." in page.text
    assert real.page("alice").post(path, follow=True).status_code == 200
    packages.delete(target_of(real.connection), version.arn)
    assert f"Delete the group {group}?" in Page(real.page("alice").get(path)).text
    assert real.page("alice").post(path).status_code == 302
    assert real.page("vera").get(address(real, group)).status_code == 404


@pytest.mark.parametrize("name", ["a b", "-a", "a-", "<b>", "x" * 64, "ä", "a.b", "%2e%2e", "a%00b"])
def test_names_that_no_group_can_have_are_not_found(real: House, name: str) -> None:
    assert real.page("vera").get(f"/registry/{real.connection.slug}/{name}/").status_code in (400, 404)


@pytest.mark.parametrize("number", ["0", "999999999", "1000000000", "9" * 40])
def test_numbers_that_no_version_has_are_not_found(real: House, group: str, number: str) -> None:
    assert real.page("vera").get(address(real, group, number)).status_code == 404


def test_hostile_texts_are_shown_as_texts(real: House, group: str, engine: EngineProcess) -> None:
    script = "<script>alert(1)</script>"
    target = target_of(real.connection)
    packages.create(
        target,
        packages.NewVersion(
            group,
            [{"Image": XGBOOST, "Environment": {"X": script}}],
            description=script,
            metrics={"ModelQuality": {"Statistics": {"ContentType": "x", "S3Uri": "s3://<b>/x"}}},
        ),
    )
    for path in (address(real, group), address(real, group, 1), address(real, group, 1, "model/")):
        answer = real.page("bob").get(path)
        assert answer.status_code == 200
        assert script.encode() not in answer.content


def test_a_viewer_reads_and_changes_nothing(real: House, group: str, register: Register) -> None:
    register()
    vera = real.page("vera")
    page = Page(vera.get(address(real, group, 1)))
    assert page.posts_to() & {address(real, group, 1, "approval/")} == set()
    for rest in ("approval/", "metadata/", "model/", "delete/"):
        assert vera.post(address(real, group, 1, rest)).status_code == 403, rest
    for rest in ("new/", "delete/"):
        assert vera.post(address(real, group, rest=rest)).status_code == 403, rest
    assert vera.post("/registry/new/").status_code == 403


def test_an_operator_deletes_nothing(real: House, group: str, register: Register) -> None:
    register()
    for path in (address(real, group, 1, "delete/"), address(real, group, rest="delete/")):
        assert real.page("bob").get(path).status_code == 403
        assert real.page("bob").post(path).status_code == 403


def test_an_address_of_another_teams_connection_is_not_found(
    real: House, other_house: House, group: str, register: Register
) -> None:
    register()
    Connection.objects.filter(pk=real.connection.pk).update(slug="theirs")
    for path in (f"/registry/theirs/{group}/", f"/registry/theirs/{group}/1/"):
        assert other_house.page("charlie").get(path).status_code == 404


def test_an_engine_that_is_down_is_said_with_the_call_that_failed(house: House) -> None:
    page = Page(house.page("vera").get("/registry/"))
    assert "sagemaker:ListModelPackageGroups could not be called." in page.text
    answer = house.page("vera").get(address(house, "churn"))
    assert answer.status_code == 200
    assert "sagemaker:DescribeModelPackageGroup could not be called." in Page(answer).text


def test_a_connection_without_the_permission_says_which_call(
    real: House, group: str, register: Register, engine: EngineProcess
) -> None:
    register()
    name = unique("narrow")
    assert make_key(engine, name, "--s3", "s3://narrow-1/", "--names", f"{name}-*").returncode == 0
    Connection.objects.filter(pk=real.connection.pk).update(engine_key=name)
    page = Page(real.page("vera").get(address(real, group)))
    assert "Engine may not call sagemaker:DescribeModelPackageGroup." in page.text
    # What the key may use is listed without an error.
    assert "has no model package group yet" in Page(real.page("vera").get("/registry/")).text
