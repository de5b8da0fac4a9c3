"""Targets of rules and schedules. The engine invokes pipelines alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.config import Config

#: AWS writes names of pipelines in ARNs in small letters; clients do not all.
_PIPELINE_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):([0-9]{12}):pipeline/([a-zA-Z0-9-]+)")

#: Members of a target that the engine uses, or stores without effect.
_MEMBERS = frozenset({"Id", "Arn", "RoleArn", "SageMakerPipelineParameters", "RetryPolicy"})


def pipeline_of(arn: str) -> str:
    """The name of the pipeline in a target's ARN; empty for an ARN of anything else."""
    match = _PIPELINE_ARN.fullmatch(arn)
    return match[3] if match else ""


def target_problem(config: Config, target: Mapping[str, Any]) -> str | None:
    """Why the engine cannot invoke the target, as a sentence; None if it can. The pipeline need not exist."""
    arn = target["Arn"]
    match = _PIPELINE_ARN.fullmatch(arn)
    if match is None:
        return f"The embedded engine invokes SageMaker pipelines alone; the target {arn!r} is none."
    if match.group(1, 2) != (config.region, config.account_id):
        return f"The target {arn!r} is not in the region {config.region} and the account {config.account_id}."
    unsupported = sorted(set(target) - _MEMBERS)
    if unsupported:
        return f"The embedded engine has no {', '.join(unsupported)} of a target that is a pipeline."
    if "RoleArn" not in target:
        return f"RoleArn is required for the target {arn!r}."
    parameters = target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    twice = _first_repeated(parameter["Name"] for parameter in parameters)
    return f"PipelineParameterList has the parameter {twice!r} twice." if twice else None


def _first_repeated(names: Iterable[str]) -> str | None:
    before: set[str] = set()
    for name in names:
        if name in before:
            return name
        before.add(name)
    return None
