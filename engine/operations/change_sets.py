"""CloudFormation's change sets: creating, describing, executing, deleting and listing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.stack_requests import (
    check_stack_name,
    described_parameters,
    described_tags,
    find_stack,
    has_changes,
    invalid,
    new_id,
    parse,
    planned_changes,
    read_request,
    stack_values,
)
from engine.operations.stacks import begin_update, check_updatable, new_stack, operated
from engine.operations.table import operation
from engine.stack_templates.changes import Change
from engine.stack_templates.resource_types import RESOURCE_TYPES
from engine.store.change_sets import ChangeSetRow
from engine.store.clock import now
from engine.store.stacks import StackRow

_REVIEWED = "REVIEW_IN_PROGRESS"
_EMPTY = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
#: Seconds that ExecuteChangeSet waits for the end: `aws cloudformation deploy` looks at once, then after 30 seconds.
_PATIENCE = 5.0


@operation("cloudformation", "CreateChangeSet")
def create_change_set(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Plan the changes that a template makes. For a new stack, this creates it without resources."""
    kind = params.get("ChangeSetType", "UPDATE")
    if kind == "IMPORT":
        raise invalid("The embedded engine imports no resources: ChangeSetType is one of CREATE, UPDATE.")
    stack = _new_stack(ctx, params) if kind == "CREATE" else find_stack(ctx, params["StackName"])
    if kind == "UPDATE":
        check_updatable(stack)
    before = stack if kind == "UPDATE" else None
    request, template = read_request(ctx, params, before)
    request["OnFailure"] = params.get("OnStackFailure", "ROLLBACK")
    resources = ctx.store.stacks.resources(stack.id)
    values = stack_values(ctx.config, (stack.name, stack.id), request, template, resources)
    changes = planned_changes(values, resources)
    is_empty = before is not None and not has_changes(before, request, template, changes)
    row = ChangeSetRow(
        new_id(ctx.config, "changeSet", params["ChangeSetName"]),
        stack.id,
        params["ChangeSetName"],
        "FAILED" if is_empty else "CREATE_COMPLETE",
        "UNAVAILABLE" if is_empty else "AVAILABLE",
        _EMPTY if is_empty else None,
        kind,
        {**request, "Description": params.get("Description")},
        [_change(change) for change in changes],
        now(),
    )
    if kind == "CREATE" and ctx.store.stacks.get(stack.id) is None and not ctx.store.stacks.create(stack):
        raise ServiceError("AlreadyExistsException", f"Stack [{stack.name}] already exists")
    if not ctx.store.change_sets.create(row):
        raise ServiceError(
            "AlreadyExistsException", f"ChangeSet {row.name} cannot be created: it exists already."
        )
    return {"Id": row.id, "StackId": stack.id}


@operation("cloudformation", "DescribeChangeSet")
def describe_change_set(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A change set with its changes, in one page."""
    row = find_change_set(ctx, params)
    stack = find_stack(ctx, row.stack)
    return {
        **_summary(row, stack),
        "Parameters": described_parameters(row.request, parse(row.request["Template"])),
        "NotificationARNs": row.request.get("NotificationARNs", []),
        "RollbackConfiguration": {},
        "Capabilities": row.request.get("Capabilities", []),
        "Tags": described_tags(row.request),
        "Changes": row.changes,
        "OnStackFailure": row.request["OnFailure"],
    }


@operation("cloudformation", "ExecuteChangeSet")
async def execute_change_set(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Make the changes. The answer comes when they are made, at the latest after some seconds."""
    row = find_change_set(ctx, params)
    stack = find_stack(ctx, row.stack)
    if row.execution_status != "AVAILABLE":
        raise ServiceError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{row.id}] cannot be executed in its current execution status of [{row.execution_status}]",
        )
    request = {**row.request, "ChangeSetId": row.id}
    if params.get("DisableRollback"):
        request["OnFailure"] = "DO_NOTHING"
    if row.kind == "UPDATE":
        check_updatable(stack)
        begin_update(ctx, stack, request)
    else:
        _begin_creation(ctx, stack, request)
    ctx.store.change_sets.begin_execution(row)
    await ctx.stacks.wait(stack.id, _PATIENCE)
    return {}


