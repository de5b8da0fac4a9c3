"""Models in SageMaker: create, describe, delete.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected
from aws.scoping import check_containers, check_model
from aws.target import Target


class ModelNameTaken(Rejected):
    """SageMaker has a model of this name already."""


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model in SageMaker; `containers` are its ContainerDefinition objects in order."""

    name: str
    arn: str
    containers: tuple[dict[str, Any], ...]
    execution_role_arn: str


def create(
    target: Target, *, name: str, containers: Sequence[Mapping[str, Any]], execution_role_arn: str = ""
) -> str:
    """Call CreateModel and return the ARN; raises ModelNameTaken or a GatewayError."""
    check_model(target, name)
    check_containers(target, containers)
    request: dict[str, Any] = {"ModelName": name}
    if len(containers) == 1:
        request["PrimaryContainer"] = dict(containers[0])
    else:
        request["Containers"] = [dict(container) for container in containers]
    if execution_role_arn:
        request["ExecutionRoleArn"] = execution_role_arn
    with translated(target):
        try:
            return client(target, "sagemaker").create_model(**request)["ModelArn"]
        except ClientError as error:
            # CreateModel says "Cannot create already existing model" with the code of any other bad request.
            if "already existing" in details_of(error)[1]:
                raise ModelNameTaken(
                    f"SageMaker has a model named {name} already; choose another name."
                ) from error
            raise


def describe(target: Target, name: str) -> RemoteModel | None:
    """Describe a model; None if SageMaker has none of this name."""
    check_model(target, name)
    with translated(target):
        try:
            answer = client(target, "sagemaker").describe_model(ModelName=name)
        except ClientError as error:
            if _is_unknown(error):
                return None
            raise
    containers = answer.get("Containers") or [answer["PrimaryContainer"]]
    return RemoteModel(
        name=answer["ModelName"],
        arn=answer["ModelArn"],
        containers=tuple(dict(container) for container in containers),
        execution_role_arn=answer.get("ExecutionRoleArn", ""),
    )


def delete(target: Target, name: str) -> bool:
    """Remove the model's entry; False if there was none. Its archive in S3 stays."""
    check_model(target, name)
    with translated(target):
        try:
            client(target, "sagemaker").delete_model(ModelName=name)
        except ClientError as error:
            if _is_unknown(error):
                return False
            raise
    return True


def _is_unknown(error: ClientError) -> bool:
    return "could not find model" in details_of(error)[1].lower()
