"""What a stack consists of: its events, resources and template."""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError
from engine.operations.change_sets import find_change_set
from engine.operations.context import Context
from engine.operations.paging import make_token, read_token
from engine.operations.stack_requests import find_stack, invalid, parse, template_text
from engine.operations.table import operation
from engine.stack_templates.parameters import text_of
from engine.stack_templates.template import Template
from engine.store.stacks import ResourceRow, StackRow

_PAGE = 100


@operation("cloudformation", "DescribeStackEvents")
def describe_stack_events(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A stack's events, newest first."""
    stack = find_stack(ctx, params["StackName"])
    before = None
    if token := params.get("NextToken"):
        position = read_token("stack-events", token, (int,))
        if position is None:
            raise invalid("The NextToken is invalid.")
        before = position[0]
    events = ctx.store.stacks.events(stack.id, before=before, limit=_PAGE + 1)
    more = {"NextToken": make_token("stack-events", [events[_PAGE - 1][0]])} if len(events) > _PAGE else {}
    described = [
        {
            "StackId": stack.id,
            "EventId": event.id,
            "StackName": stack.name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.type,
            "Timestamp": event.at,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.reason,
        }
        for _, event in events[:_PAGE]
    ]
    return {"StackEvents": described, **more}


@operation("cloudformation", "DescribeStackResources")
def describe_stack_resources(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A stack's resources, or one of them."""
    if "StackName" not in params:
        raise invalid("StackName must be specified.")
    stack = find_stack(ctx, params["StackName"])
    rows = ctx.store.stacks.resources(stack.id).values()
    logical_id = params.get("LogicalResourceId")
    return {
        "StackResources": [
            {"StackName": stack.name, "StackId": stack.id, "Timestamp": row.at, **_described(row)}
            for row in rows
            if logical_id in (None, row.logical_id)
        ]
    }


@operation("cloudformation", "DescribeStackResource")
def describe_stack_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """One of a stack's resources."""
    stack = find_stack(ctx, params["StackName"])
    row = ctx.store.stacks.resources(stack.id).get(params["LogicalResourceId"])
    if row is None:
        raise invalid(f"Resource {params['LogicalResourceId']} does not exist for stack {stack.name}")
    names = {"StackName": stack.name, "StackId": stack.id, "LastUpdatedTimestamp": row.at}
    return {"StackResourceDetail": {**names, **_described(row)}}


@operation("cloudformation", "ListStackResources")
def list_stack_resources(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of a stack's resources, in one page."""
    stack = find_stack(ctx, params["StackName"])
    rows = ctx.store.stacks.resources(stack.id).values()
    return {"StackResourceSummaries": [{"LastUpdatedTimestamp": row.at, **_described(row)} for row in rows]}


@operation("cloudformation", "GetTemplate")
def get_template(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The template of a stack or a change set, as it was given."""
    if "ChangeSetName" in params:
        text = find_change_set(ctx, params).request["Template"]
    elif "StackName" in params:
        text = _template_of(find_stack(ctx, params["StackName"]))
    else:
        raise invalid("StackName or ChangeSetName must be specified.")
    return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}


@operation("cloudformation", "GetTemplateSummary")
def get_template_summary(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """What a template, or a stack's template, declares."""
    if "StackSetName" in params:
        raise ServiceError("StackSetNotFoundException", "The embedded engine has no stack sets.", 404)
    stack = params.get("StackName")
    text = _template_of(find_stack(ctx, stack)) if stack else template_text(ctx, params)
    template = parse(text)
    return {
        "Parameters": [_declaration(name, body) for name, body in template.parameters.items()],
        "Description": template.description or None,
        "ResourceTypes": list(dict.fromkeys(resource.type.name for resource in template.resources.values())),
        "Version": "2010-09-09",
        "Capabilities": [],
        "DeclaredTransforms": [],
    }


@operation("cloudformation", "ValidateTemplate")
def validate_template(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Check a template without making anything."""
    template: Template = parse(template_text(ctx, params))
    members = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
    parameters = [_declaration(name, body) for name, body in template.parameters.items()]
    return {
        "Parameters": [{key: value for key, value in row.items() if key in members} for row in parameters],
        "Description": template.description or None,
        "Capabilities": [],
        "DeclaredTransforms": [],
    }


def _template_of(stack: StackRow) -> str:
    if "Template" not in stack.request:
        raise invalid(f"Stack [{stack.name}] has no template yet: it is in {stack.status} state.")
    return str(stack.request["Template"])


def _described(row: ResourceRow) -> dict[str, Any]:
    return {
        "LogicalResourceId": row.logical_id,
        "PhysicalResourceId": row.physical_id or None,
        "ResourceType": row.type,
        "ResourceStatus": row.status,
        "ResourceStatusReason": row.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def _declaration(name: str, body: Any) -> dict[str, Any]:
    allowed = body.get("AllowedValues")
    return {
        "ParameterKey": name,
        "DefaultValue": text_of(body["Default"]) if "Default" in body else None,
        "ParameterType": body["Type"],
        "NoEcho": str(body.get("NoEcho", False)).lower() == "true",
        "Description": body.get("Description"),
        "ParameterConstraints": {}
        if allowed is None
        else {"AllowedValues": [text_of(value) for value in allowed]},
    }
