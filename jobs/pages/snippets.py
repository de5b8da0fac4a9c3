"""A job's request as code to copy: boto3, the aws CLI, curl."""

from __future__ import annotations

import json
from typing import Any

from jobs.models import TransformJob
from jobs.services import terms


def snippets(job: TransformJob, request: dict[str, Any]) -> list[dict[str, str]]:
    """Each with an `id`, a `title` and its `code`."""
    return [
        {"id": "boto3", "title": "boto3", "code": _boto3(job, request)},
        {"id": "cli", "title": "aws CLI", "code": _cli(job, request)},
        {"id": "curl", "title": "curl to this service", "code": _curl(job)},
    ]


def _boto3(job: TransformJob, request: dict[str, Any]) -> str:
    endpoint = f', endpoint_url="{job.connection.public_url}"' if job.connection.is_engine else ""
    arguments = "".join(f"    {name}={_literal(value, 1)},\n" for name, value in request.items())
    return (
        "import boto3\n\n"
        f'sagemaker = boto3.client("sagemaker", region_name="{job.connection.region}"{endpoint})\n'
        f"sagemaker.create_transform_job(\n{arguments})"
    )


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


def _cli(job: TransformJob, request: dict[str, Any]) -> str:
    endpoint = f"--endpoint-url {job.connection.public_url} " if job.connection.is_engine else ""
    body = json.dumps(request, indent=2).replace("'", "'\\''")
    return f"aws sagemaker create-transform-job {endpoint}--region {job.connection.region} --cli-input-json '{body}'"


def _curl(job: TransformJob) -> str:
    fields = {name: value for name, value in job.spec.items() if name not in ("model_name", "name")}
    body = {"connection": job.connection.slug, "model": job.model_name, **fields, **terms.given(job)}
    text = json.dumps(body, indent=2).replace("'", "'\\''")
    return (
        'curl -X POST "$BATCHDECK_URL/api/v1/jobs/" \\\n'
        '  -H "Authorization: Bearer $BATCHDECK_TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{text}'"
    )
