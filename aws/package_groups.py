"""Groups of the model registry: create, describe, list, delete.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected
from aws.scoping import allows_package, check_package
from aws.target import Target

#: ListModelPackageGroups' limit for one call.
AT_ONCE = 100


class GroupNameTaken(Rejected):
    """SageMaker has a model package group of this name already."""


class GroupHasVersions(Rejected):
    """A group can be deleted only without versions."""


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """A model package group; `status` is SageMaker's word, such as Completed."""

    name: str
    arn: str
    description: str
    status: str
    created: datetime

    def version_arn(self, number: int) -> str:
        """The ARN that the group's version of this number has."""
        return f"{self.arn.replace(':model-package-group/', ':model-package/', 1)}/{number}"


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups; `next` is the token of the following page, empty on the last."""

    groups: tuple[PackageGroup, ...] = ()
    next: str = ""


def list_page(target: Target, *, name_contains: str = "", token: str = "", limit: int = 25) -> GroupPage:
    """Up to `limit` groups that the connection may use, newest first, in one call.

    A page can have fewer groups although others follow, since groups outside the target's scope are left out.
    """
    request: dict[str, Any] = {
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": min(limit, AT_ONCE),
    }
    if name_contains:
        request["NameContains"] = name_contains
    if token:
        request["NextToken"] = token
    with translated(target):
        answer = client(target, "sagemaker").list_model_package_groups(**request)
    groups = (_group(row) for row in answer["ModelPackageGroupSummaryList"])
    return GroupPage(
        tuple(group for group in groups if allows_package(target.scope, group.name)),
        answer.get("NextToken", ""),
    )


def describe(target: Target, name: str) -> PackageGroup | None:
    """Describe a group; None if SageMaker has none of this name."""
    check_package(target, name)
    with translated(target):
        try:
            answer = client(target, "sagemaker").describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            if is_unknown(error):
                return None
            raise
    return _group(answer)


def create(
    target: Target, name: str, *, description: str = "", tags: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Call CreateModelPackageGroup and return the ARN; raises GroupNameTaken or a GatewayError."""
    check_package(target, name)
    request: dict[str, Any] = {"ModelPackageGroupName": name}
    if description:
        request["ModelPackageGroupDescription"] = description
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    with translated(target):
        try:
            return client(target, "sagemaker").create_model_package_group(**request)["ModelPackageGroupArn"]
        except ClientError as error:
            code, message = details_of(error)
            # CreateModelPackageGroup says so with the code of any other bad request.
            if "already exists" in message:
                raise GroupNameTaken(
                    f"SageMaker has a model package group named {name} already.", code
                ) from error
            raise


def delete(target: Target, name: str) -> bool:
    """Delete a group; False if there was none. Raises GroupHasVersions or a GatewayError."""
    check_package(target, name)
    with translated(target):
        try:
            client(target, "sagemaker").delete_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            code, message = details_of(error)
            if code == "ConflictException" or "still contains" in message:
                raise GroupHasVersions(
                    f"The group {name} still has versions; delete them first.", code
                ) from error
            if is_unknown(error):
                return False
            raise
    return True


def is_unknown(error: ClientError) -> bool:
    """Whether the registry says that it has no such group or version, which it does with a message alone."""
    code, message = details_of(error)
    return code in ("ValidationException", "ResourceNotFound") and (
        "does not exist" in message or "could not find" in message.lower()
    )


def _group(row: Mapping[str, Any]) -> PackageGroup:
    return PackageGroup(
        name=row["ModelPackageGroupName"],
        arn=row["ModelPackageGroupArn"],
        description=row.get("ModelPackageGroupDescription", ""),
        status=row["ModelPackageGroupStatus"],
        created=row["CreationTime"],
    )
