"""From an approved version to predictions in two stages, on two real engines."""

from __future__ import annotations

from datetime import UTC

import pytest
from django.utils import timezone

from deployments.models import PromotionState, StageRunState
from deployments.services import promoting, running
from teams.models import Membership
from tests.cast import House
from tests.deployments.registry import (
    BUCKET,
    ROWS,
    Registry,
    carry_to_end,
    look,
    make,
    run_to_end,
    stage_body,
    stage_of,
)
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db


def put_input(engine: EngineProcess, group: str) -> None:
    key = f"{group}/in/{timezone.now().astimezone(UTC):%Y-%m-%d}/rows.csv"
    engine.client("s3").put_object(Bucket=BUCKET, Key=key, Body=ROWS)


def member(house: House, name: str) -> Membership:
    return house.people[name].memberships.get(team=house.team)


def test_a_version_goes_from_the_registry_through_staging_to_production_on_another_engine_and_predicts_there(
    team: House, registry: Registry, engine: EngineProcess, second_engine: EngineProcess
) -> None:
    registry.add()
    deployment = make(team, registry.group)
    offer = look(deployment)
    assert offer is not None
    assert (offer.state, offer.version) == (PromotionState.OFFERED, 1)
    staging = stage_of(deployment, "staging")

    promotion = promoting.request(staging, 1, member=member(team, "bob"))
    assert carry_to_end(promotion).state == PromotionState.DEPLOYED
    staging = stage_of(deployment, "staging")
    assert staging.version == 1
    assert staging.model is not None
    put_input(engine, registry.group)
    run = run_to_end(running.run_now(staging, by=team.people["bob"]))
    assert run.state == StageRunState.COMPLETED, run.reason
    assert run.job is not None
    assert run.job.deployment == f"{deployment.slug}/staging"

    production = stage_of(deployment, "production")
    production_promotion = promoting.request(production, 1, member=member(team, "bob"))
    assert production_promotion.state == PromotionState.WAITING
    approved = promoting.approve(production_promotion, member=member(team, "alice"), note="Looks right.")
    assert carry_to_end(approved).state == PromotionState.DEPLOYED
    production = stage_of(deployment, "production")
    assert production.model is not None
    archive = production.model.model_data
    folder, _, name = archive.rpartition("/")
    assert folder.startswith(f"s3://{BUCKET}/batchdeck/{deployment.slug}/production/models/v1-")
    assert name == "model_0.tar.gz"
    put_input(second_engine, registry.group)
    run = run_to_end(running.run_now(production, by=team.people["alice"]))
    assert run.state == StageRunState.COMPLETED, run.reason
    rows = second_engine.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{registry.group}/out/")[
        "Contents"
    ]
    body = second_engine.client("s3").get_object(Bucket=BUCKET, Key=rows[0]["Key"])["Body"].read()
    assert len(body.splitlines()) == len(ROWS.splitlines())


def test_a_second_run_to_the_same_folder_fails_before_it_replaces_what_the_first_one_wrote(
    team: House, registry: Registry, engine: EngineProcess
) -> None:
    registry.add()
    output = f"s3://{BUCKET}/{registry.group}/out/"
    stages = [stage_body("staging", "engine", registry.group, output_path=output)]
    deployment = make(team, registry.group, stages=stages)
    look(deployment)
    carry_to_end(promoting.request(stage_of(deployment, "staging"), 1, member=member(team, "bob")))
    put_input(engine, registry.group)
    first = run_to_end(running.run_now(stage_of(deployment, "staging"), by=team.people["bob"]))
    assert first.state == StageRunState.COMPLETED, first.reason
    second = run_to_end(running.run_now(stage_of(deployment, "staging"), by=team.people["bob"]))
    assert second.state == StageRunState.FAILED
    assert "Put {run} into the stage's output path" in second.reason
    assert second.job is None


def test_deployments_with_the_same_folder_do_not_replace_each_others_archives(
    team: House, registry: Registry, engine: EngineProcess, second_engine: EngineProcess
) -> None:
    archives = set()
    for group in (registry, Registry(engine)):
        group.add()
        stages = [stage_body("staging", "live", group.group, artifact_path=f"s3://{BUCKET}/shared/")]
        deployment = make(team, group.group, stages=stages)
        look(deployment)
        carry_to_end(promoting.request(stage_of(deployment, "staging"), 1, member=member(team, "alice")))
        model = stage_of(deployment, "staging").model
        assert model is not None
        archives.add(model.model_data)
    keys = {uri.removeprefix(f"s3://{BUCKET}/") for uri in archives}
    listed = second_engine.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="shared/")["Contents"]
    assert len(keys) == 2
    assert {row["Key"] for row in listed} == keys
