"""A ClientToken of CreateModelPackage repeats a request for the same package or group, and tells nothing of others."""

from __future__ import annotations

from typing import Any

from tests.engine.resources import BUCKET, STRANGE_IMAGE, put, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess

SPECIFICATION = {"Containers": [{"Image": STRANGE_IMAGE}]}


def new_version(sagemaker: Any, group: str, token: str) -> str:
    """The ARN in the answer to a request for a new version of the group."""
    request = {"ModelPackageGroupName": group, "InferenceSpecification": SPECIFICATION, "ClientToken": token}
    return str(sagemaker.create_model_package(**request)["ModelPackageArn"])


def new_package(sagemaker: Any, name: str, token: str) -> str:
    """The ARN in the answer to a request for a package of no group."""
    request = {"ModelPackageName": name, "InferenceSpecification": SPECIFICATION, "ClientToken": token}
    return str(sagemaker.create_model_package(**request)["ModelPackageArn"])


def test_a_token_that_another_team_used_makes_a_package_of_the_caller(engine: EngineProcess) -> None:
    put(engine, "any")
    names = [unique("team"), unique("team")]
    clients = []
    for name in names:
        assert (
            make_key(engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*").returncode == 0
        )
        clients.append(client_of(engine, name)("sagemaker"))
        clients[-1].create_model_package_group(ModelPackageGroupName=f"{name}-group")
    teams = list(zip(names, clients, strict=True))
    token = unique("token")
    for name, client in teams * 2:  # The second round repeats the first.
        assert new_version(client, f"{name}-group", token).endswith(f":model-package/{name}-group/1")
    for name, client in teams * 2:
        assert new_package(client, f"{name}-group", token).endswith(f":model-package/{name}-group")


def test_a_group_named_by_its_arn_is_the_same_group(engine: EngineProcess) -> None:
    sagemaker, token = engine.client("sagemaker"), unique("token")
    group = unique("group")
    arn = sagemaker.create_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    assert new_version(sagemaker, group, token) == new_version(sagemaker, arn, token)


def test_metadata_with_the_names_of_other_fields_is_metadata(engine: EngineProcess) -> None:
    name = unique("team")
    assert make_key(engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*").returncode == 0
    sagemaker = client_of(engine, name)("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=f"{name}-group")
    properties = {"Environment": "production", "Containers": "three"}
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=f"{name}-group",
        InferenceSpecification=SPECIFICATION,
        CustomerMetadataProperties=properties,
    )["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"] == properties


def test_a_team_lists_its_groups_alone_and_approves_its_versions_alone(engine: EngineProcess) -> None:
    name, stranger = unique("team"), unique("stranger")
    assert make_key(engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*").returncode == 0
    owner, sagemaker = engine.client("sagemaker"), client_of(engine, name)("sagemaker")
    arns = []
    for group in (f"{name}-a", f"{stranger}-{name}-b", f"{name}-c"):
        owner.create_model_package_group(ModelPackageGroupName=group)
        arns.append(new_version(owner, group, unique("token")))
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(
        NameContains=name, SortBy="Name", PaginationConfig={"PageSize": 1}
    )
    listed = [row["ModelPackageGroupName"] for page in pages for row in page["ModelPackageGroupSummaryList"]]
    assert listed == [f"{name}-a", f"{name}-c"]
    sagemaker.update_model_package(ModelPackageArn=arns[0], ModelApprovalStatus="Approved")
    with denied():
        sagemaker.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved")
    elsewhere = {
        "Containers": [{"Image": STRANGE_IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/model.tar.gz"}]
    }
    with denied():
        sagemaker.update_model_package(ModelPackageArn=arns[0], InferenceSpecification=elsewhere)
    described = owner.describe_model_package(ModelPackageName=arns[1])
    assert described["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_team_takes_over_and_describes_its_own_packages_alone(engine: EngineProcess) -> None:
    name, stranger = unique("team"), unique("stranger")
    assert make_key(engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*").returncode == 0
    owner, sagemaker = engine.client("sagemaker"), client_of(engine, name)("sagemaker")
    for group in (f"{name}-a", f"{stranger}-b"):
        owner.create_model_package_group(ModelPackageGroupName=group)
    own, strange = (new_version(owner, group, unique("token")) for group in (f"{name}-a", f"{stranger}-b"))
    sagemaker.create_model_package(ModelPackageGroupName=f"{name}-a", SourceUri=own)
    assert own in sagemaker.batch_describe_model_package(ModelPackageArnList=[own])["ModelPackageSummaries"]
    with denied():
        sagemaker.create_model_package(ModelPackageGroupName=f"{name}-a", SourceUri=strange)
    with denied():
        sagemaker.create_model_package(
            ModelPackageGroupName=f"{name}-a", SourceUri=strange.replace("model-package", "model")
        )
    with denied():
        sagemaker.batch_describe_model_package(ModelPackageArnList=[own, strange])
