"""What goes wrong on the way into a stage and in a run, and what stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.lifecycle import carrying, following
from deployments.lifecycle.carrying import Carried
from deployments.models import Promotion, PromotionState, StageRunState, StepState
from deployments.services import promoting, running
from jobs.models import Connection, RegisteredModel
from jobs.services.errors import InvalidFields, NotPossible
from teams.models import Membership
from tests.cast import House
from tests.deployments.registry import BUCKET, Registry, carry_to_end, look, make, run_to_end, stage_of
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db


def member(house: House, name: str) -> Membership:
    return house.people[name].memberships.get(team=house.team)


def promote(house: House, deployment: Any, version: int, slug: str = "staging") -> Promotion:
    return carry_to_end(promoting.request(stage_of(deployment, slug), version, member=member(house, "alice")))


def test_a_version_whose_archive_is_missing_leaves_the_old_one_and_names_the_call(
    team: House, registry: Registry
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    look(deployment)
    for slug in ("staging", "production"):
        assert promote(team, deployment, 1, slug).state == PromotionState.DEPLOYED
    registry.add(archive="second")
    look(deployment)
    assert promote(team, deployment, 2).state == PromotionState.DEPLOYED
    registry.delete_archive("second")
    failed = promote(team, deployment, 2, "production")
    assert failed.state == PromotionState.FAILED
    assert "GetObject failed on Engine" in failed.problem
    assert "second.tar.gz" in failed.problem
    assert "Version 1 stays in production" in failed.problem
    assert stage_of(deployment, "production").version == 1


def test_a_place_that_the_stages_connection_may_not_write_is_named_with_the_permission(
    team: House, registry: Registry
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    look(deployment)
    promote(team, deployment, 1)
    Connection.objects.filter(slug="live").update(allowed_places=["s3://elsewhere/"])
    failed = promote(team, deployment, 1, "production")
    assert failed.state == PromotionState.FAILED
    assert "PutObject was refused on Live" in failed.problem
    assert "s3:PutObject" in failed.problem
    assert stage_of(deployment, "production").version is None
    assert not RegisteredModel.objects.filter(connection__slug="live").exists()


def test_a_version_that_lost_its_approval_is_not_deployed(team: House, registry: Registry) -> None:
    arn = registry.add()
    deployment = make(team, registry.group)
    look(deployment)
    registry.set_approval(arn, "Rejected")
    failed = promote(team, deployment, 1)
    assert failed.state == PromotionState.FAILED
    assert "its status is Rejected" in failed.problem


def test_an_engine_that_does_not_answer_is_tried_again_later_and_the_version_arrives(
    team: House, registry: Registry, second_engine: EngineProcess
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    look(deployment)
    promote(team, deployment, 1)
    Connection.objects.filter(slug="live").update(endpoint_url="http://127.0.0.1:9")
    promotion = promoting.request(stage_of(deployment, "production"), 1, member=member(team, "alice"))
    assert carrying.carry(promotion.pk) is Carried.LATER
    promotion.refresh_from_db()
    assert promotion.state == PromotionState.APPROVED
    assert "cannot be reached" in promotion.problem
    assert promotion.next_look_at is not None
    Connection.objects.filter(slug="live").update(endpoint_url=second_engine.url)
    assert carry_to_end(promotion).state == PromotionState.DEPLOYED


def test_a_worker_killed_before_the_last_write_repeats_nothing_and_ends_the_promotion(
    team: House, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    look(deployment)
    promote(team, deployment, 1)
    promotion = promoting.request(stage_of(deployment, "production"), 1, member=member(team, "alice"))

    class Killed(BaseException):
        """As if the process ended here."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(carrying, "_deploy", kill)
        for _ in range(3):
            try:
                carrying.carry(promotion.pk)
            except Killed:
                break
    assert stage_of(deployment, "production").version is None
    assert carry_to_end(promotion).state == PromotionState.DEPLOYED
    assert RegisteredModel.objects.filter(connection__slug="live").count() == 1


def test_each_look_offers_a_version_once_and_a_newer_one_replaces_the_offer(
    team: House, registry: Registry
) -> None:
    registry.add(approval="PendingManualApproval")
    deployment = make(team, registry.group)
    assert look(deployment) is None
    registry.add()
    assert look(deployment) is not None
    assert look(deployment) is None
    registry.add()
    newer = look(deployment)
    assert newer is not None
    states = list(Promotion.objects.order_by("version").values_list("version", "state"))
    assert states == [(2, PromotionState.REPLACED), (3, PromotionState.OFFERED)]


def test_a_deployment_that_promotes_by_itself_deploys_a_new_version_to_staging(
    team: House, registry: Registry
) -> None:
    registry.add()
    deployment = make(team, registry.group, follow="promote")
    outcome, promotion_id = following.look(deployment.pk)
    assert outcome is following.Look.APPROVED
    assert carry_to_end(Promotion.objects.get(pk=promotion_id)).state == PromotionState.DEPLOYED
    assert stage_of(deployment, "staging").version == 1
    assert stage_of(deployment, "production").version is None


def test_a_group_that_does_not_exist_is_told_on_the_deployment(team: House) -> None:
    deployment = make(team, "no-such-group")
    assert following.look(deployment.pk)[0] is following.Look.FAILED
    deployment.refresh_from_db()
    assert "no model package group named no-such-group" in deployment.look_error


def test_a_roll_back_brings_the_earlier_version_back(team: House, registry: Registry) -> None:
    deployment = make(team, registry.group)
    for version in (1, 2):
        registry.add()
        look(deployment)
        promote(team, deployment, version)
    staging = stage_of(deployment, "staging")
    assert staging.version == 2
    with pytest.raises(InvalidFields, match="never ran"):
        promoting.roll_back(staging, 7, member=member(team, "bob"))
    back = carry_to_end(promoting.roll_back(staging, 1, member=member(team, "bob"), note="Worse."))
    assert (back.state, back.from_version, back.version) == (PromotionState.DEPLOYED, 2, 1)
    assert stage_of(deployment, "staging").version == 1


def test_a_run_whose_input_is_missing_fails_with_the_jobs_reason(team: House, registry: Registry) -> None:
    registry.add()
    deployment = make(team, registry.group)
    look(deployment)
    promote(team, deployment, 1)
    staging = stage_of(deployment, "staging")
    with pytest.raises(NotPossible, match="Nothing is deployed in production"):
        running.run_now(stage_of(deployment, "production"), by=team.people["bob"])
    run = run_to_end(running.run_now(staging, by=team.people["bob"]))
    assert run.state == StageRunState.FAILED
    assert run.reason.startswith("Transform: ")
    assert f"s3://{BUCKET}/{registry.group}/in/" in run.reason
    assert run.steps.get().state == StepState.FAILED
