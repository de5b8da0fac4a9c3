"""What CloudFormation's operations on stacks and change sets share: reading requests, and planning changes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from engine.config import Config
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.tags import tag_mapping
from engine.stack_templates import TemplateError
from engine.stack_templates.changes import Change, Current, plan
from engine.stack_templates.parameters import values
from engine.stack_templates.stack_values import StackValues
from engine.stack_templates.template import Template, parse_template
from engine.store.stacks import ResourceRow, StackRow
from transform.keys import parse_s3_uri

_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
#: Bytes of a template in the request, and in S3 (quotas of CloudFormation).
_LONGEST_BODY = 51_200
_LONGEST_OBJECT = 1_048_576

#: Members that would change what happens, and that the engine lacks.
_UNSUPPORTED = (
    "StackPolicyBody", "StackPolicyURL", "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL", "ResourceTypes",
    "ResourcesToImport", "DeploymentConfig", "DeploymentMode", "RetainExceptOnCreate",
)  # fmt: skip
#: Members that are stored and described.
_STORED = ("Capabilities", "RoleARN", "NotificationARNs", "TimeoutInMinutes", "EnableTerminationProtection")


def invalid(message: str) -> ServiceError:
    """CloudFormation's error for most bad requests."""
    return ServiceError("ValidationError", message)


def find_stack(ctx: Context, name_or_id: str) -> StackRow:
    """The stack of a name or an id. Raises ServiceError(ValidationError)."""
    row = ctx.store.stacks.get(name_or_id)
    if row is None:
        raise invalid(f"Stack with id {name_or_id} does not exist")
    return row


def check_stack_name(name: str) -> None:
    """Raises ServiceError(ValidationError) for a text that is no name of a stack."""
    if not _STACK_NAME.fullmatch(name):
        raise invalid(
            f"A stack cannot have the name {name!r}: it begins with a letter and has letters, digits and hyphens, at "
            "most 128 of them."
        )


def new_id(config: Config, kind: str, name: str) -> str:
    """A new ARN of a stack or a changeSet."""
    return f"arn:aws:cloudformation:{config.region}:{config.account_id}:{kind}/{name}/{uuid.uuid4()}"


def parse(text: str) -> Template:
    """Parse a template. Raises ServiceError(ValidationError)."""
    try:
        return parse_template(text)
    except TemplateError as error:
        raise invalid(str(error)) from None


def template_text(ctx: Context, params: Mapping[str, Any], previous: str | None = None) -> str:
    """The template's text in the request's TemplateBody or TemplateURL, or `previous` if UsePreviousTemplate is set.

    Raises ServiceError(ValidationError).
    """
    sources = [name for name in ("TemplateBody", "TemplateURL") if params.get(name)]
    if params.get("UsePreviousTemplate") and previous is not None and not sources:
        return previous
    if len(sources) != 1 or params.get("UsePreviousTemplate"):
        raise invalid("Either Template URL or Template Body must be specified.")
    if "TemplateURL" in sources:
        return _template_object(ctx, params["TemplateURL"])
    body = str(params["TemplateBody"])
    if len(body.encode()) > _LONGEST_BODY:
        raise invalid(
            f"The TemplateBody has {len(body.encode())} bytes; at most {_LONGEST_BODY} are allowed."
        )
    return body


def read_request(
    ctx: Context, params: Mapping[str, Any], before: StackRow | None
) -> tuple[dict[str, Any], Template]:
    """A stack's request, checked and with the values of all parameters, and its template.

    Raises ServiceError(ValidationError).
    """
    for member in _UNSUPPORTED:
        if params.get(member):
            raise invalid(f"The embedded engine has no {member} of stacks.")
    if params.get("RollbackConfiguration", {}).get("RollbackTriggers"):
        raise invalid("The embedded engine has no RollbackTriggers of stacks.")
    previous = before.request if before is not None else {}
    text = template_text(ctx, params, previous.get("Template"))
    template = parse(text)
    try:
        parameters = values(template.parameters, _parameter_texts(params), previous.get("Parameters", {}))
    except TemplateError as error:
        raise invalid(str(error)) from None
    tags = tag_mapping(params["Tags"]) if "Tags" in params else previous.get("Tags", {})
    members = {name: params[name] for name in _STORED if name in params}
    stored = {name: previous[name] for name in _STORED if name in previous} | members
    return {**stored, "Template": text, "Parameters": parameters, "Tags": tags}, template


