"""The pages of deployments, as people of each role use them. No engine is asked."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.models import Deployment, DeploymentRun, Promotion, PromotionState, Stage
from deployments.services import editing
from jobs.states import JobState
from teams.models import Activity, Membership
from tests.cast import House

pytestmark = pytest.mark.django_db
PATHS = {"data": "s3://bucket/in/{date}/", "output_path": "s3://bucket/out/{run}/"}


def body(**changes: Any) -> dict[str, Any]:
    stages = [
        {"name": "Staging", "connection": "engine", **PATHS},
        {"name": "Production", "connection": "engine", "needs_approval": True, **PATHS},
    ]
    return {"name": "Churn", "connection": "engine", "package_group": "churn", "stages": stages, **changes}


@pytest.fixture
def deployment(house: House) -> Deployment:
    """A deployment to which version 2 is offered, while version 1 runs in both stages."""
    deployment = editing.create(house.team, body(), by=house.people["alice"])
    for stage in deployment.stages.all():
        Promotion.objects.create(
            team=house.team,
            stage=stage,
            version=1,
            version_arn="arn:1",
            state=PromotionState.DEPLOYED,
            carried={"containers": [{"Image": "image:1"}]},
        )
        Stage.objects.filter(pk=stage.pk).update(version=1, version_arn="arn:1", model=house.model)
    Deployment.objects.filter(pk=deployment.pk).update(newest_version=2, newest_arn="arn:2")
    Promotion.objects.create(
        team=house.team,
        stage=deployment.stages.get(slug="staging"),
        version=2,
        version_arn="arn:2",
        state=PromotionState.OFFERED,
        carried={"containers": [{"Image": "image:2"}]},
    )
    return editing.queries.deployments(house.team).get(pk=deployment.pk)


def address(deployment: Deployment, rest: str = "") -> str:
    return f"/deployments/{deployment.slug}/{rest}"


def form(**changes: Any) -> dict[str, Any]:
    values = {"name": "Risk", "connection": "engine", "package_group": "risk", "follow": "offer"}
    for stage in ("staging", "production"):
        values |= {
            f"stages.{stage}.{name}": value for name, value in {"connection": "engine", **PATHS}.items()
        }
    return {**values, "settings.instance_type": "ml.m5.large", "settings.instance_count": "1", **changes}


def test_a_team_without_deployments_is_taught_the_three_steps(house: House) -> None:
    page = house.page("bob").get("/deployments/").content.decode()
    assert "in three steps" in page
    editing.create(house.team, body(), by=house.people["alice"])
    assert "in three steps" not in house.page("bob").get("/deployments/").content.decode()


def test_the_list_says_which_version_waits_and_how_long_until_the_next_run(
    house: House, deployment: Deployment
) -> None:
    stages = body()["stages"]
    stages[1]["schedule"] = {"expression": "rate(12 hours)"}
    admin = Membership.objects.get(team=house.team, user=house.people["alice"])
    editing.change(deployment, {"stages": stages}, member=admin)
    page = " ".join(house.page("vera").get("/deployments/").content.decode().split())
    assert "version 2 <span" in page
    assert ">in about 12 h</time>" in page


def test_an_operator_makes_a_deployment_with_two_stages_by_the_form(house: House) -> None:
    client = house.page("bob")
    assert b"three steps" in client.get("/deployments/").content
    answer = client.post("/deployments/new/", form(**{"stages.staging.expression": "rate(1 day)"}))
    deployment = Deployment.objects.get()
    assert answer.headers["Location"] == address(deployment)
    staging, production = deployment.stages.order_by("position")
    assert staging.schedule is not None
    assert (staging.schedule.expression, production.schedule) == ("rate(1 day)", None)
    assert staging.artifact_path == "s3://bucket/batchdeck/risk/staging/"
    page = client.get(address(deployment)).content.decode()
    assert "rate(1 day)" in page
    assert "Next runs" in page


def drawn(house: House, sent: dict[str, Any], path: str = "/deployments/new/stages/") -> dict[str, Any]:
    """What the form holds after a button of its stages."""
    answer = house.page("bob").post(path, sent)
    assert answer.status_code == 200
    stages = answer.context["form"]
    inputs = {name: stages[name].value() for name in stages.fields if name.startswith("stages.")}
    names = {f"stages.{stage.slug}.name": stage.title for stage in stages.stages}
    slugs = [stage.slug for stage in stages.stages]
    return {**sent, **{name: value for name, value in inputs.items() if value}, **names, "stage": slugs}


def test_a_third_stage_is_added_with_the_settings_of_the_one_before_and_saved_as_the_last(
    house: House,
) -> None:
    sent = form(stage=["staging", "production"], **{"stages.production.needs_approval": "on"})
    third = drawn(house, {**sent, "new_stage": "EU West"})
    assert third["stage"] == ["staging", "production", "eu-west"]
    assert not Deployment.objects.exists()
    assert third["stages.eu-west.data"] == PATHS["data"]
    del third["new_stage"]
    refused = house.page("bob").post("/deployments/new/", third)
    assert "stages.eu-west.output_path" in refused.context["form"].errors
    third["stages.eu-west.output_path"] = "s3://bucket/eu/{run}/"
    assert house.page("bob").post("/deployments/new/", third).status_code == 302
    stages = list(Deployment.objects.get().stages.order_by("position"))
    assert [stage.name for stage in stages] == ["Staging", "Production", "EU West"]
    assert stages[2].needs_approval


def test_a_stage_without_a_version_is_left_out_and_one_with_a_version_has_no_button(
    house: House, deployment: Deployment
) -> None:
    client, path = house.page("bob"), address(deployment, "edit/")
    body_before = editing.describe(deployment)
    qa = {"slug": "qa", "name": "QA", "connection": "engine", **PATHS}
    stages = [*body_before["stages"], qa]
    editing.change(
        deployment, {"stages": stages}, member=house.people["alice"].memberships.get(team=house.team)
    )
    page = client.get(path)
    text = page.content.decode()
    assert "Leave QA out" in text
    assert "Leave Production out" not in text
    assert "Version 1 runs here" in text
    fields = page.context["form"]
    sent = {name: fields[name].value() for name in fields.fields if fields[name].value() not in (None, "")}
    sent = {**sent, "stage": ["staging", "production", "qa"], "version": fields.version, "leave_out": "qa"}
    shorter_form = drawn(house, sent, f"{path}stages/")
    assert shorter_form["stage"] == ["staging", "production"]
    assert Deployment.objects.get().stages.count() == 3
    answer = client.post(path, {name: value for name, value in shorter_form.items() if ".qa." not in name})
    assert answer.status_code == 302, answer.context["form"].errors
    assert [stage.slug for stage in Deployment.objects.get().stages.all()] == ["staging", "production"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("staging", "Staging is there already"), ("", "1 to 40 characters"), ("a\u202eb", "character")],
)
def test_a_stage_that_cannot_be_added_is_refused_beside_its_name(
    house: House, name: str, reason: str
) -> None:
    sent = form(stage=["staging", "production"], new_stage=name)
    answer = house.page("bob").post("/deployments/new/stages/", sent)
    assert reason in " ".join(answer.context["form"].errors["new_stage"])
    assert [stage.slug for stage in answer.context["form"].stages] == ["staging", "production"]


def test_a_stage_that_was_typed_and_not_added_is_not_lost_on_saving(house: House) -> None:
    answer = house.page("bob").post("/deployments/new/", form(new_stage="QA"))
    assert answer.status_code == 400
    assert "Add stage" in " ".join(answer.context["form"].errors["new_stage"])
    assert not Deployment.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("stages.staging.data", "s3://bucket/{month}/", "{month} is no placeholder"),
        ("stages.staging.expression", "rate(0 days)", "rate(0 days)"),
        ("stages.production.timezone", "Mars/Olympus", "Mars/Olympus"),
        ("stages.production.instance_type", "m5", "ml."),
        ("package_group", "no such name!", "no such name!"),
        ("settings.instance_count", "0", "instance_count"),
        ("preprocess.script_uri", "s3://bucket/script.exe", "script.exe"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_saved(
    house: House, name: str, value: str, sentence: str
) -> None:
    start = {"stages.production.expression": "rate(1 day)", "preprocess.image": "image:1"}
    answer = house.page("bob").post("/deployments/new/", form(**{**start, name: value}))
    assert answer.status_code == 400
    assert sentence in answer.content.decode().replace("&#x27;", "'")
    assert not Deployment.objects.exists()
    assert not Stage.objects.exists()


def test_the_promotion_page_shows_what_the_version_changes_and_the_last_runs(
    house: House, deployment: Deployment
) -> None:
    page = house.page("bob").get(address(deployment, "stages/staging/promote/2/")).content.decode()
    assert "image:1" in page
    assert "image:2" in page
    assert "Deploy" in page
    page = (
        house.page("bob")
        .get(address(deployment, "stages/production/promote/1/"), follow=True)
        .content.decode()
    )
    assert "Ask for approval" in page
    assert "How Production differs from Staging" in page


def test_the_promotion_page_shows_a_schedule_that_the_stage_before_has_not(
    house: House, deployment: Deployment
) -> None:
    stages = body()["stages"]
    stages[1]["schedule"] = {"expression": "cron(0 6 * * ? *)", "timezone": "Europe/Berlin"}
    admin = Membership.objects.get(team=house.team, user=house.people["alice"])
    editing.change(deployment, {"stages": stages}, member=admin)
    page = house.page("alice").get(address(deployment, "stages/production/promote/1/"), follow=True)
    assert "cron(0 6 * * ? *) Europe/Berlin" in page.content.decode()


def test_a_promotion_to_production_waits_for_an_admin_who_is_recorded_with_the_note(
    house: House, deployment: Deployment
) -> None:
    staging = deployment.stages.get(slug="staging")
    Promotion.objects.filter(stage=staging, version=2).update(state=PromotionState.DEPLOYED)
    Stage.objects.filter(pk=staging.pk).update(version=2)
    path = address(deployment, "stages/production/promote/2/")
    house.page("bob").post(path, {"note": "Three good runs."})
    promotion = Promotion.objects.get(stage__slug="production", version=2)
    assert promotion.state == PromotionState.WAITING
    house.page("bob").post(path, {"note": "Again."})
    assert Promotion.objects.filter(stage__slug="production", version=2).count() == 1

    house.page("alice").post(path, {"note": "Approved after review."})
    promotion.refresh_from_db()
    assert promotion.state == PromotionState.APPROVED
    assert promotion.decided_by == house.people["alice"]
    # Who asked, and why, is told beside who decided.
    assert promotion.note == "Three good runs.\nApproved after review."
    page = house.page("vera").get(address(deployment)).content.decode()
    assert "bob asked, alice decided" in page
    assert "Three good runs.<br>Approved after review." in page
    assert list(Activity.objects.filter(object_kind="deployment").values_list("verb", flat=True))[-2:] == [
        "deployment.promotion_requested",
        "deployment.approved",
    ]


def test_a_double_click_on_run_now_begins_one_run(house: House, deployment: Deployment) -> None:
    client = house.page("bob")
    path = address(deployment, "stages/staging/run/")
    for _ in range(2):
        client.post(path, {"form_key": "a-key-of-the-form", "form_team": house.team.slug})
    run = DeploymentRun.objects.get()
    assert run.version == 1
    assert run.body["data"].startswith("s3://bucket/in/20")
    # Without the form's key it is another press, while the run before is under way.
    assert b"still under way" in client.post(path, follow=True).content
    assert DeploymentRun.objects.count() == 1
    assert client.get(run.get_absolute_url()).status_code == 200


def test_only_an_admin_rolls_production_back_and_only_after_a_question_that_names_the_change(
    house: House, deployment: Deployment
) -> None:
    production = deployment.stages.get(slug="production")
    Stage.objects.filter(pk=production.pk).update(version=2)
    Promotion.objects.create(
        team=house.team,
        stage=production,
        version=2,
        version_arn="arn:2",
        state=PromotionState.DEPLOYED,
        carried={"containers": [{"Image": "image:2"}]},
    )
    path = address(deployment, "stages/production/roll-back/1/")
    assert house.page("bob").post(path).status_code == 403
    question = house.page("alice").get(path).content.decode()
    assert "image:2 → image:1" in question
    assert not Promotion.objects.filter(kind="roll-back").exists()
    house.page("alice").post(path, {"note": "Scores fell."})
    rolled = Promotion.objects.get(kind="roll-back")
    assert (rolled.version, rolled.from_version, rolled.note) == (1, 2, "Scores fell.")


def test_a_viewer_sees_all_and_may_press_nothing(house: House, deployment: Deployment) -> None:
    client = house.page("vera")
    page = client.get(address(deployment)).content.decode()
    for word in ("Run now", "Promote", "Roll back", "Pause", ">Edit<", ">Delete<"):
        assert word not in page
    for rest in (
        "stages/staging/run/",
        "stages/staging/promote/2/",
        "stages/staging/reject/",
        "edit/",
        "delete/",
    ):
        assert client.post(address(deployment, rest)).status_code == 403
    assert house.page("bob").post(address(deployment, "delete/")).status_code == 403


def test_an_admin_deletes_a_deployment_after_a_question_that_says_what_is_lost(
    house: House, deployment: Deployment
) -> None:
    client = house.page("alice")
    question = client.get(address(deployment, "delete/")).content.decode()
    assert "version 1" in question
    assert "are lost" in question
    client.post(address(deployment, "delete/"))
    assert not Deployment.objects.exists()
    assert house.model.pk


def test_the_page_of_a_run_shows_its_steps_and_the_log_says_why_it_cannot_be_read(
    house: House, deployment: Deployment
) -> None:
    Deployment.objects.filter(pk=deployment.pk).update(
        preprocess={"image": "image:1", "script": "print()", "script_name": "prepare.py"}
    )
    client = house.page("vera")
    house.page("bob").post(address(deployment, "stages/staging/run/"))
    run = DeploymentRun.objects.get()
    run.steps.filter(position=1).update(name="a-processing-job", state="running")
    page = client.get(run.get_absolute_url()).content.decode()
    assert page.index("Preprocess") < page.index("Transform")
    assert "a-processing-job" in page
    log = client.get(f"{run.get_absolute_url()}log/").content.decode()
    assert "cannot be reached" in log


def test_a_run_leads_to_the_comparison_with_the_last_one_of_each_other_stage(
    house: House, deployment: Deployment
) -> None:
    house.page("bob").post(address(deployment, "stages/staging/run/"))
    run = DeploymentRun.objects.get()
    staging, production = deployment.stages.order_by("position")
    jobs = [house.job(JobState.COMPLETED) for _ in range(3)]
    for job in jobs[:2]:
        DeploymentRun.objects.create(
            team=house.team, stage=production, state="completed", due_at=run.due_at, job=job
        )
    DeploymentRun.objects.filter(pk=run.pk).update(job=jobs[2])
    page = house.page("vera").get(run.get_absolute_url()).content.decode()
    assert f"/jobs/compare/?job={jobs[1].key}&amp;job={jobs[2].key}" in page
    assert f"Compare with {production.name}" in page
    assert jobs[0].key not in page
    assert staging.name not in page.partition("Compare with ")[2].partition("</a>")[0]
