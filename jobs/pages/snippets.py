"""A request as code to copy: boto3, the aws CLI, the SageMaker SDK, curl."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobs.models import Connection, TransformJob
from jobs.services.submitting import job_options
from transform.request import read_request

Snippet = dict[str, str]

#: Arguments of the SDK's Transformer; those of its transform() have the fields' names but for a few.
_TRANSFORMER = (
    "model_name", "instance_count", "instance_type", "strategy", "assemble_with", "output_path", "output_kms_key",
    "accept", "max_concurrent_transforms", "max_payload", "env", "volume_kms_key",
)  # fmt: skip
_TRANSFORM = (
    "data", "data_type", "content_type", "compression_type", "split_type", "input_filter", "output_filter",
    "join_source", "experiment_config",
)  # fmt: skip


def of_job(job: TransformJob, request: Mapping[str, Any]) -> list[Snippet]:
    """`snippets` for a job whose request was `request`."""
    fields = {name: value for name, value in job.spec.items() if name not in ("model_name", "name")}
    body = {"connection": job.connection.slug, "model": job.model_name, **fields, **job_options.given(job)}
    return snippets(job.connection, request, body)


def snippets(connection: Connection, request: Mapping[str, Any], body: Mapping[str, Any]) -> list[Snippet]:
    """Each with an `id`, a `title` and its `code`; `body` is what our own API takes for the same job."""
    return [
        {"id": "boto3", "title": "boto3", "code": _boto3(connection, request)},
        {"id": "cli", "title": "aws CLI", "code": _cli(connection, request)},
        {"id": "sdk", "title": "SageMaker SDK 2", "code": _sdk(connection, request)},
        {"id": "curl", "title": "curl to this service", "code": _curl(body)},
    ]


def _endpoint(connection: Connection) -> str:
    return f', endpoint_url="{connection.public_url}"' if connection.is_engine else ""


def _boto3(connection: Connection, request: Mapping[str, Any]) -> str:
    return (
        "import boto3\n\n"
        f'sagemaker = boto3.client("sagemaker", region_name="{connection.region}"{_endpoint(connection)})\n'
        f"sagemaker.create_transform_job(\n{_arguments(request)})"
    )


def _arguments(values: Mapping[str, Any]) -> str:
    return "".join(f"    {name}={_literal(value, 1)},\n" for name, value in values.items())


def _sdk(connection: Connection, request: Mapping[str, Any]) -> str:
    fields = read_request(request)[0]
    session, made = "", {name: fields[name] for name in _TRANSFORMER if name in fields}
    made |= {"tags": request["Tags"]} if request.get("Tags") else {}
    given = {name: fields[name] for name in _TRANSFORM if name in fields}
    given |= {"job_name": fields["name"]} if "name" in fields else {}
    if config := request.get("ModelClientConfig"):
        given["model_client_config"] = config
    imports, arguments = "from sagemaker.transformer import Transformer\n", _arguments(made)
    if connection.is_engine:
        imports = f"import boto3\nfrom sagemaker import Session\n{imports}"
        url = connection.public_url
        session = (
            f'\nboto = boto3.Session(region_name="{connection.region}")\nsession = Session(\n    boto_session=boto,\n'
            f'    sagemaker_client=boto.client("sagemaker", endpoint_url="{url}"),\n)\n'
        )
        arguments += "    sagemaker_session=session,\n"
    if capture := request.get("DataCaptureConfig"):
        imports += "from sagemaker.inputs import BatchDataCaptureConfig\n"
        given["batch_data_capture_config"] = _Call(
            "BatchDataCaptureConfig",
            destination_s3_uri=capture.get("DestinationS3Uri"),
            kms_key_id=capture.get("KmsKeyId"),
            generate_inference_id=capture.get("GenerateInferenceId"),
        )
    # The SDK's second generation has no argument for it.
    left = (
        "\n# TransformAmiVersion cannot be given through this SDK; use boto3 for it."
        if ("transform_ami_version" in fields)
        else ""
    )
    return (
        f"{imports}{session}\ntransformer = Transformer(\n{arguments})\n"
        f"transformer.transform(\n{_arguments(given)})"
        f"{left}"
    )


class _Call:
    """A call as a value; arguments that are None are left out."""

    def __init__(self, name: str, **arguments: Any) -> None:
        given = ", ".join(f"{word}={value!r}" for word, value in arguments.items() if value is not None)
        self._text = f"{name}({given})"

    def __repr__(self) -> str:
        return self._text


def _literal(value: Any, depth: int) -> str:
    """A Python literal, laid out as a formatter would: what is not simple has a line for each of its members."""
    match value:
        case dict() if value:
            members = [f"{name!r}: {_literal(member, depth + 1)}" for name, member in value.items()]
            opened, closed = "{", "}"
        case list() if value:
            members = [_literal(member, depth + 1) for member in value]
            opened, closed = "[", "]"
        case _:
            return repr(value)
    indent = "    " * depth
    lines = "".join(f"{indent}    {member},\n" for member in members)
    return f"{opened}\n{lines}{indent}{closed}"


def _cli(connection: Connection, request: Mapping[str, Any]) -> str:
    endpoint = f"--endpoint-url {connection.public_url} " if connection.is_engine else ""
    body = json.dumps(request, indent=2).replace("'", "'\\''")
    return (
        f"aws sagemaker create-transform-job {endpoint}--region {connection.region} --cli-input-json '{body}'"
    )


def _curl(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, indent=2, default=float).replace("'", "'\\''")
    return (
        'curl -X POST "$BATCHDECK_URL/api/v1/jobs/" \\\n'
        '  -H "Authorization: Bearer $BATCHDECK_TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{text}'"
    )