def stack_values(
    config: Config,
    stack: tuple[str, str],
    request: Mapping[str, Any],
    template: Template,
    resources: Mapping[str, ResourceRow],
) -> StackValues:
    """What the template's names stand for; `stack` has the stack's name and id, `resources` its resources."""
    name, stack_id = stack
    pseudo = {
        "AWS::AccountId": config.account_id,
        "AWS::NotificationARNs": request.get("NotificationARNs", []),
        "AWS::Partition": "aws",
        "AWS::Region": config.region,
        "AWS::StackId": stack_id,
        "AWS::StackName": name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    rows = {
        logical_id: row for logical_id, row in resources.items() if row.physical_id and not row.is_pending
    }
    return StackValues(
        template,
        pseudo,
        request["Parameters"],
        request["Tags"],
        {logical_id: row.physical_id for logical_id, row in rows.items()},
        {logical_id: row.attributes for logical_id, row in rows.items()},
    )


def planned_changes(values: StackValues, resources: Mapping[str, ResourceRow]) -> list[Change]:
    """The changes from the resources to the template. Raises ServiceError(ValidationError)."""
    current = {
        logical_id: Current(row.type, row.physical_id, row.properties)
        for logical_id, row in resources.items()
    }
    try:
        # Outputs too must have values before anything is changed.
        values.outputs()
        return plan(values, current)
    except TemplateError as error:
        raise invalid(str(error)) from None


def has_changes(
    before: StackRow, request: Mapping[str, Any], template: Template, changes: list[Change]
) -> bool:
    """Whether an update changes anything: resources, outputs or tags."""
    outputs = parse(before.request["Template"]).outputs
    return bool(changes) or before.request["Tags"] != request["Tags"] or outputs != template.outputs


def described_parameters(request: Mapping[str, Any], template: Template) -> list[dict[str, str]]:
    """A stack's parameters; those with NoEcho are hidden."""
    return [
        {
            "ParameterKey": name,
            "ParameterValue": "****" if _is_hidden(template.parameters.get(name, {})) else text,
        }
        for name, text in request["Parameters"].items()
    ]


def described_tags(request: Mapping[str, Any]) -> list[dict[str, str]]:
    """A stack's tags."""
    return [{"Key": key, "Value": value} for key, value in request["Tags"].items()]


def _is_hidden(declaration: Mapping[str, Any]) -> bool:
    return str(declaration.get("NoEcho", False)).lower() == "true"


def _parameter_texts(params: Mapping[str, Any]) -> dict[str, str | None]:
    texts: dict[str, str | None] = {}
    for parameter in params.get("Parameters", []):
        key = parameter.get("ParameterKey", "")
        if key in texts:
            raise invalid(f"The parameter {key} is texts twice.")
        texts[key] = None if parameter.get("UsePreviousValue") else parameter.get("ParameterValue", "")
    return texts


def _template_object(ctx: Context, url: str) -> str:
    """The text of an object in the engine's own S3. Raises ServiceError."""
    try:
        bucket, key = parse_s3_uri(url)
    except ValueError:
        # The engine's own address has the bucket at the path's beginning.
        bucket, _, key = unquote(urlsplit(url).path).removeprefix("/").partition("/")
    key = key.partition("?")[0]
    # First, so that a key cannot ask whether an object is there that it may not read.
    if not ctx.scope.allows(bucket, key):
        raise ServiceError("AccessDenied", f"S3 error: Access Denied to the template {url}.", 403)
    info = ctx.objects.head(bucket, key) if bucket and key else None
    if info is None:
        raise invalid(f"S3 error: the template {url} does not exist.")
    if info.size > _LONGEST_OBJECT:
        raise invalid(f"The template {url} has {info.size} bytes; at most {_LONGEST_OBJECT} are allowed.")
    with ctx.objects.open(bucket, key) as reader:
        body = reader.read(info.size)
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise invalid(f"The template {url} is not UTF-8.") from None
