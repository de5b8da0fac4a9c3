"""Models through boto3: CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.resources import ROLE, create_model, model_data, refused, unique
from tests.support.engine import EngineProcess


@pytest.fixture
def sagemaker(engine: EngineProcess) -> Any:
    return engine.client("sagemaker")


def test_a_model_is_described_as_it_was_created_with_the_defaults_shown(
    engine: EngineProcess, sagemaker: Any
) -> None:
    name, url = unique("model"), model_data(engine)
    created = sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"Image": "repo/image:1", "ModelDataUrl": url, "Environment": {"A": "1"}},
        ExecutionRoleArn=ROLE,
    )
    model = sagemaker.describe_model(ModelName=name)
    assert created["ModelArn"].endswith(f":model/{name}")
    assert model["ModelArn"] == created["ModelArn"]
    assert model["ExecutionRoleArn"] == ROLE
    assert model["EnableNetworkIsolation"] is False
    assert model["PrimaryContainer"] == {
        "Image": "repo/image:1",
        "Mode": "SingleModel",
        "ModelDataUrl": url,
        "Environment": {"A": "1"},
    }
    assert "Containers" not in model


def test_a_pipeline_keeps_the_order_of_its_containers(engine: EngineProcess, sagemaker: Any) -> None:
    name = unique("pipeline")
    sagemaker.create_model(
        ModelName=name, Containers=[{"Image": "first:1"}, {"Image": "second:1"}], ExecutionRoleArn=ROLE
    )
    containers = sagemaker.describe_model(ModelName=name)["Containers"]
    assert [container["Image"] for container in containers] == ["first:1", "second:1"]


def test_a_taken_name_is_refused_as_sagemaker_does(engine: EngineProcess, sagemaker: Any) -> None:
    name = create_model(engine)
    arn = sagemaker.describe_model(ModelName=name)["ModelArn"]
    with refused("ValidationException", f'Cannot create already existing model "{arn}".'):
        sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)


@pytest.mark.parametrize("url", ["s3://no-such-bucket/model.tar.gz", "https://example.com"])
def test_model_data_that_is_not_there_is_refused(sagemaker: Any, url: str) -> None:
    with refused("ValidationException", f"Could not find model data at {url}."):
        sagemaker.create_model(
            ModelName=unique("model"),
            PrimaryContainer={"Image": "i", "ModelDataUrl": url},
            ExecutionRoleArn=ROLE,
        )


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ({}, "needs a PrimaryContainer or Containers"),
        ({"PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}]}, "not both"),
        ({"PrimaryContainer": {}}, "needs an Image"),
        ({"PrimaryContainer": {"Image": "with space"}}, "primaryContainer.image"),
        ({"Containers": [{"Image": "a", "ContainerHostname": "x"}, {"Image": "b"}]}, "ContainerHostname"),
        (
            {
                "Containers": [
                    {"Image": "a", "ContainerHostname": "x"},
                    {"Image": "b", "ContainerHostname": "x"},
                ]
            },
            "ContainerHostname",
        ),
        ({"PrimaryContainer": {"ModelPackageName": "p"}}, "model-package/p does not exist."),
        (
            {"PrimaryContainer": {"Image": "i", "Environment": {f"A{n}": "x" * 1000 for n in range(40)}}},
            "environment variables",
        ),
    ],
)
def test_containers_that_make_no_model_are_refused(
    sagemaker: Any, containers: dict[str, Any], message: str
) -> None:
    with refused("ValidationException", message):
        sagemaker.create_model(ModelName=unique("model"), ExecutionRoleArn=ROLE, **containers)


def test_a_deleted_model_is_gone_and_its_tags_with_it(engine: EngineProcess, sagemaker: Any) -> None:
    name = create_model(engine, Tags=[{"Key": "k", "Value": "v"}])
    sagemaker.delete_model(ModelName=name)
    with refused(
        "ValidationException",
        f'Could not find model "arn:aws:sagemaker:us-east-1:000000000000:model/{name}".',
    ):
        sagemaker.describe_model(ModelName=name)
    with refused("ValidationException", "Could not find model"):
        sagemaker.delete_model(ModelName=name)
    create_model(engine, name)
    arn = sagemaker.describe_model(ModelName=name)["ModelArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_models_are_listed_newest_first_and_by_name_when_asked(engine: EngineProcess, sagemaker: Any) -> None:
    mark = unique("list")
    names = [create_model(engine, f"{mark}-{letter}") for letter in "bca"]
    newest = sagemaker.list_models(NameContains=mark)["Models"]
    by_name = sagemaker.list_models(NameContains=mark, SortBy="Name", SortOrder="Ascending")["Models"]
    assert [model["ModelName"] for model in newest] == names[::-1]
    assert [model["ModelName"] for model in by_name] == sorted(names)


@pytest.mark.parametrize("order", ["Name", "CreationTime"])
def test_the_paginator_meets_every_model_once(engine: EngineProcess, sagemaker: Any, order: str) -> None:
    mark = unique("page")
    names = {create_model(engine, f"{mark}-{number}") for number in range(7)}
    pages = sagemaker.get_paginator("list_models").paginate(NameContains=mark, SortBy=order, MaxResults=3)
    listed_names = [model["ModelName"] for page in pages for model in page["Models"]]
    assert len(listed_names) == 7
    assert set(listed_names) == names


def test_a_page_token_of_another_order_is_refused(engine: EngineProcess, sagemaker: Any) -> None:
    mark = unique("token")
    for number in range(2):
        create_model(engine, f"{mark}-{number}")
    token = sagemaker.list_models(NameContains=mark, MaxResults=1)["NextToken"]
    with refused("ValidationException", "NextToken"):
        sagemaker.list_models(SortBy="Name", NextToken=token)
    with refused("ValidationException", "NextToken"):
        sagemaker.list_models(NextToken="bm90IGEgdG9rZW4=")


def test_an_operation_the_engine_lacks_is_refused_by_name(sagemaker: Any) -> None:
    with pytest.raises(ClientError) as caught:
        sagemaker.list_training_jobs()
    assert caught.value.response["Error"]["Code"] == "NotImplementedException"
    assert "ListTrainingJobs" in caught.value.response["Error"]["Message"]
