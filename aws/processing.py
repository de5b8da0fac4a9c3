"""Processing jobs in SageMaker: create, describe, stop.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected
from aws.scoping import OutOfScope, denied_place
from aws.target import Target
from transform.request_addresses import addresses

#: StopProcessingJob's message for a job that has ended.
_ENDED = "is in status"
_UNKNOWN = "could not find"


class ProcessingNameTaken(Rejected):
    """A processing job of this name exists already."""


@dataclass(frozen=True, slots=True)
class ProcessingJob:
    """A processing job; `status` is SageMaker's word. Times are None until they happen.

    `exit_message` is what the script wrote to /opt/ml/output/message, its first kilobyte.
    """

    name: str
    arn: str
    status: str
    failure_reason: str = ""
    exit_message: str = ""
    started: datetime | None = None
    ended: datetime | None = None


def create(target: Target, request: Mapping[str, Any]) -> str:
    """Call CreateProcessingJob and return the ARN; raises ProcessingNameTaken or a GatewayError."""
    _check_places(target, request)
    with translated(target):
        try:
            return client(target, "sagemaker").create_processing_job(**request)["ProcessingJobArn"]
        except ClientError as error:
            code, message = details_of(error)
            if code == "ResourceInUse" or "already exists" in message:
                raise ProcessingNameTaken(message or code, code) from error
            raise


def describe(target: Target, name: str) -> ProcessingJob | None:
    """Describe a processing job; None if SageMaker does not know it."""
    with translated(target):
        try:
            answer = client(target, "sagemaker").describe_processing_job(ProcessingJobName=name)
        except ClientError as error:
            if _is_unknown(error):
                return None
            raise
    return ProcessingJob(
        name=answer["ProcessingJobName"],
        arn=answer["ProcessingJobArn"],
        status=answer["ProcessingJobStatus"],
        failure_reason=answer.get("FailureReason", ""),
        exit_message=answer.get("ExitMessage", ""),
        started=answer.get("ProcessingStartTime"),
        ended=answer.get("ProcessingEndTime"),
    )


def stop(target: Target, name: str) -> bool:
    """Ask SageMaker to stop the job; False if it has ended already or is unknown."""
    with translated(target):
        try:
            client(target, "sagemaker").stop_processing_job(ProcessingJobName=name)
        except ClientError as error:
            if _is_unknown(error) or _ENDED in details_of(error)[1]:
                return False
            raise
    return True


def _check_places(target: Target, request: Mapping[str, Any]) -> None:
    """Raises OutOfScope for an S3 address of the request that the connection may not use."""
    inputs = {name: value for name, value in request.items() if name != "ProcessingOutputConfig"}
    for _, uri in addresses(inputs):
        if not target.scope.allows_uri(uri):
            raise OutOfScope(denied_place(target, uri))
    for _, uri in addresses(request.get("ProcessingOutputConfig", {})):
        if not target.scope.allows_output(uri):
            raise OutOfScope(denied_place(target, uri))


def _is_unknown(error: ClientError) -> bool:
    code, message = details_of(error)
    return code == "ResourceNotFound" or _UNKNOWN in message.lower()
