"""A CreateProcessingJob request as the runner reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

BASE_DIR = PurePosixPath("/opt/ml")
#: Where the local paths of inputs and outputs must lie (API reference of ProcessingS3Input).
LOCAL_ROOT = BASE_DIR / "processing"
#: The default of MaxRuntimeInSeconds.
_ONE_DAY = 86400


def with_defaults(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with SageMaker's defaults."""
    answer = {"StoppingCondition": {"MaxRuntimeInSeconds": _ONE_DAY}, "Environment": {}, **request}
    if "ProcessingInputs" in request:
        answer["ProcessingInputs"] = [_input_with_defaults(item) for item in request["ProcessingInputs"]]
    if "ProcessingOutputConfig" in request:
        config = request["ProcessingOutputConfig"]
        outputs = [{"AppManaged": False, **output} for output in config["Outputs"]]
        answer["ProcessingOutputConfig"] = {**config, "Outputs": outputs}
    return answer


def _input_with_defaults(described: Mapping[str, Any]) -> dict[str, Any]:
    answer = {"AppManaged": False, **described}
    if "S3Input" in described:
        answer["S3Input"] = {
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
            **described["S3Input"],
        }
    return answer


def cluster_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request's ClusterConfig."""
    cluster: dict[str, Any] = request["ProcessingResources"]["ClusterConfig"]
    return cluster


def is_isolated(request: Mapping[str, Any]) -> bool:
    """Whether the containers may connect to nothing (EnableNetworkIsolation)."""
    return bool(request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False))


def managed_inputs(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The inputs that are downloaded, with defaults. Those that the application manages are left out."""
    for item in with_defaults(request).get("ProcessingInputs", []):
        if not item["AppManaged"]:
            yield item


def managed_outputs(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The outputs that are uploaded. Those that the application manages are left out."""
    for output in with_defaults(request).get("ProcessingOutputConfig", {}).get("Outputs", []):
        if not output["AppManaged"]:
            yield output


def below_base_dir(local_path: str) -> PurePosixPath:
    """A LocalPath relative to /opt/ml."""
    return PurePosixPath(local_path).relative_to(BASE_DIR)
