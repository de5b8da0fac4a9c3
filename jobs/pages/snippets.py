"""A job's request as code to copy: boto3, the aws CLI, curl."""

from __future__ import annotations

import json
from pprint import pformat
from typing import Any

from jobs.models import TransformJob


def snippets(job: TransformJob, request: dict[str, Any]) -> list[dict[str, str]]:
    """Each with an `id`, a `title` and its `code`."""
    return [
        {"id": "boto3", "title": "boto3", "code": _boto3(job, request)},
        {"id": "cli", "title": "aws CLI", "code": _cli(job, request)},
        {"id": "curl", "title": "curl to this service", "code": _curl(job)},
    ]


def _boto3(job: TransformJob, request: dict[str, Any]) -> str:
    endpoint = f', endpoint_url="{job.connection.endpoint_url}"' if job.connection.is_engine else ""
    arguments = "".join(
        f"    {name}={pformat(value, width=90, sort_dicts=False).replace(chr(10), chr(10) + '    ')},\n"
        for name, value in request.items()
    )
    return (
        "import boto3\n\n"
        f'sagemaker = boto3.client("sagemaker", region_name="{job.connection.region}"{endpoint})\n'
        f"sagemaker.create_transform_job(\n{arguments})"
    )


def _cli(job: TransformJob, request: dict[str, Any]) -> str:
    endpoint = f"--endpoint-url {job.connection.endpoint_url} " if job.connection.is_engine else ""
    body = json.dumps(request, indent=2).replace("'", "'\\''")
    return f"aws sagemaker create-transform-job {endpoint}--region {job.connection.region} --cli-input-json '{body}'"


def _curl(job: TransformJob) -> str:
    fields = {name: value for name, value in job.spec.items() if name not in ("model_name", "name")}
    body = {"connection": job.connection.slug, "model": job.model_name, **fields}
    text = json.dumps(body, indent=2).replace("'", "'\\''")
    return (
        'curl -X POST "$BATCHDECK_URL/api/v1/jobs/" \\\n'
        '  -H "Authorization: Bearer $BATCHDECK_TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{text}'"
    )
