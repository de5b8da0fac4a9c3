"""CloudFormation's stacks: CreateStack, UpdateStack, DeleteStack, DescribeStacks, ListStacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.paging import make_token, read_token
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
from engine.operations.table import operation
from engine.store.clock import now
from engine.store.stacks import DELETED, StackRow

#: Statuses in which a stack can be updated, and deleted.
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_DELETABLE = (
    *UPDATABLE, "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED",
    "DELETE_FAILED", "REVIEW_IN_PROGRESS",
)  # fmt: skip
_PAGE = 100


@operation("cloudformation", "CreateStack")
def create_stack(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a stack; its resources are created behind the answer."""
    name = params["StackName"]
    check_stack_name(name)
    if params.get("DisableRollback") and "OnFailure" in params:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    request, template = read_request(ctx, params, None)
    failure = "DO_NOTHING" if params.get("DisableRollback") else params.get("OnFailure", "ROLLBACK")
    row = new_stack(ctx, name, "CREATE_IN_PROGRESS", {**request, "OnFailure": failure}, "User Initiated")
    planned_changes(stack_values(ctx.config, (name, row.id), request, template, {}), {})
    if not ctx.store.stacks.create(row):
        raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists")
    ctx.stacks.submit(row.id)
    return {"StackId": row.id}


@operation("cloudformation", "UpdateStack")
def update_stack(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Change a stack; its resources are changed behind the answer."""
    row = find_stack(ctx, params["StackName"])
    check_updatable(row)
    request, template = read_request(ctx, params, row)
    resources = ctx.store.stacks.resources(row.id)
    changes = planned_changes(
        stack_values(ctx.config, (row.name, row.id), request, template, resources), resources
    )
    if not has_changes(row, request, template, changes):
        raise invalid("No updates are to be performed.")
    failure = "DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK"
    begin_update(ctx, row, {**request, "OnFailure": failure})
    return {"StackId": row.id}


@operation("cloudformation", "DeleteStack")
def delete_stack(ctx: Context, params: dict[str, Any]) -> None:
    """Delete a stack; its resources are deleted behind the answer. An unknown stack is deleted already."""
    row = ctx.store.stacks.get(params["StackName"])
    if row is None or row.status == DELETED or row.status == "DELETE_IN_PROGRESS":
        return
    if row.request.get("EnableTerminationProtection"):
        raise invalid(f"Stack [{row.name}] cannot be deleted while TerminationProtection is enabled")
    retained = params.get("RetainResources", [])
    if retained and row.status != "DELETE_FAILED":
        raise invalid("RetainResources is allowed only for a stack in the state DELETE_FAILED.")
    request = {**row.request, "RetainResources": retained}
    deleted = operated(
        ctx, replace(row, status="DELETE_IN_PROGRESS", reason="User Initiated", request=request)
    )
    if not ctx.store.stacks.move(deleted, _DELETABLE):
        raise invalid(f"Stack [{row.name}] cannot be deleted while in status {row.status}")
    ctx.store.change_sets.clear(row.id)
    ctx.stacks.submit(row.id)


@operation("cloudformation", "DescribeStacks")
def describe_stacks(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """One stack, by its id also a deleted one, or all that the caller may use."""
    if "StackName" in params:
        return {"Stacks": [_described(find_stack(ctx, params["StackName"]))]}
    rows, more = _page(params, [row for row in _visible(ctx) if row.status != DELETED])
    return {"Stacks": [_described(row) for row in rows], **more}


@operation("cloudformation", "ListStacks")
def list_stacks(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of all stacks that the caller may use, deleted ones too."""
    statuses = params.get("StackStatusFilter")
    rows, more = _page(params, [row for row in _visible(ctx) if not statuses or row.status in statuses])
    return {"StackSummaries": [_summary(row) for row in rows], **more}


def new_stack(ctx: Context, name: str, status: str, request: dict[str, Any], reason: str | None) -> StackRow:
    """The row of a new stack of the caller."""
    owner = (ctx.caller or ctx.credentials.root).arn
    stack_id = new_id(ctx.config, "stack", name)
    return StackRow(stack_id, name, status, reason, request, None, [], now(), None, None, owner, ctx.scope)


def operated(ctx: Context, row: StackRow) -> StackRow:
    """The row with the caller as the one who changes it."""
    return replace(row, created_by=(ctx.caller or ctx.credentials.root).arn, scope=ctx.scope)


def check_updatable(row: StackRow) -> None:
    """Raises ServiceError(ValidationError) for a stack that cannot be updated now."""
    if row.status not in UPDATABLE:
        raise invalid(f"Stack:{row.id} is in {row.status} state and can not be updated.")


def begin_update(ctx: Context, row: StackRow, request: dict[str, Any]) -> None:
    """Begin to change a stack to `request`. Raises ServiceError(ValidationError) if it cannot be updated now."""
    resources = {
        logical_id: {
            "type": resource.type,
            "physical_id": resource.physical_id,
            "properties": resource.properties,
            "attributes": resource.attributes,
            "policy": resource.policy,
            "position": resource.position,
        }
        for logical_id, resource in ctx.store.stacks.resources(row.id).items()
    }
    previous = {"request": row.request, "resources": resources, "outputs": row.outputs}
    begun = replace(
        row,
        status="UPDATE_IN_PROGRESS",
        reason="User Initiated",
        request=request,
        previous=previous,
        updated=now(),
    )
    if not ctx.store.stacks.move(operated(ctx, begun), UPDATABLE):
        check_updatable(find_stack(ctx, row.id))
    ctx.stacks.submit(row.id)


def _visible(ctx: Context) -> list[StackRow]:
    return [row for row in ctx.store.stacks.list() if ctx.scope.allows_job(row.name)]


def _page(params: dict[str, Any], rows: list[StackRow]) -> tuple[list[StackRow], dict[str, Any]]:
    if token := params.get("NextToken"):
        position = read_token("stacks", token, (float, str))
        if position is None:
            raise invalid("The NextToken is invalid.")
        rows = [row for row in rows if (-row.created, row.id) > (-position[0], position[1])]
    last = rows[_PAGE - 1] if len(rows) > _PAGE else None
    return rows[:_PAGE], {} if last is None else {"NextToken": make_token("stacks", [last.created, last.id])}


def _described(row: StackRow) -> dict[str, Any]:
    template = parse(row.request["Template"]) if "Template" in row.request else None
    stored = ("RoleARN", "TimeoutInMinutes")
    return {
        "StackId": row.id,
        "StackName": row.name,
        "Description": template.description or None if template else None,
        "Parameters": described_parameters(row.request, template) if template else [],
        "CreationTime": row.created,
        "DeletionTime": row.deleted,
        "LastUpdatedTime": row.updated,
        "RollbackConfiguration": {},
        "StackStatus": row.status,
        "StackStatusReason": row.reason,
        "DisableRollback": row.request.get("OnFailure") == "DO_NOTHING",
        "NotificationARNs": row.request.get("NotificationARNs", []),
        "Capabilities": row.request.get("Capabilities", []),
        "Outputs": row.outputs,
        "Tags": described_tags(row.request) if template else [],
        "EnableTerminationProtection": row.request.get("EnableTerminationProtection", False),
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "ChangeSetId": row.request.get("ChangeSetId"),
        **{name: row.request[name] for name in stored if name in row.request},
    }


def _summary(row: StackRow) -> dict[str, Any]:
    return {
        "StackId": row.id,
        "StackName": row.name,
        "CreationTime": row.created,
        "LastUpdatedTime": row.updated,
        "DeletionTime": row.deleted,
        "StackStatus": row.status,
        "StackStatusReason": row.reason,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
