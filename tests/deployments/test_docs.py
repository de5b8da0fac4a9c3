"""The tutorial of docs/deployments.md does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.lifecycle import following
from deployments.models import PromotionState, StageRunState
from deployments.preprocess_step import PreprocessStep
from deployments.services import files, promoting, running
from deployments.services.plans import STAGE_FIELDS
from jobs.services.submitting import sample, sample_versions
from tests.cast import House
from tests.deployments.registry import carry_to_end, look, run_to_end, stage_of
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).resolve().parents[2] / "docs/deployments.md").read_text()


def test_the_version_and_the_file_of_the_tutorial_go_through_both_stages(
    team: House, engine: EngineProcess
) -> None:
    sample.load(team.connection, sample.BREAST_CANCER, by=team.people["alice"])
    sample_versions.load(team.connection)

    def set_approval_of_second(approval: str) -> None:
        package = "arn:aws:sagemaker:us-east-1:000000000000:model-package/breast-cancer/2"
        engine.client("sagemaker").update_model_package(ModelPackageArn=package, ModelApprovalStatus=approval)

    document = TEXT.partition("```yaml\n")[2].partition("```")[0]
    alice = team.people["alice"].memberships.get(team=team.team)
    deployment = files.apply_file(alice, files.read_file(document)).deployment
    assert look(deployment) is not None
    for slug in ("staging", "production"):
        promotion = promoting.request(stage_of(deployment, slug), 1, member=alice)
        assert carry_to_end(promotion).state == PromotionState.DEPLOYED
    run = run_to_end(running.run_now(stage_of(deployment, "staging"), by=alice.user))
    assert run.state == StageRunState.COMPLETED, run.reason
    production = stage_of(deployment, "production")
    assert production.schedule is not None
    assert production.schedule.next_run_at is not None
    assert following.look(deployment.pk)[0] is following.Look.NOTHING_NEW
    set_approval_of_second("Approved")
    offered = look(deployment)
    assert offered is not None
    assert carry_to_end(promoting.approve(offered, member=alice)).version == 2
    back = carry_to_end(promoting.roll_back(stage_of(deployment, "staging"), 1, member=alice))
    assert (back.state, back.version) == (PromotionState.DEPLOYED, 1)
    # Other tests use the engine too.
    set_approval_of_second("PendingManualApproval")


def test_every_field_of_a_stage_and_of_the_preprocess_step_is_documented() -> None:
    for name in (*STAGE_FIELDS, *(PreprocessStep.__dataclass_fields__)):
        assert f"`{name}`" in TEXT, name
