"""Sentences about calls that failed: the call's name, and the permission that it needs."""

from __future__ import annotations

from aws import GatewayError

#: The IAM actions that a call needs.
PERMISSIONS = {
    "ListModelPackages": "sagemaker:ListModelPackages",
    "DescribeModelPackage": "sagemaker:DescribeModelPackage",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateModel": "sagemaker:CreateModel and iam:PassRole",
    "CreateProcessingJob": "sagemaker:CreateProcessingJob and iam:PassRole",
    "DescribeProcessingJob": "sagemaker:DescribeProcessingJob",
    "StopProcessingJob": "sagemaker:StopProcessingJob",
}


def describe_refusal(error: GatewayError, call: str, connection: str) -> str:
    """The sentence about a failed call on the connection of that name."""
    sentence = error.sentence.rstrip(".")
    if error.is_denied:
        return f"{call} was refused on {connection}: {sentence}. It needs the permission {PERMISSIONS[call]}."
    return f"{call} failed on {connection}: {sentence}."
