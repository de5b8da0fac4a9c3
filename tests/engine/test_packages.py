"""The model registry through boto3: groups, versions, packages of no group, and models made from them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.resources import ROLE, STRANGE_IMAGE, model_data, refused, unique
from tests.engine.transforms import container, transform
from tests.support.engine import EngineProcess

PREFIX = "arn:aws:sagemaker:us-east-1:000000000000:"


@pytest.fixture
def sagemaker(engine: EngineProcess) -> Any:
    return engine.client("sagemaker")


@pytest.fixture
def group(sagemaker: Any) -> str:
    """The name of a group without versions."""
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def specification(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"Containers": list(containers) or [{"Image": STRANGE_IMAGE}]}


def version(sagemaker: Any, group: str, **more: Any) -> str:
    """Add a version to the group; returns its ARN."""
    created = sagemaker.create_model_package(
        **{"ModelPackageGroupName": group, "InferenceSpecification": specification(), **more}
    )
    return str(created["ModelPackageArn"])


def test_a_group_is_described_and_taken_once(sagemaker: Any) -> None:
    name = unique("group")
    arn = sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Ours", Tags=[{"Key": "k", "Value": "v"}]
    )["ModelPackageGroupArn"]
    assert arn == f"{PREFIX}model-package-group/{name}"
    for reference in (name, arn):
        described = sagemaker.describe_model_package_group(ModelPackageGroupName=reference)
        assert described["ModelPackageGroupName"] == name
        assert described["ModelPackageGroupDescription"] == "Ours"
        assert described["ModelPackageGroupStatus"] == "Completed"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    with refused("ValidationException", f"Model Package Group already exists: {arn}"):
        sagemaker.create_model_package_group(ModelPackageGroupName=name)


def test_versions_are_numbered_and_no_number_is_given_twice(sagemaker: Any, group: str) -> None:
    arns = [version(sagemaker, group) for _ in range(2)]
    assert arns == [f"{PREFIX}model-package/{group}/{number}" for number in (1, 2)]
    sagemaker.delete_model_package(ModelPackageName=arns[1])
    assert version(sagemaker, group).endswith("/3")
    with refused("ValidationException", f"ModelPackage {arns[1]} does not exist."):
        sagemaker.describe_model_package(ModelPackageName=arns[1])


def test_a_version_is_described_by_arn_and_by_group_and_number(
    engine: EngineProcess, sagemaker: Any, group: str
) -> None:
    inference_specification = specification({"Image": STRANGE_IMAGE, "ModelDataUrl": model_data(engine)})
    inference_specification["SupportedTransformInstanceTypes"] = ["ml.m5.large"]
    arn = version(
        sagemaker,
        group,
        InferenceSpecification=inference_specification,
        ModelPackageDescription="First",
        SourceUri="s3://a/b",
    )
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    del described["ResponseMetadata"]
    again = sagemaker.describe_model_package(ModelPackageName=f"{group}/1")
    del again["ResponseMetadata"]
    assert again == described
    assert described["ModelPackageGroupName"] == group
    assert described["ModelPackageVersion"] == 1
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageStatus"] == "Completed"
    # SageMaker's answer always has the containers' Environment.
    containers = [{**container, "Environment": {}} for container in inference_specification["Containers"]]
    assert described["InferenceSpecification"] == {**inference_specification, "Containers": containers}
    assert described["ModelPackageDescription"] == "First"
    assert described["SourceUri"] == "s3://a/b"


def test_a_package_of_no_group_has_a_name_of_its_own(sagemaker: Any) -> None:
    name = unique("package")
    request = {"ModelPackageName": name, "InferenceSpecification": specification()}
    arn = sagemaker.create_model_package(**request, Tags=[{"Key": "k", "Value": "v"}])["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=name)
    assert (described["ModelPackageName"], described["ModelPackageArn"]) == (name, arn)
    assert "ModelPackageVersion" not in described
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    with refused("ConflictException", name):
        sagemaker.create_model_package(**request)
    with refused("ValidationException", "does not exist."):
        sagemaker.describe_model_package(ModelPackageName=f"{name}/0")


def test_a_described_specification_makes_another_package(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group)
    described = sagemaker.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]
    name = unique("copy")
    sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=described)
    copy = sagemaker.describe_model_package(ModelPackageName=name)
    assert copy["InferenceSpecification"] == described


def test_a_request_repeated_with_its_token_makes_no_second_version(sagemaker: Any, group: str) -> None:
    token = unique("token")
    assert version(sagemaker, group, ClientToken=token) == version(sagemaker, group, ClientToken=token)
    assert version(sagemaker, group).endswith("/2")


def test_the_latest_approved_version_is_found_as_the_guide_says(sagemaker: Any, group: str) -> None:
    arns = [version(sagemaker, group) for _ in range(3)]
    for arn, status in zip(arns, ("Approved", "Approved", "Rejected"), strict=True):
        sagemaker.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription="Looked at"
        )
    packages = sagemaker.list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    assert [package["ModelPackageArn"] for package in packages] == [arns[1]]
    described = sagemaker.describe_model_package(ModelPackageName=arns[1])
    assert described["ApprovalDescription"] == "Looked at"
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_metadata_and_specifications_are_added_and_taken_away(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    more = [{"Name": "small", "Containers": [{"Image": "small:1"}]}]
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
        AdditionalInferenceSpecificationsToAdd=more,
    )
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert described["AdditionalInferenceSpecifications"] == more


@pytest.mark.parametrize("order", ["Name", "CreationTime"])
def test_packages_are_listed_oldest_first_each_once_and_by_kind(
    sagemaker: Any, group: str, order: str
) -> None:
    versions = [version(sagemaker, group) for _ in range(11)]
    name = f"{group}-x"
    own = sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=specification())

    def listed(**filters: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            NameContains=group, SortBy=order, PaginationConfig={"PageSize": 4}, **filters
        )
        return [summary["ModelPackageArn"] for page in pages for summary in page["ModelPackageSummaryList"]]

    assert listed(ModelPackageGroupName=group) == versions
    assert listed(ModelPackageGroupName=group, SortOrder="Descending") == versions[::-1]
    assert listed() == listed(ModelPackageType="Unversioned") == [own["ModelPackageArn"]]
    assert listed(ModelPackageType="Both") == [*versions, own["ModelPackageArn"]]
    with refused("ValidationException", "NextToken"):
        sagemaker.list_model_packages(NextToken="bm90IGEgdG9rZW4=")


@pytest.mark.parametrize("order", ["Name", "CreationTime"])
def test_groups_are_listed_oldest_first_and_each_once(sagemaker: Any, order: str) -> None:
    mark = unique("list")
    names = [f"{mark}-{letter}" for letter in "abcde"]
    for name in names:
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(
        NameContains=mark, SortBy=order, PaginationConfig={"PageSize": 2}
    )
    summaries = [summary for page in pages for summary in page["ModelPackageGroupSummaryList"]]
    assert [summary["ModelPackageGroupName"] for summary in summaries] == names


def test_a_group_with_versions_stays(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group)
    with refused("ConflictException", group):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with refused(
        "ValidationException", f"ModelPackageGroup {PREFIX}model-package-group/{group} does not exist."
    ):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "either ModelPackageName or ModelPackageGroupName"),
        ({"ModelPackageName": "a", "ModelPackageGroupName": "b"}, "either ModelPackageName"),
        ({"ModelPackageName": "a"}, "needs an InferenceSpecification"),
        ({"ModelPackageGroupName": "no-such-group"}, "no-such-group does not exist."),
        ({"ModelPackageGroupName": "g", "Tags": [{"Key": "k", "Value": "v"}]}, "tags of its group"),
        ({"ModelPackageName": "a", "CertifyForMarketplace": True}, "CertifyForMarketplace"),
        ({"ModelPackageName": "a", "InferenceSpecification": {"Containers": [{}]}}, "needs an Image"),
        (
            {
                "ModelPackageName": "a",
                "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://no/such"}]},
            },
            "Could not find model data at s3://no/such.",
        ),
    ],
)
def test_a_package_that_makes_no_sense_is_refused(
    sagemaker: Any, request_: dict[str, Any], message: str
) -> None:
    with refused("ValidationException", message):
        sagemaker.create_model_package(**request_)


def test_a_job_runs_what_the_package_of_its_model_holds(serving_engine: EngineProcess) -> None:
    sagemaker = serving_engine.client("sagemaker")
    group = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    chain = [container(serving_engine, SUFFIX="1"), container(serving_engine, SUFFIX="2")]
    arn = version(sagemaker, group, InferenceSpecification=specification(*chain))
    job = transform(serving_engine, {"x": b"x"}, containers=[{"ModelPackageName": arn}]).completed()
    assert job.outputs == {"x.out": b"X12"}
    own = {"ModelPackageName": f"{group}/1", "Environment": {"SUFFIX": "-"}}
    job = transform(serving_engine, {"x": b"x"}, containers=[own]).completed()
    assert job.outputs == {"x.out": b"X--"}


def test_a_model_names_a_package_and_a_specification_that_are_there(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group)
    for wrong, message in (
        ({"ModelPackageName": f"{group}/9"}, f"ModelPackage {PREFIX}model-package/{group}/9 does not exist."),
        ({"ModelPackageName": arn, "InferenceSpecificationName": "big"}, "no inference specification big"),
    ):
        with refused("ValidationException", message):
            sagemaker.create_model(ModelName=unique("model"), PrimaryContainer=wrong, ExecutionRoleArn=ROLE)


def test_a_package_takes_over_the_specification_of_a_package_or_a_model(sagemaker: Any, group: str) -> None:
    first = version(sagemaker, group)
    copied = sagemaker.create_model_package(ModelPackageGroupName=group, SourceUri=first)["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=copied)
    assert described["InferenceSpecification"]["Containers"][0]["Image"] == STRANGE_IMAGE
    name = unique("model")
    container = {"Image": STRANGE_IMAGE, "Environment": {"A": "b"}}
    model = sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)[
        "ModelArn"
    ]
    registered = sagemaker.create_model_package(ModelPackageGroupName=group, SourceUri=model)[
        "ModelPackageArn"
    ]
    described = sagemaker.describe_model_package(ModelPackageName=registered)
    assert described["InferenceSpecification"]["Containers"] == [container]
    with refused("ValidationException", "does not exist"):
        sagemaker.create_model_package(ModelPackageGroupName=group, SourceUri=f"{model}-gone")


def test_part_of_a_model_card_leaves_the_rest(sagemaker: Any, group: str) -> None:
    card = {"ModelCardContent": "{}", "ModelCardStatus": "Draft"}
    arn = version(sagemaker, group, ModelCard=card)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardContent": '{"a": 1}'})
    changed = sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"]
    assert changed == {"ModelCardContent": '{"a": 1}', "ModelCardStatus": "Draft"}


def test_several_versions_are_described_at_once(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group)
    answer = sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, f"{arn}9"])
    summary = answer["ModelPackageSummaries"][arn]
    assert (summary["ModelPackageGroupName"], summary["ModelPackageVersion"]) == (group, 1)
    assert summary["InferenceSpecification"]["Containers"][0]["Image"] == STRANGE_IMAGE
    assert answer["BatchDescribeModelPackageErrorMap"][f"{arn}9"]["ErrorCode"] == "ValidationException"