@operation("cloudformation", "DeleteChangeSet")
def delete_change_set(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a change set; an unknown one is deleted already."""
    row = _change_set(ctx, params)
    if row is not None:
        if row.execution_status == "EXECUTE_COMPLETE":
            raise ServiceError(
                "InvalidChangeSetStatus", f"ChangeSet [{row.id}] was executed and cannot be deleted."
            )
        ctx.store.change_sets.delete(row.id)
    return {}


@operation("cloudformation", "ListChangeSets")
def list_change_sets(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A stack's change sets, in one page."""
    stack = find_stack(ctx, params["StackName"])
    return {"Summaries": [_summary(row, stack) for row in ctx.store.change_sets.list(stack.id)]}


def find_change_set(ctx: Context, params: Mapping[str, Any]) -> ChangeSetRow:
    """The change set that the parameters name. Raises ServiceError(ChangeSetNotFound)."""
    row = _change_set(ctx, params)
    if row is None:
        raise ServiceError("ChangeSetNotFound", f"ChangeSet [{params['ChangeSetName']}] does not exist", 404)
    return row


def _change_set(ctx: Context, params: Mapping[str, Any]) -> ChangeSetRow | None:
    name = params["ChangeSetName"]
    if "StackName" in params:
        return ctx.store.change_sets.get(name, find_stack(ctx, params["StackName"]).id)
    if not name.startswith("arn:"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    return ctx.store.change_sets.get(name, None)


def _new_stack(ctx: Context, params: Mapping[str, Any]) -> StackRow:
    name = params["StackName"]
    stack = ctx.store.stacks.get(name)
    if stack is None:
        check_stack_name(name)
        return new_stack(ctx, name, _REVIEWED, {}, "User Initiated")
    if stack.status != _REVIEWED:
        raise invalid(
            f"Stack [{name}] already exists and cannot be created again with the changeSet [{params['ChangeSetName']}]."
        )
    return stack


def _begin_creation(ctx: Context, stack: StackRow, request: dict[str, Any]) -> None:
    begun = replace(stack, status="CREATE_IN_PROGRESS", reason="User Initiated", request=request)
    if not ctx.store.stacks.move(operated(ctx, begun), (_REVIEWED,)):
        raise invalid(
            f"Stack [{stack.name}] is in {find_stack(ctx, stack.id).status} state and can not be created."
        )
    ctx.stacks.submit(stack.id)


def _summary(row: ChangeSetRow, stack: StackRow) -> dict[str, Any]:
    return {
        "ChangeSetId": row.id,
        "ChangeSetName": row.name,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": row.request.get("Description"),
        "CreationTime": row.created,
        "Status": row.status,
        "StatusReason": row.reason,
        "ExecutionStatus": row.execution_status,
        "IncludeNestedStacks": False,
        "ImportExistingResources": False,
    }


def _change(change: Change) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.type,
        "Scope": [],
        "Details": [],
    }
    if change.action == "Modify":
        replaces = RESOURCE_TYPES[change.type].replaces
        resource["Replacement"] = "True" if change.is_replacement else "False"
        resource["Scope"] = ["Tags" if name == "Tags" else "Properties" for name in change.properties]
        resource["Scope"] = list(dict.fromkeys(resource["Scope"]))
        resource["Details"] = [_detail(name, name in replaces) for name in change.properties]
    return {"Type": "Resource", "ResourceChange": resource}


def _detail(name: str, replaces: bool) -> dict[str, Any]:
    target = {"Attribute": "Tags"} if name == "Tags" else {"Attribute": "Properties", "Name": name}
    return {
        "Target": {**target, "RequiresRecreation": "Always" if replaces else "Never"},
        "Evaluation": "Static",
        "ChangeSource": "DirectModification",
    }
