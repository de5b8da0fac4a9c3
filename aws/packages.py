"""Versions of the model registry's groups: create, describe, list, approve, change, delete.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
A version is named by its ARN; `PackageGroup.version_arn` makes it from a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from botocore.exceptions import ClientError

from aws.calls import translated
from aws.clients import client
from aws.errors import Rejected
from aws.package_groups import AT_ONCE, is_unknown
from aws.scoping import check_containers, check_package
from aws.target import Target
from transform.request_addresses import package_group

#: SageMaker's values of ModelApprovalStatus.
Approval = Literal["Approved", "Rejected", "PendingManualApproval"]
NO_TEXTS: Mapping[str, str] = MappingProxyType({})


class NoSuchGroup(Rejected):
    """SageMaker has no model package group of this name."""


class NoSuchVersion(Rejected):
    """SageMaker has no model package of this ARN."""


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One line of ListModelPackages; `status` and `approval` are SageMaker's words, `stage` that of its life cycle."""

    group: str
    number: int
    arn: str
    status: str
    approval: str
    description: str
    created: datetime
    stage: str = ""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some versions; `next` is the token of the following page, empty on the last."""

    versions: tuple[VersionSummary, ...] = ()
    next: str = ""


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """A version of a group. `containers` are its inference specification's container definitions in order.

    `metrics` are the ModelMetrics and `life_cycle` the ModelLifeCycle as SageMaker answers them, `custom` the
    CustomerMetadataProperties. `created_by` and `modified_by` are the user profiles of SageMaker Studio, mostly empty.
    """

    group: str
    number: int
    arn: str
    status: str
    status_reasons: tuple[str, ...]
    approval: str
    approval_description: str
    description: str
    created: datetime
    created_by: str
    modified: datetime | None
    modified_by: str
    containers: tuple[dict[str, Any], ...]
    content_types: tuple[str, ...]
    response_types: tuple[str, ...]
    transform_instance_types: tuple[str, ...]
    metrics: Mapping[str, Any]
    life_cycle: Mapping[str, str]
    custom: Mapping[str, str]
    domain: str = ""
    task: str = ""
    sample_payload_url: str = ""
    source_uri: str = ""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What CreateModelPackage gets; empty fields are left out.

    `client_token` has 1 to 36 characters: a request repeated with it creates no second version.
    """

    group: str
    containers: Sequence[Mapping[str, Any]]
    content_types: Sequence[str] = ()
    response_types: Sequence[str] = ()
    transform_instance_types: Sequence[str] = ()
    description: str = ""
    approval: Approval = "PendingManualApproval"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)
    sample_payload_url: str = ""
    source_uri: str = ""
    client_token: str = ""


def list_page(
    target: Target, group: str, *, approval: Approval | None = None, token: str = "", limit: int = 50
) -> VersionPage:
    """Up to `limit` versions of a group, newest first, in one call; raises NoSuchGroup or a GatewayError."""
    check_package(target, group)
    request: dict[str, Any] = {
        "ModelPackageGroupName": group,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": min(limit, AT_ONCE),
    }
    if approval:
        request["ModelApprovalStatus"] = approval
    if token:
        request["NextToken"] = token
    with translated(target):
        try:
            answer = client(target, "sagemaker").list_model_packages(**request)
        except ClientError as error:
            if is_unknown(error):
                raise NoSuchGroup(f"SageMaker has no model package group named {group}.") from error
            raise
    return VersionPage(
        tuple(_summary(row) for row in answer["ModelPackageSummaryList"]), answer.get("NextToken", "")
    )


def newest_approved(target: Target, group: str) -> VersionSummary | None:
    """The group's newest version that is approved and complete; None if it has none, NoSuchGroup without the group."""
    token = ""
    while True:
        # One is enough but for versions that failed or are still being made.
        page = list_page(target, group, approval="Approved", token=token, limit=AT_ONCE if token else 1)
        for version in page.versions:
            if version.status == "Completed":
                return version
        token = page.next
        if not token:
            return None


def describe(target: Target, arn: str) -> PackageVersion | None:
    """Describe a version; None if SageMaker has none with this ARN."""
    check_package(target, arn)
    with translated(target):
        try:
            answer = client(target, "sagemaker").describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if is_unknown(error):
                return None
            raise
    return _version(answer)


def create(target: Target, version: NewVersion) -> str:
    """Call CreateModelPackage and return the ARN; raises NoSuchGroup or a GatewayError."""
    check_package(target, version.group)
    check_containers(target, version.containers)
    with translated(target):
        try:
            return client(target, "sagemaker").create_model_package(**_request(version))["ModelPackageArn"]
        except ClientError as error:
            if is_unknown(error) and "group" in str(error).lower():
                raise NoSuchGroup(f"SageMaker has no model package group named {version.group}.") from error
            raise


