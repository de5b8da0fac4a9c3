"""A request as code to copy: boto3, the aws CLI, the SageMaker SDK, curl."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobs.models import Connection, TransformJob
from jobs.services.submitting import job_options
from transform.request import read_request
from transform.request_fields import FIELDS, GROUPS, SdkCall

Snippet = dict[str, str]


def of_job(job: TransformJob, request: Mapping[str, Any]) -> list[Snippet]:
    """The snippets of a job whose request was `request`."""
    fields = {name: value for name, value in job.spec.items() if name not in ("model_name", "name")}
    body = {
        "connection": job.connection.slug,
        "model": job.model_name,
        **fields,
        **job_options.non_default_options(job),
    }
    return snippets(job.connection, request, body)


def snippets(connection: Connection, request: Mapping[str, Any], body: Mapping[str, Any]) -> list[Snippet]:
    """Snippets with `id`, `title` and `code`; `body` is the same job's request to our own API."""
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
    init_arguments = _sdk_arguments(SdkCall.TRANSFORMER, fields)
    # The SDK takes tags in the request's form.
    init_arguments |= {"tags": request["Tags"]} if request.get("Tags") else {}
    method_arguments = _sdk_arguments(SdkCall.TRANSFORM, fields)
    imports, session, arguments = (
        "from sagemaker.transformer import Transformer\n",
        "",
        _arguments(init_arguments),
    )
    if connection.is_engine:
        imports = f"import boto3\nfrom sagemaker import Session\n{imports}"
        url = connection.public_url
        session = (
            f'\nboto = boto3.Session(region_name="{connection.region}")\nsession = Session(\n    boto_session=boto,\n'
            f'    sagemaker_client=boto.client("sagemaker", endpoint_url="{url}"),\n)\n'
        )
        arguments += "    sagemaker_session=session,\n"
    for name, group in GROUPS.items():
        if not request.get(group.member):
            continue
        if group.sdk_class:
            module, _, class_name = group.sdk_class.rpartition(".")
            imports += f"from {module} import {class_name}\n"
            method_arguments[group.sdk_keyword] = _Call(class_name, **fields[name])
        else:
            method_arguments[group.sdk_keyword] = request[group.member]
    without = [
        entry.path[-1] for name, entry in FIELDS.items() if entry.sdk_call is SdkCall.NONE and name in fields
    ]
    comments = "".join(f"\n# {name} cannot be given through this SDK; use boto3 for it." for name in without)
    return (
        f"{imports}{session}\ntransformer = Transformer(\n{arguments})\n"
        f"transformer.transform(\n{_arguments(method_arguments)})"
        f"{comments}"
    )


def _sdk_arguments(call: SdkCall, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        entry.sdk_keyword or name: fields[name]
        for name, entry in FIELDS.items()
        if entry.sdk_call is call and name in fields
    }


class _Call:
    """A call as a value; arguments that are None are left out."""

    def __init__(self, name: str, **arguments: Any) -> None:
        keywords = ", ".join(f"{word}={value!r}" for word, value in arguments.items() if value is not None)
        self._text = f"{name}({keywords})"

    def __repr__(self) -> str:
        return self._text


def _literal(value: Any, depth: int) -> str:
    """A formatted Python literal: lists and dicts have one line for each member."""
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
