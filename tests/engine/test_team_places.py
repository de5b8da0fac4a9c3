"""A team's hanging jobs keep no other team off the engine, whatever its jobs' tags say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.config import Config
from engine.runner.service import OWNER_TAG
from tests.engine.resources import ROLE, unique
from tests.engine.team_keys import client_of, make_key
from tests.engine.transforms import BUCKET, MODEL_SERVERS, container, put
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine with places of its own."""
    process = EngineProcess(tmp_path, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    yield process
    process.stop()


def team_of(engine: EngineProcess, word: str) -> Any:
    """SageMaker's client of a new team, with a model and an input that says `word`."""
    name = unique("team")
    assert make_key(engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*").returncode == 0
    put(engine, f"{name}/in/1", word.encode())
    engine.client("sagemaker").create_model(
        ModelName=f"{name}-model", PrimaryContainer=container(engine), ExecutionRoleArn=ROLE
    )
    return name, client_of(engine, name)("sagemaker")


def submit(team: str, sagemaker: Any, number: int, owner: str) -> str:
    name = f"{team}-{number}"
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=f"{team}-model",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{team}/in/"}}
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/{team}/out-{number}/"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=[{"Key": OWNER_TAG, "Value": owner}],
    )
    return name


def test_a_team_that_names_others_in_its_tags_takes_only_its_own_places(own_engine: EngineProcess) -> None:
    greedy, first = team_of(own_engine, "sleep")
    modest_team, second = team_of(own_engine, "x")
    usual = Config(Path(), Path())
    places = usual.max_running_jobs + usual.spare_places
    hanging = [submit(greedy, first, number, f"team-{number}") for number in range(places)]
    until(
        lambda: "TransformStartTime" in first.describe_transform_job(TransformJobName=hanging[0]), "the first"
    )
    name = submit(modest_team, second, 1, "team-1")

    def status() -> str | None:
        answer = second.describe_transform_job(TransformJobName=name)
        return None if answer["TransformJobStatus"] == "InProgress" else str(answer["TransformJobStatus"])

    assert until(status, "the other team's job", 30) == "Completed"
    reason = first.describe_transform_job(TransformJobName=hanging[-1])["FailureReason"]
    assert reason == "Waits for a free place on the engine: 4 jobs run, all of this team."