def set_approval(target: Target, arn: str, approval: Approval, description: str = "") -> None:
    """Approve or reject a version, or make it wait again. The description replaces the one before, if not empty."""
    request: dict[str, Any] = {"ModelApprovalStatus": approval}
    if description:
        request["ApprovalDescription"] = description
    _update(target, arn, request)


def change_metadata(
    target: Target, arn: str, *, put: Mapping[str, str] = NO_TEXTS, remove: Sequence[str] = ()
) -> None:
    """Put and remove CustomerMetadataProperties. SageMaker never changes the description of a version."""
    request: dict[str, Any] = {}
    if put:
        request["CustomerMetadataProperties"] = dict(put)
    if remove:
        request["CustomerMetadataPropertiesToRemove"] = list(remove)
    if request:
        _update(target, arn, request)


def delete(target: Target, arn: str) -> bool:
    """Delete a version; False if there was none. Its archive in S3 and the models made from it stay."""
    check_package(target, arn)
    with translated(target):
        try:
            client(target, "sagemaker").delete_model_package(ModelPackageName=arn)
        except ClientError as error:
            if is_unknown(error):
                return False
            raise
    return True


def _update(target: Target, arn: str, request: Mapping[str, Any]) -> None:
    """Call UpdateModelPackage; raises NoSuchVersion or a GatewayError."""
    check_package(target, arn)
    with translated(target):
        try:
            client(target, "sagemaker").update_model_package(ModelPackageArn=arn, **request)
        except ClientError as error:
            if is_unknown(error):
                raise NoSuchVersion(f"SageMaker has no model package {arn}.") from error
            raise


def _request(version: NewVersion) -> dict[str, Any]:
    specification: dict[str, Any] = {
        "Containers": [dict(container) for container in version.containers],
        "SupportedContentTypes": list(version.content_types),
        "SupportedResponseMIMETypes": list(version.response_types),
        "SupportedTransformInstanceTypes": list(version.transform_instance_types),
    }
    request = {
        "ModelPackageGroupName": version.group,
        "ModelPackageDescription": version.description,
        "InferenceSpecification": {key: value for key, value in specification.items() if value},
        "ModelApprovalStatus": version.approval,
        "ModelMetrics": dict(version.metrics),
        "CustomerMetadataProperties": dict(version.custom),
        "SamplePayloadUrl": version.sample_payload_url,
        "SourceUri": version.source_uri,
        "ClientToken": version.client_token,
    }
    return {key: value for key, value in request.items() if value}


def _summary(row: Mapping[str, Any]) -> VersionSummary:
    return VersionSummary(
        group=row["ModelPackageGroupName"],
        number=row["ModelPackageVersion"],
        arn=row["ModelPackageArn"],
        status=row["ModelPackageStatus"],
        approval=row.get("ModelApprovalStatus", ""),
        description=row.get("ModelPackageDescription", ""),
        created=row["CreationTime"],
        stage=row.get("ModelLifeCycle", {}).get("Stage", ""),
    )


def _version(answer: Mapping[str, Any]) -> PackageVersion:
    specification = answer.get("InferenceSpecification", {})
    details = answer.get("ModelPackageStatusDetails", {})
    statuses = [*details.get("ValidationStatuses", []), *details.get("ImageScanStatuses", [])]
    return PackageVersion(
        group=answer.get("ModelPackageGroupName", package_group(answer["ModelPackageArn"])),
        number=answer.get("ModelPackageVersion", 0),
        arn=answer["ModelPackageArn"],
        status=answer["ModelPackageStatus"],
        status_reasons=tuple(row["FailureReason"] for row in statuses if row.get("FailureReason")),
        approval=answer.get("ModelApprovalStatus", ""),
        approval_description=answer.get("ApprovalDescription", ""),
        description=answer.get("ModelPackageDescription", ""),
        created=answer["CreationTime"],
        created_by=_person(answer.get("CreatedBy", {})),
        modified=answer.get("LastModifiedTime"),
        modified_by=_person(answer.get("LastModifiedBy", {})),
        containers=tuple(dict(container) for container in specification.get("Containers", [])),
        content_types=tuple(specification.get("SupportedContentTypes", [])),
        response_types=tuple(specification.get("SupportedResponseMIMETypes", [])),
        transform_instance_types=tuple(specification.get("SupportedTransformInstanceTypes", [])),
        metrics=answer.get("ModelMetrics", {}),
        life_cycle=answer.get("ModelLifeCycle", {}),
        custom=answer.get("CustomerMetadataProperties", {}),
        domain=answer.get("Domain", ""),
        task=answer.get("Task", ""),
        sample_payload_url=answer.get("SamplePayloadUrl", ""),
        source_uri=answer.get("SourceUri", ""),
    )


def _person(context: Mapping[str, Any]) -> str:
    return str(context.get("UserProfileName", "") or context.get("IamIdentity", {}).get("Arn", ""))
