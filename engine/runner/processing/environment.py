"""What the containers of a processing job are told: their variables and the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.credentials import Key
from engine.runner.processing.request import is_isolated
from engine.runner.protocols import ScriptProvider
from engine.store import ProcessingJobRow

#: The members of the request in processingjobconfig.json.
_CONFIGURATION = (
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "AppSpecification",
    "StoppingCondition",
    "Environment",
    "NetworkConfig",
    "RoleArn",
    "Tags",
)


def container_variables(
    row: ProcessingJobRow, request: Mapping[str, Any], region: str, scripts: ScriptProvider, key: Key
) -> dict[str, str]:
    """The variables of the containers; those of the request win. Isolated ones get no key: it would be of no use."""
    variables = {
        "PROCESSING_JOB_NAME": row.name,
        "PROCESSING_JOB_ARN": row.arn,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if not is_isolated(request):
        variables |= {
            "AWS_ENDPOINT_URL": scripts.engine_url(),
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_SESSION_TOKEN": key.token or "",
            "PIP_INDEX_URL": scripts.index_url(key.access_key_id, key.secret_access_key),
        }
    return {**variables, **request["Environment"]}


def configuration_of(row: ProcessingJobRow, request: Mapping[str, Any]) -> dict[str, Any]:
    """The content of processingjobconfig.json; members that the request does not have are null."""
    members = {name: request.get(name) for name in _CONFIGURATION}
    return {"ProcessingJobArn": row.arn, "ProcessingJobName": row.name, **members}
