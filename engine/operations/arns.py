"""Amazon Resource Names of the engine's resources."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.config import Config

_SAGEMAKER_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]*):([0-9]{12}):([a-z0-9-]+)/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource that a SageMaker ARN names. `kind` is such as "model" or "transform-job"."""

    kind: str
    name: str


def model_arn(config: Config, name: str) -> str:
    """The ARN of the model with that name."""
    return f"arn:aws:sagemaker:{config.region}:{config.account_id}:model/{name}"


def transform_job_arn(config: Config, name: str) -> str:
    """The ARN of the transform job with that name."""
    return f"arn:aws:sagemaker:{config.region}:{config.account_id}:transform-job/{name}"


def processing_job_arn(config: Config, name: str) -> str:
    """The ARN of the processing job with that name."""
    return f"arn:aws:sagemaker:{config.region}:{config.account_id}:processing-job/{name}"


def package_group_arn(config: Config, name: str) -> str:
    """The ARN of the model package group with that name."""
    return f"arn:aws:sagemaker:{config.region}:{config.account_id}:model-package-group/{name}"


def package_arn(config: Config, path: str) -> str:
    """The ARN of a model package; `path` is its name or "group/version"."""
    return f"arn:aws:sagemaker:{config.region}:{config.account_id}:model-package/{path}"


def pipeline_arn(config: Config, name: str) -> str:
    """The ARN of the pipeline with that name, in small letters as SageMaker writes it."""
    return f"arn:aws:sagemaker:{config.region}:{config.account_id}:pipeline/{name.lower()}"


def resource_name(config: Config, kind: str, name_or_arn: str) -> str | None:
    """The name in a name or an ARN; None for an ARN of another kind of resource."""
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    resource = parse_resource(config, name_or_arn)
    return resource.name if resource is not None and resource.kind == kind else None


def log_group_arn(config: Config, group: str) -> str:
    """The ARN of the log group with that name, without the ":*" that CloudWatch appends in some answers."""
    return f"arn:aws:logs:{config.region}:{config.account_id}:log-group:{group}"


def parse_resource(config: Config, arn: str) -> Resource | None:
    """The resource that the ARN names; None unless it is a SageMaker ARN of this engine's region and account."""
    match = _SAGEMAKER_ARN.fullmatch(arn)
    if match is None or match.group(1, 2) != (config.region, config.account_id):
        return None
    return Resource(kind=match[3], name=match[4])
