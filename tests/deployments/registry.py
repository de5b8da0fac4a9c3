"""A model package group with real archives, and deployments that follow it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from deployments.lifecycle import advancing, carrying, following
from deployments.lifecycle.advancing import Advance
from deployments.lifecycle.carrying import Carried
from deployments.models import Deployment, DeploymentRun, Promotion, Stage
from deployments.services import editing, queries
from jobs.lifecycle.queue import starting
from jobs.models import TransformJob
from tests.cast import House
from tests.engine.resources import unique
from tests.jobs.following import follow
from tests.support.engine import CHECKOUT, EngineProcess

BUCKET = "deployed"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SAMPLE = Path(CHECKOUT) / "samples" / "breast-cancer"
ROWS = b"".join((SAMPLE / "data" / "part-0.csv").read_bytes().splitlines(keepends=True)[:5])


class Registry:
    """A group of a name of its own; its versions have the sample's model."""

    def __init__(self, engine: EngineProcess) -> None:
        self.engine = engine
        self.group = unique("group")
        engine.client("s3").create_bucket(Bucket=BUCKET)
        engine.client("sagemaker").create_model_package_group(ModelPackageGroupName=self.group)

    def add(self, approval: str = "Approved", archive: str = "model") -> str:
        """A further version with an archive of this name; returns its ARN."""
        self.engine.client("s3").put_object(
            Bucket=BUCKET, Key=self._key(archive), Body=(SAMPLE / "model.tar.gz").read_bytes()
        )
        uri = f"s3://{BUCKET}/{self._key(archive)}"
        answer = self.engine.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.group,
            ModelApprovalStatus=approval,
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": uri}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        return str(answer["ModelPackageArn"])

    def delete_archive(self, archive: str) -> None:
        self.engine.client("s3").delete_object(Bucket=BUCKET, Key=self._key(archive))

    def _key(self, archive: str) -> str:
        return f"{self.group}/{archive}.tar.gz"

    def set_approval(self, arn: str, approval: str) -> None:
        self.engine.client("sagemaker").update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus=approval
        )


def body(group: str, **changes: Any) -> dict[str, Any]:
    """The body of a deployment with staging on the first engine and production on the second."""
    values = {
        "name": f"Churn {group}",
        "connection": "engine",
        "package_group": group,
        "settings": {"content_type": "text/csv", "split_type": "Line", "assemble_with": "Line"},
        "stages": [
            stage_body("staging", "engine", group),
            stage_body("production", "live", group, needs_approval=True),
        ],
    }
    return {**values, **changes}


def stage_body(name: str, connection: str, group: str, **changes: Any) -> dict[str, Any]:
    values = {
        "name": name,
        "connection": connection,
        "data": f"s3://{BUCKET}/{group}/in/{{date}}/",
        "output_path": f"s3://{BUCKET}/{group}/out/{{run}}/",
    }
    return {**values, **changes}


def make(house: House, group: str, **changes: Any) -> Deployment:
    return editing.create(house.team, body(group, **changes), by=house.people["alice"])


def stage_of(deployment: Deployment, slug: str) -> Stage:
    """The stage as it is now."""
    rows = Stage.objects.select_related("deployment__connection", "connection", "model", "team")
    return rows.get(deployment=deployment, slug=slug)


def look(deployment: Deployment) -> Promotion | None:
    """What a look at the registry offers or promotes."""
    _, promotion_id = following.look(deployment.pk)
    return Promotion.objects.filter(pk=promotion_id).first()


def carry_to_end(promotion: Promotion) -> Promotion:
    """The promotion, carried as the workers' tasks would, to its end or until a call is to be tried later."""
    while carrying.carry(promotion.pk) is Carried.MORE:
        pass
    return queries.promotions(promotion.team).get(pk=promotion.pk)


def run_to_end(run: DeploymentRun, seconds: float = 200) -> DeploymentRun:
    """The run, advanced to its end as the workers' tasks would; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        outcome = advancing.advance(run.pk)
        run = queries.runs(run.team).get(pk=run.pk)
        if outcome is Advance.ENDED:
            return run
        if run.job is not None and run.job.is_active:
            starting.start(run.job.pk)
            follow(TransformJob.objects.get(pk=run.job.pk))
        elif outcome is Advance.UNDER_WAY:
            time.sleep(0.1)
    raise AssertionError(f"still {run.state}: {run.reason}")
