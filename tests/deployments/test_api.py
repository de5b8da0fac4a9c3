"""The REST API of deployments."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.signals import pre_save

from deployments.models import Deployment, DeploymentRun, Promotion, PromotionState, Stage
from jobs.models import TransformJob
from tests.cast import House
from tests.deployments.test_pages import body, deployment

pytestmark = pytest.mark.django_db
__all__ = ["deployment"]
ROOT = "/api/v1/deployments/"


def post(house: House, who: str, path: str, values: dict[str, Any] | None = None, **headers: str) -> Any:
    return house.api(who).post(path, values or {}, "application/json", **headers)


def test_a_deployment_is_made_read_changed_and_deleted(house: House) -> None:
    answer = post(house, "bob", ROOT, body(follow="promote"))
    assert answer.status_code == 201, answer.content
    deployment = answer.json()
    assert (deployment["slug"], deployment["follow"]) == ("churn", "promote")
    assert [stage["slug"] for stage in deployment["stages"]] == ["staging", "production"]
    stages = [
        {**stage, "schedule": {"expression": "cron(0 6 * * ? *)", "timezone": "Europe/Berlin"}}
        for stage in body()["stages"]
    ]
    changed = house.api("bob").patch(f"{ROOT}churn/", {"stages": stages}, "application/json").json()
    assert changed["stages"][0]["schedule"]["timezone"] == "Europe/Berlin"
    assert len(changed["stages"][0]["next_runs"]) == 5
    assert house.api("vera").get(ROOT).json()["results"][0]["name"] == "Churn"
    assert house.api("bob").delete(f"{ROOT}churn/").status_code == 403
    assert house.api("alice").delete(f"{ROOT}churn/").status_code == 204
    assert not Stage.objects.exists()


def test_all_problems_of_a_body_are_named_at_once_by_the_path_of_their_field(house: House) -> None:
    wrong = body(
        settings={"data": "s3://x/", "colour": "red"},
        preprocess={"image": "image:1", "script": "print()", "instance_count": 0},
        connection="nowhere",
        surprise=1,
    )
    wrong["stages"][0] |= {"connection": "nowhere", "instance_count": 0}
    answer = post(house, "bob", ROOT, wrong)
    assert answer.status_code == 400
    fields = answer.json()["error"]["fields"]
    assert set(fields) == {
        "settings.data",
        "settings.colour",
        "preprocess.instance_count",
        "connection",
        "surprise",
        "stages.staging.connection",
        "stages.staging.instance_count",
    }
    assert not Deployment.objects.exists()


def test_a_repeated_request_with_its_key_promotes_once(house: House, deployment: Deployment) -> None:
    path = f"{ROOT}{deployment.slug}/stages/staging/promote/"
    answers = [
        post(house, "bob", path, {"note": "Go."}, HTTP_IDEMPOTENCY_KEY="promote-once").json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["state"] == PromotionState.APPROVED
    assert Promotion.objects.filter(stage__slug="staging", version=2).count() == 1


def test_an_operators_promotion_to_production_waits_and_only_an_admin_approves_it(
    house: House, deployment: Deployment
) -> None:
    Promotion.objects.filter(stage__slug="staging", version=2).update(state=PromotionState.DEPLOYED)
    answer = post(house, "bob", f"{ROOT}{deployment.slug}/stages/production/promote/", {"version": 2}).json()
    assert answer["state"] == PromotionState.WAITING
    path = f"{ROOT}{deployment.slug}/promotions/{answer['id']}/approve/"
    assert post(house, "bob", path).status_code == 403
    approved = post(house, "alice", path, {"note": "Fine."}).json()
    assert (approved["state"], approved["decided_by"], approved["note"]) == ("approved", "alice", "Fine.")


def test_a_run_is_begun_listed_and_stopped(house: House, deployment: Deployment) -> None:
    begun = post(house, "bob", f"{ROOT}{deployment.slug}/stages/staging/run/")
    assert begun.status_code == 202, begun.content
    assert begun.json()["steps"][0]["kind"] == "transform"
    again = post(house, "bob", f"{ROOT}{deployment.slug}/stages/staging/run/")
    assert again.status_code == 409
    key = begun.json()["id"]
    listed = house.api("vera").get(f"{ROOT}{deployment.slug}/runs/").json()["results"]
    assert [row["id"] for row in listed] == [key]
    stopped = post(house, "bob", f"{ROOT}{deployment.slug}/runs/{key}/stop/").json()
    assert stopped["stop_requested_at"]
    assert DeploymentRun.objects.get().stop_requested_by == house.people["bob"]


def test_a_difference_names_the_image_that_a_version_changes(house: House, deployment: Deployment) -> None:
    answer = house.api("vera").get(f"{ROOT}{deployment.slug}/stages/staging/diff/?version=2").json()
    assert answer["version"] == [{"field": "Image", "before": "image:1", "after": "image:2"}]


def test_jobs_are_filtered_by_their_deployment_and_stage(house: House) -> None:
    run, other_stage = house.job(deployment="churn/staging"), house.job(deployment="churn/production")
    house.job(deployment="churned/staging")
    house.job()
    api = house.api("vera")
    rows_of_deployment = api.get("/api/v1/jobs/?deployment=churn").json()["results"]
    assert {row["id"] for row in rows_of_deployment} == {run.key, other_stage.key}
    rows_of_stage = api.get("/api/v1/jobs/?deployment=churn/staging").json()["results"]
    assert [(row["id"], row["deployment"]) for row in rows_of_stage] == [(run.key, "churn/staging")]
    assert TransformJob.objects.count() == 4


@pytest.mark.parametrize("change", ["off", "left out", "renamed"])
def test_only_an_admin_takes_the_approval_of_a_stage_away(house: House, change: str) -> None:
    assert post(house, "bob", ROOT, body()).status_code == 201
    present = house.api("bob").get(f"{ROOT}churn/").json()
    names = ("slug", "name", "connection", "data", "output_path", "needs_approval")
    staging, production = ({name: row[name] for name in names} for row in present["stages"])
    stages = {
        "off": [staging, {**production, "needs_approval": False}],
        "left out": [staging],
        "renamed": [staging, {**production, "slug": "live", "needs_approval": False}],
    }[change]
    answer = house.api("bob").patch(f"{ROOT}churn/", {"stages": stages}, "application/json")
    assert answer.status_code in (400, 409), answer.content
    assert "Only an admin" in answer.content.decode()
    assert Stage.objects.get(slug="production").needs_approval
    assert (
        house.api("alice").patch(f"{ROOT}churn/", {"stages": stages}, "application/json").status_code == 200
    )
    assert not Stage.objects.filter(slug="production", needs_approval=True).exists()


def test_a_slug_of_a_stage_is_no_path(house: House) -> None:
    for slug in ("../../evil", "a/b", "A", "", "-a", "x" * 21, 7, ["a"], "a\n"):
        wrong = body()
        wrong["stages"][0]["slug"] = slug
        answer = post(house, "bob", ROOT, wrong)
        # Without a slug it is made of the name.
        assert answer.status_code == (400 if slug else 201), (slug, answer.content)


def test_a_change_keeps_what_workers_write_at_the_same_time(house: House, deployment: Deployment) -> None:
    def deploy(sender: Any, instance: Stage, **options: Any) -> None:
        # The last step of a promotion, and a look at the registry, between the change's reading and its writing.
        Stage.objects.filter(pk=instance.pk).update(version=2, version_arn="arn:2")
        Deployment.objects.filter(pk=instance.deployment_id).update(newest_version=3, newest_arn="arn:3")

    pre_save.connect(deploy, sender=Stage)
    try:
        answer = house.api("bob").patch(
            f"{ROOT}{deployment.slug}/", {"description": "New."}, "application/json"
        )
    finally:
        pre_save.disconnect(deploy, sender=Stage)
    assert answer.status_code == 200, answer.content
    assert set(Stage.objects.values_list("version", "version_arn")) == {(2, "arn:2")}
    row = Deployment.objects.get()
    assert (row.description, row.newest_version, row.newest_arn) == ("New.", 3, "arn:3")
