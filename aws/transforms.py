"""Transform jobs in SageMaker: create, describe, list, tag, stop.

Actions are described at
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html and beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected
from aws.scoping import check_request
from aws.target import Target
from transform.request import PATHS

#: The beginning of DescribeTransformJob's message for an unknown name; its code says only "validation".
_UNKNOWN = "could not find"
#: StopTransformJob's for a job that has ended.
_ENDED = "is in status"
#: CreateTransformJob's for a model it does not know.
_NO_MODEL = "Could not find model"
_REQUEST_FIELDS = frozenset(path[0] for path in PATHS.values())


class JobNameTaken(Rejected):
    """A transform job of this name exists already; names are unique for ever in an account and region."""


@dataclass(frozen=True, slots=True)
class RemoteSummary:
    """One line of ListTransformJobs; `status` is SageMaker's word.

    `reason` is the FailureReason, which an engine also gives for a job in progress that waits.
    """

    name: str
    status: str
    modified: datetime | None
    arn: str = ""
    created: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job in SageMaker; times are None until they happen.

    `request` is the job's description under CreateTransformJob's names, which are Describe's too.
    """

    name: str
    arn: str
    status: str
    failure_reason: str
    created: datetime | None
    started: datetime | None
    ended: datetime | None
    model_name: str
    request: Mapping[str, Any] = field(default_factory=dict)


def create(target: Target, request: Mapping[str, Any]) -> str:
    """Call CreateTransformJob with this request and return the ARN; raises JobNameTaken or a GatewayError."""
    check_request(target, request)
    with translated(target):
        try:
            answer = client(target, "sagemaker").create_transform_job(**request)
        except ClientError as error:
            code, message = details_of(error)
            if code == "ResourceInUse":
                raise JobNameTaken(message, code) from error
            if message.startswith(_NO_MODEL):
                advice = "Register it on this connection, or check its name."
                raise Rejected(f"{message.rstrip('.')}. {advice}", code) from error
            raise
    return answer["TransformJobArn"]


def describe(target: Target, name: str) -> RemoteJob | None:
    """Describe a job; None if SageMaker does not know it."""
    with translated(target):
        try:
            answer = client(target, "sagemaker").describe_transform_job(TransformJobName=name)
        except ClientError as error:
            if _is_unknown(error):
                return None
            raise
    return RemoteJob(
        name=answer["TransformJobName"],
        arn=answer["TransformJobArn"],
        status=answer["TransformJobStatus"],
        failure_reason=answer.get("FailureReason", ""),
        created=answer.get("CreationTime"),
        started=answer.get("TransformStartTime"),
        ended=answer.get("TransformEndTime"),
        model_name=answer.get("ModelName", ""),
        request={key: value for key, value in answer.items() if key in _REQUEST_FIELDS},
    )


def list_by_status(target: Target, status: Literal["InProgress", "Stopping"]) -> Iterator[RemoteSummary]:
    """All jobs in this status, a hundred for each call."""
    pages = client(target, "sagemaker").get_paginator("list_transform_jobs")
    with translated(target):
        for page in pages.paginate(StatusEquals=status, PaginationConfig={"PageSize": 100}):
            for row in page["TransformJobSummaries"]:
                yield RemoteSummary(
                    row["TransformJobName"],
                    row["TransformJobStatus"],
                    row.get("LastModifiedTime"),
                    reason=row.get("FailureReason", ""),
                )


def list_created(target: Target, after: datetime, before: datetime) -> Iterator[RemoteSummary]:
    """All jobs created in this window, oldest first, a hundred for each call.

    By creation time, which never changes: pages by LastModifiedTime shift while they are read.
    """
    pages = client(target, "sagemaker").get_paginator("list_transform_jobs")
    with translated(target):
        for page in pages.paginate(
            CreationTimeAfter=after,
            CreationTimeBefore=before,
            SortBy="CreationTime",
            SortOrder="Ascending",
            PaginationConfig={"PageSize": 100},
        ):
            for row in page["TransformJobSummaries"]:
                yield RemoteSummary(
                    row["TransformJobName"],
                    row["TransformJobStatus"],
                    row.get("LastModifiedTime"),
                    row["TransformJobArn"],
                    row["CreationTime"],
                )


def tags(target: Target, arn: str) -> dict[str, str]:
    """The job's tags."""
    with translated(target):
        pages = client(target, "sagemaker").get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def set_tags(target: Target, arn: str, values: Mapping[str, str]) -> None:
    """Set these tags of the job; others stay."""
    with translated(target):
        client(target, "sagemaker").add_tags(
            ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in values.items()]
        )


def remove_tags(target: Target, arn: str, keys: Collection[str]) -> None:
    """Remove the job's tags with these keys; keys that it has not are ignored."""
    with translated(target):
        client(target, "sagemaker").delete_tags(ResourceArn=arn, TagKeys=list(keys))


def stop(target: Target, name: str) -> bool:
    """Ask SageMaker to stop the job; False if it has ended already or is unknown."""
    with translated(target):
        try:
            client(target, "sagemaker").stop_transform_job(TransformJobName=name)
        except ClientError as error:
            if _is_unknown(error) or _ENDED in details_of(error)[1]:
                return False
            raise
    return True


def _is_unknown(error: ClientError) -> bool:
    code, message = details_of(error)
    return code == "ResourceNotFound" or (code == "ValidationException" and _UNKNOWN in message.lower())
