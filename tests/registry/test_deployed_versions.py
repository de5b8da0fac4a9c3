"""Versions that stages of deployments run: said on the pages, asked about when rejected, and never deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from aws import packages
from deployments.models import Deployment, DeploymentRun, Promotion, PromotionState, Stage
from deployments.services import editing
from jobs.lifecycle.aws_session import target_of
from jobs.states import JobState
from tests.cast import House
from tests.deployments.registry import stage_body
from tests.registry.conftest import Register
from tests.registry.test_pages import address, decide
from tests.support.html import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment(real: House, group: str, register: Register) -> Deployment:
    """Version 1 runs in staging, and version 2 is to be approved for production."""
    arns = [register(approval="Approved").arn for _ in range(2)]
    values = {
        "name": "Churn",
        "connection": "engine",
        "package_group": group,
        "follow": "promote",
        "stages": [stage_body(name, "engine", group) for name in ("staging", "production")],
    }
    deployment = editing.create(real.team, values, by=real.people["alice"])
    Stage.objects.filter(slug="staging").update(version=1, version_arn=arns[0])
    Promotion.objects.create(
        team=real.team,
        stage=Stage.objects.get(slug="production"),
        version=2,
        version_arn=arns[1],
        state=PromotionState.WAITING,
    )
    return deployment


def approval_of(house: House, arn: str) -> str:
    version = packages.describe(target_of(house.connection), arn)
    assert version is not None
    return version.approval


def test_pages_say_where_a_version_runs_and_link_there(
    real: House, group: str, deployment: Deployment
) -> None:
    page = Page(real.page("vera").get(address(real, group)))
    rows = {node.text.split()[1]: node.text for node in page.all("tr")[1:]}
    assert "Churn, staging" in rows["1"]
    assert "Churn, staging" not in rows["2"]
    assert deployment.get_absolute_url() in page.links()
    assert "Deployed by Churn" in page.text
    first_page, second_page = (
        Page(real.page("bob").get(address(real, group, number))).text for number in (1, 2)
    )
    assert "Runs in Churn, staging" in first_page
    assert "On its way into Churn, production" in second_page


def test_whoever_approves_is_told_that_a_deployment_takes_it_by_itself(
    real: House, group: str, deployment: Deployment, register: Register
) -> None:
    version = register()
    page = Page(real.page("bob").get(address(real, group, version.number)))
    assert "Once it is approved, Churn promotes it to the first stage without asking." in page.text


def test_rejecting_a_version_that_runs_asks_and_names_the_stage(
    real: House, group: str, deployment: Deployment
) -> None:
    arn = Stage.objects.get(slug="staging").version_arn
    question = Page(decide(real, "bob", group, 1, "Rejected"))
    assert "It runs in Churn, staging." in question.text
    assert approval_of(real, arn) == "Approved"
    decide(real, "bob", group, 1, "Rejected", sure="1")
    assert approval_of(real, arn) == "Rejected"


@pytest.mark.parametrize(
    ("number", "sentence"), [(1, "runs in Churn, staging"), (2, "way into Churn, production")]
)
def test_a_version_that_a_stage_runs_or_waits_for_is_not_deleted(
    real: House, group: str, deployment: Deployment, number: int, sentence: str
) -> None:
    path = address(real, group, number, "delete/")
    answer = real.page("alice").post(path, {"sure": "1"}, follow=True)
    assert sentence in Page(answer).text
    assert len(packages.list_page(target_of(real.connection), group).versions) == 2
    api = f"/api/v1/registry/groups/engine/{group}/versions/{number}/?delete_in_use=true"
    assert real.api("alice").delete(api).status_code == 409


def test_a_group_that_is_deployed_is_not_deleted(real: House, group: str, deployment: Deployment) -> None:
    target = target_of(real.connection)
    for version in packages.list_page(target, group).versions:
        packages.delete(target, version.arn)
    answer: Any = real.page("alice").post(address(real, group, rest="delete/"), follow=True)
    assert "is deployed by Churn" in Page(answer).text
    assert real.page("vera").get(address(real, group)).status_code == 200


def test_the_jobs_of_a_stages_runs_are_those_of_the_version(
    real: House, group: str, deployment: Deployment
) -> None:
    due: datetime = timezone.now() - timedelta(hours=1)
    job = real.job(JobState.COMPLETED, name="nightly")
    stage = Stage.objects.get(slug="staging")
    DeploymentRun.objects.create(
        team=real.team, stage=stage, version=1, due_at=due, job=job, state="completed"
    )
    links = [Page(real.page("vera").get(address(real, group, number))).links() for number in (1, 2)]
    assert [job.get_absolute_url() in page_links for page_links in links] == [True, False]
