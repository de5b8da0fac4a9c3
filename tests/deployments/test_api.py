"""The REST API of deployments."""

from __future__ import annotations

from typing import Any

import pytest

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
    made = answer.json()
    assert (made["slug"], made["follow"]) == ("churn", "promote")
    assert [stage["slug"] for stage in made["stages"]] == ["staging", "production"]
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
    both = api.get("/api/v1/jobs/?deployment=churn").json()["results"]
    assert {row["id"] for row in both} == {run.key, other_stage.key}
    alone = api.get("/api/v1/jobs/?deployment=churn/staging").json()["results"]
    assert [(row["id"], row["deployment"]) for row in alone] == [(run.key, "churn/staging")]
    assert TransformJob.objects.count() == 4
