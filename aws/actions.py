"""The IAM actions that the product's calls need: one table, from which policies and the test of a connection are made.

A test compares `calls` with what this package calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aws.logs import GROUP


class AwsFeature(StrEnum):
    """What a group of actions is for; each is a statement of the policy, with this as its Sid."""

    JOBS = "Jobs"
    MODELS = "Models"
    ROLES = "ExecutionRoles"
    REGISTRY = "ModelRegistry"
    SCRIPTS = "ScriptsOfDeployments"
    LOGS = "LogsAndMetrics"
    READS = "ReadInputsAndOutputs"
    WRITES = "UploadFilesAndManifests"
    BUCKETS = "MakeBuckets"
    DELETES = "DeleteObjects"
    QUOTAS = "Quotas"
    PRICES = "Prices"
    QUEUE = "QueueOfEvents"


_SAGEMAKER = "arn:{partition}:sagemaker:{region}:{account}:"


class AwsResource(StrEnum):
    """What an action is allowed on: an ARN with placeholders. Those of names, such as {bucket}, stand for several."""

    ALL = "*"
    JOBS = _SAGEMAKER + "transform-job/*"
    SCRIPTS = _SAGEMAKER + "processing-job/*"
    MODELS = _SAGEMAKER + "model/{model}"
    GROUPS = _SAGEMAKER + "model-package-group/{model}"
    VERSIONS = _SAGEMAKER + "model-package/{model}/*"
    LOGS = "arn:{partition}:logs:{region}:{account}:log-group:" + GROUP + ":*"
    BUCKETS = "arn:{partition}:s3:::{bucket}"
    OBJECTS = "arn:{partition}:s3:::{object}"
    ROLES = "{role}"
    QUEUE = "{queue}"


@dataclass(frozen=True, slots=True)
class AwsAction:
    """An IAM action: what it is for, what it is allowed on, and the calls of boto3 that need it, as `service.method`.

    An action without calls is asked for by another one, such as that of a role that a call hands on.
    """

    name: str
    feature: AwsFeature
    resource: AwsResource = AwsResource.ALL
    calls: tuple[str, ...] = ()


_F, _R = AwsFeature, AwsResource
ACTIONS: tuple[AwsAction, ...] = (
    AwsAction("sts:GetCallerIdentity", _F.JOBS, calls=("sts.get_caller_identity",)),
    AwsAction("sagemaker:ListTransformJobs", _F.JOBS, calls=("sagemaker.list_transform_jobs",)),
    AwsAction("sagemaker:CreateTransformJob", _F.JOBS, _R.JOBS, ("sagemaker.create_transform_job",)),
    AwsAction("sagemaker:DescribeTransformJob", _F.JOBS, _R.JOBS, ("sagemaker.describe_transform_job",)),
    AwsAction("sagemaker:StopTransformJob", _F.JOBS, _R.JOBS, ("sagemaker.stop_transform_job",)),
    AwsAction("sagemaker:ListTags", _F.JOBS, _R.JOBS, ("sagemaker.list_tags",)),
    # CreateTransformJob needs it too: it sets the tags that show which jobs are ours.
    AwsAction("sagemaker:AddTags", _F.JOBS, _R.JOBS, ("sagemaker.add_tags",)),
    AwsAction("sagemaker:DeleteTags", _F.JOBS, _R.JOBS, ("sagemaker.delete_tags",)),
    AwsAction("sagemaker:ListModels", _F.MODELS, calls=("sagemaker.list_models",)),
    AwsAction("sagemaker:CreateModel", _F.MODELS, _R.MODELS, ("sagemaker.create_model",)),
    AwsAction("sagemaker:DescribeModel", _F.MODELS, _R.MODELS, ("sagemaker.describe_model",)),
    AwsAction("sagemaker:DeleteModel", _F.MODELS, _R.MODELS, ("sagemaker.delete_model",)),
    # CreateModel and CreateProcessingJob hand the execution role to SageMaker.
    AwsAction("iam:PassRole", _F.ROLES, _R.ROLES),
    AwsAction(
        "sagemaker:ListModelPackageGroups", _F.REGISTRY, calls=("sagemaker.list_model_package_groups",)
    ),
    AwsAction(
        "sagemaker:CreateModelPackageGroup",
        _F.REGISTRY,
        _R.GROUPS,
        ("sagemaker.create_model_package_group",),
    ),
    AwsAction(
        "sagemaker:DescribeModelPackageGroup",
        _F.REGISTRY,
        _R.GROUPS,
        ("sagemaker.describe_model_package_group",),
    ),
    AwsAction(
        "sagemaker:DeleteModelPackageGroup",
        _F.REGISTRY,
        _R.GROUPS,
        ("sagemaker.delete_model_package_group",),
    ),
    AwsAction("sagemaker:ListModelPackages", _F.REGISTRY, _R.GROUPS, ("sagemaker.list_model_packages",)),
    AwsAction("sagemaker:CreateModelPackage", _F.REGISTRY, _R.VERSIONS, ("sagemaker.create_model_package",)),
    AwsAction(
        "sagemaker:DescribeModelPackage", _F.REGISTRY, _R.VERSIONS, ("sagemaker.describe_model_package",)
    ),
    AwsAction("sagemaker:UpdateModelPackage", _F.REGISTRY, _R.VERSIONS, ("sagemaker.update_model_package",)),
    AwsAction("sagemaker:DeleteModelPackage", _F.REGISTRY, _R.VERSIONS, ("sagemaker.delete_model_package",)),
    AwsAction("sagemaker:CreateProcessingJob", _F.SCRIPTS, _R.SCRIPTS, ("sagemaker.create_processing_job",)),
    AwsAction(
        "sagemaker:DescribeProcessingJob", _F.SCRIPTS, _R.SCRIPTS, ("sagemaker.describe_processing_job",)
    ),
    AwsAction("sagemaker:StopProcessingJob", _F.SCRIPTS, _R.SCRIPTS, ("sagemaker.stop_processing_job",)),
    AwsAction("logs:DescribeLogStreams", _F.LOGS, _R.LOGS, ("logs.describe_log_streams",)),
    AwsAction("logs:GetLogEvents", _F.LOGS, _R.LOGS, ("logs.get_log_events",)),
    AwsAction("logs:FilterLogEvents", _F.LOGS, _R.LOGS, ("logs.filter_log_events",)),
    AwsAction("cloudwatch:GetMetricData", _F.LOGS, calls=("cloudwatch.get_metric_data",)),
    AwsAction("s3:ListAllMyBuckets", _F.READS, calls=("s3.list_buckets",)),
    AwsAction("s3:ListBucket", _F.READS, _R.BUCKETS, ("s3.list_objects_v2", "s3.head_bucket")),
    AwsAction("s3:GetObject", _F.READS, _R.OBJECTS, ("s3.get_object", "s3.head_object")),
    AwsAction(
        "s3:PutObject",
        _F.WRITES,
        _R.OBJECTS,
        (
            "s3.put_object",
            "s3.create_multipart_upload",
            "s3.upload_part",
            "s3.complete_multipart_upload",
        ),
    ),
    AwsAction("s3:AbortMultipartUpload", _F.WRITES, _R.OBJECTS, ("s3.abort_multipart_upload",)),
    AwsAction("s3:ListMultipartUploadParts", _F.WRITES, _R.OBJECTS, ("s3.list_parts",)),
    AwsAction("s3:CreateBucket", _F.BUCKETS, _R.BUCKETS, ("s3.create_bucket",)),
    AwsAction("s3:DeleteObject", _F.DELETES, _R.OBJECTS, ("s3.delete_objects",)),
    AwsAction("servicequotas:ListServiceQuotas", _F.QUOTAS, calls=("service-quotas.list_service_quotas",)),
    AwsAction(
        "servicequotas:ListAWSDefaultServiceQuotas",
        _F.QUOTAS,
        calls=("service-quotas.list_aws_default_service_quotas",),
    ),
    AwsAction("pricing:GetProducts", _F.PRICES, calls=("pricing.get_products",)),
    AwsAction("sqs:ReceiveMessage", _F.QUEUE, _R.QUEUE, ("sqs.receive_message",)),
    AwsAction("sqs:DeleteMessage", _F.QUEUE, _R.QUEUE, ("sqs.delete_message_batch",)),
)


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """What the placeholders of resources stand for. `objects` are keys with their bucket, such as `bucket/folder/*`."""

    partition: str
    region: str
    account: str
    buckets: tuple[str, ...] = ("*",)
    objects: tuple[str, ...] = ("*/*",)
    models: tuple[str, ...] = ("*",)
    roles: tuple[str, ...] = ()
    queue: str = ""

    def arns(self, resource: str) -> list[str]:
        """The ARNs of a resource, one for each name where it stands for several."""
        lists: Mapping[str, tuple[str, ...]] = {
            "bucket": self.buckets,
            "object": self.objects,
            "model": self.models,
            "role": self.roles,
            "queue": (self.queue,),
        }
        placeholder = next((name for name in lists if f"{{{name}}}" in resource), "")
        common = {"partition": self.partition, "region": self.region, "account": self.account}
        if not placeholder:
            return [resource.format(**common)]
        return [resource.format(**common, **{placeholder: name}) for name in lists[placeholder]]


def resource_of(action: str) -> AwsResource:
    """What an action of the table is allowed on; raises KeyError for another."""
    return {entry.name: entry.resource for entry in ACTIONS}[action]


def partition_of(region: str) -> str:
    """The partition of a region: the first part of its ARNs."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def statements(features: Iterable[AwsFeature], names: ResourceNames) -> Iterator[dict[str, Any]]:
    """The statements of a policy that allows the actions of these features and nothing else."""
    chosen_features = set(features)
    for feature in (feature for feature in AwsFeature if feature in chosen_features):
        entries = [entry for entry in ACTIONS if entry.feature is feature]
        for number, resource in enumerate(dict.fromkeys(entry.resource for entry in entries)):
            statement: dict[str, Any] = {
                "Sid": f"{feature}{number + 1 if number else ''}",
                "Effect": "Allow",
                "Action": [entry.name for entry in entries if entry.resource is resource],
                "Resource": _one_or_all(names.arns(resource)),
            }
            if feature is AwsFeature.ROLES:
                # The role can be handed to SageMaker alone.
                statement["Condition"] = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
            yield statement


def _one_or_all(arns: list[str]) -> str | list[str]:
    return arns[0] if len(arns) == 1 else arns
