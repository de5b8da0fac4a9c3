"""What build.py asks SageMaker and SSM of both accounts, and how a model version is copied from one to the other."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from botocore.exceptions import ClientError


def latest_approved_version(sagemaker, group):
    """The summary of the group's newest approved version. Raises LookupError if there is none."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    for page in pages:
        for summary in page["ModelPackageSummaryList"]:
            return summary
    raise LookupError(f"{group} has no approved version.")


def package_of(sagemaker, name):
    """The ARN of the package of that name; None if the account has none."""
    try:
        return sagemaker.describe_model_package(ModelPackageName=name)["ModelPackageArn"]
    except ClientError:
        return None


def copy_version(dev, target, version_arn, name, bucket, prefix, tags):
    """Create the package `name` in the target account from a version of the development account; returns its ARN.

    `dev` and `target` have the clients of both accounts by service name.
    """
    specification = dev["sagemaker"].describe_model_package(ModelPackageName=version_arn)[
        "InferenceSpecification"
    ]
    for number, container in enumerate(specification["Containers"]):
        key = f"{prefix}/model-artifacts/{name}/model_{number}.tar.gz"
        _copy_object(dev["s3"], container["ModelDataUrl"], target["s3"], bucket, key)
        container["ModelDataUrl"] = f"s3://{bucket}/{key}"
        del container["Environment"]
    arn = target["sagemaker"].create_model_package(
        ModelPackageName=name,
        ModelPackageDescription=f"Copy of {version_arn}",
        ModelApprovalStatus="Approved",
        InferenceSpecification=specification,
        Tags=tags,
    )["ModelPackageArn"]
    while (
        status := target["sagemaker"].describe_model_package(ModelPackageName=arn)["ModelPackageStatus"]
    ) != "Completed":
        if status == "Failed":
            raise RuntimeError(f"{arn} failed.")
        time.sleep(5)
    return arn


def parameter(ssm, name):
    """The value of a parameter of SSM."""
    return ssm.get_parameter(Name=name)["Parameter"]["Value"]


def _copy_object(source, uri, target, bucket, key):
    parts = urlsplit(uri)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tar.gz"
        source.download_file(parts.netloc, parts.path.lstrip("/"), str(path))
        target.upload_file(str(path), bucket, key)
