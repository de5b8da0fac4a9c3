"""Where each SDK field lives in CreateTransformJob's JSON, and the way there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: SDK field -> path in the CreateTransformJob request (botocore's CreateTransformJobRequest shape).
PATHS: dict[str, tuple[str, ...]] = {
    "name": ("TransformJobName",),
    "model_name": ("ModelName",),
    "max_concurrent_transforms": ("MaxConcurrentTransforms",),
    "max_payload": ("MaxPayloadInMB",),
    "strategy": ("BatchStrategy",),
    "env": ("Environment",),
    "data_type": ("TransformInput", "DataSource", "S3DataSource", "S3DataType"),
    "data": ("TransformInput", "DataSource", "S3DataSource", "S3Uri"),
    "content_type": ("TransformInput", "ContentType"),
    "compression_type": ("TransformInput", "CompressionType"),
    "split_type": ("TransformInput", "SplitType"),
    "output_path": ("TransformOutput", "S3OutputPath"),
    "accept": ("TransformOutput", "Accept"),
    "assemble_with": ("TransformOutput", "AssembleWith"),
    "output_kms_key": ("TransformOutput", "KmsKeyId"),
    "instance_type": ("TransformResources", "InstanceType"),
    "instance_count": ("TransformResources", "InstanceCount"),
    "volume_kms_key": ("TransformResources", "VolumeKmsKeyId"),
    "transform_ami_version": ("TransformResources", "TransformAmiVersion"),
    "input_filter": ("DataProcessing", "InputFilter"),
    "output_filter": ("DataProcessing", "OutputFilter"),
    "join_source": ("DataProcessing", "JoinSource"),
    "model_client_config.invocations_timeout_in_seconds": (
        "ModelClientConfig",
        "InvocationsTimeoutInSeconds",
    ),
    "model_client_config.invocations_max_retries": ("ModelClientConfig", "InvocationsMaxRetries"),
    "data_capture_config.destination_s3_uri": ("DataCaptureConfig", "DestinationS3Uri"),
    "data_capture_config.kms_key_id": ("DataCaptureConfig", "KmsKeyId"),
    "data_capture_config.generate_inference_id": ("DataCaptureConfig", "GenerateInferenceId"),
    "experiment_config": ("ExperimentConfig",),
    "tags": ("Tags",),
}

_FIELDS = {path: name for name, path in PATHS.items()}
_GROUPS = {path[:depth] for path in PATHS.values() for depth in range(1, len(path))}


def read_request(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """SDK fields from a CreateTransformJob request, and what in it has no place there.

    Returns (values, errors); errors are keyed by SDK field where there is one, else by the request's path.
    """
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    _walk(request, (), values, errors)
    if "tags" in values:
        values["tags"] = _tags_from_list(values["tags"], errors)
    return values, errors


def write_request(values: Mapping[str, Any]) -> dict[str, Any]:
    """The CreateTransformJob request of these SDK fields; nothing that was not given."""
    request: dict[str, Any] = {}
    for name, path in PATHS.items():
        value = _lookup(values, name)
        if value is not None:
            node = request
            for part in path[:-1]:
                node = node.setdefault(part, {})
            node[path[-1]] = value
    if "Tags" in request:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in request["Tags"].items()]
    return request


def _walk(
    node: Mapping[str, Any], at: tuple[str, ...], values: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    for key, value in node.items():
        path = (*at, str(key))
        if path in _FIELDS:
            _store(values, _FIELDS[path], value)
        elif path not in _GROUPS:
            errors[".".join(path)] = ["CreateTransformJob has no such field."]
        elif isinstance(value, Mapping):
            _walk(value, path, values, errors)
        elif value is not None:
            errors[".".join(path)] = ["It must be an object."]


def _store(values: dict[str, Any], name: str, value: Any) -> None:
    group, _, inner = name.partition(".")
    if inner:
        values.setdefault(group, {})[inner] = value
    else:
        values[name] = value


def _lookup(values: Mapping[str, Any], name: str) -> Any:
    group, _, inner = name.partition(".")
    return (values.get(group) or {}).get(inner) if inner else values.get(name)


def _tags_from_list(tags: Any, errors: dict[str, list[str]]) -> dict[str, Any]:
    """`[{"Key": …, "Value": …}]` as a mapping, which is how the SDK and our API write tags."""
    well_formed = isinstance(tags, list) and all(
        isinstance(tag, Mapping) and set(tag) == {"Key", "Value"} and isinstance(tag["Key"], str)
        for tag in tags
    )
    if not well_formed:
        errors["tags"] = ['Tags must be a list of {"Key": …, "Value": …}.']
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}
