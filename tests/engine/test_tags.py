"""Tags through boto3."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.resources import create_model, job_request, put, refused, unique
from tests.support.engine import EngineProcess


@pytest.fixture
def sagemaker(engine: EngineProcess) -> Any:
    return engine.client("sagemaker")


def model_arn(engine: EngineProcess, **more: Any) -> str:
    arn: str = engine.client("sagemaker").describe_model(ModelName=create_model(engine, **more))["ModelArn"]
    return arn


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(values.items())]


def test_tags_given_at_creation_are_listed(engine: EngineProcess, sagemaker: Any) -> None:
    arn = model_arn(engine, Tags=tags(team="a", cost="b"))
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags(team="a", cost="b")


def test_a_job_keeps_its_tags_and_describe_does_not_show_them(engine: EngineProcess, sagemaker: Any) -> None:
    request = job_request(create_model(engine), put(engine, f"{unique('in')}/a.csv"), Tags=tags(key="x"))
    arn = sagemaker.create_transform_job(**request)["TransformJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags(key="x")
    assert "Tags" not in sagemaker.describe_transform_job(TransformJobName=request["TransformJobName"])


def test_added_tags_overwrite_those_of_the_same_key(engine: EngineProcess, sagemaker: Any) -> None:
    arn = model_arn(engine, Tags=tags(a="1", b="2"))
    answer = sagemaker.add_tags(ResourceArn=arn, Tags=tags(b="3", c="Ünïcode"))
    assert answer["Tags"] == tags(a="1", b="3", c="Ünïcode")
    assert sagemaker.list_tags(ResourceArn=arn, MaxResults=50)["Tags"] == answer["Tags"]


def test_deleted_tags_are_gone_and_unknown_keys_do_not_matter(engine: EngineProcess, sagemaker: Any) -> None:
    arn = model_arn(engine, Tags=tags(a="1", b="2"))
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a", "never-there"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags(b="2")


def test_a_resource_has_room_for_fifty_tags(engine: EngineProcess, sagemaker: Any) -> None:
    arn = model_arn(engine, Tags=tags(**{f"k{number}": "v" for number in range(50)}))
    sagemaker.add_tags(ResourceArn=arn, Tags=tags(k0="new"))
    with refused("ResourceLimitExceeded", "50"):
        sagemaker.add_tags(ResourceArn=arn, Tags=tags(one_more="v"))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sagemaker:us-east-1:000000000000:model/no-such-model",
        "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e",
        "arn:aws:sagemaker:eu-west-1:000000000000:model/m",
    ],
)
def test_tags_of_what_is_not_there_are_refused(sagemaker: Any, arn: str) -> None:
    with refused("ValidationException", arn):
        sagemaker.list_tags(ResourceArn=arn)
