"""Targets of EventBridge rules: PutTargets, RemoveTargets, ListTargetsByRule, ListRuleNamesByTarget."""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.pipeline_targets import pipeline_of, target_problem
from engine.operations.rules import check_bus, find_rule, page, visible_rules
from engine.operations.table import operation
from engine.store.rules import TargetRow

#: Targets of a rule (quotas of EventBridge).
_MOST_TARGETS = 5


@operation("events", "PutTargets")
def put_targets(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add or replace targets. A bad target refuses the whole request, so that nothing is half-saved."""
    rule = find_rule(ctx, params, "Rule")
    for target in params["Targets"]:
        if problem := target_problem(ctx.config, target):
            raise validation_error(f"Target {target['Id']}: {problem}")
    ids = {row.id for row in ctx.store.rules.targets(rule.name)} | {
        target["Id"] for target in params["Targets"]
    }
    if len(ids) > _MOST_TARGETS:
        raise ServiceError(
            "LimitExceededException",
            f"A rule has at most {_MOST_TARGETS} targets; {rule.name} would have {len(ids)}.",
        )
    owner = (ctx.caller or ctx.credentials.root).arn
    rows = [TargetRow(target["Id"], target, owner, ctx.scope) for target in params["Targets"]]
    ctx.store.rules.put_targets(rule.name, rows)
    return {"FailedEntryCount": 0, "FailedEntries": []}


@operation("events", "RemoveTargets")
def remove_targets(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove targets; unknown ids are listed as failed."""
    rule = find_rule(ctx, params, "Rule")
    ids = {row.id for row in ctx.store.rules.targets(rule.name)}
    ctx.store.rules.remove_targets(rule.name, params["Ids"])
    failed = [
        {
            "TargetId": target_id,
            "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": f"Rule {rule.name} has no target {target_id}.",
        }
        for target_id in params["Ids"]
        if target_id not in ids
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


@operation("events", "ListTargetsByRule")
def list_targets_by_rule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A rule's targets, by id."""
    rule = find_rule(ctx, params, "Rule")
    rows, more = page(params, ctx.store.rules.targets(rule.name), lambda row: row.id, "targets")
    return {"Targets": [row.request for row in rows], **more}


@operation("events", "ListRuleNamesByTarget")
def list_rule_names_by_target(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The names of the rules with this target that the caller may use."""
    check_bus(ctx, params)
    pipeline = pipeline_of(params["TargetArn"]).lower()
    names = [
        row.name
        for row in visible_rules(ctx)
        if any(
            pipeline_of(target.request["Arn"]).lower() == pipeline
            for target in ctx.store.rules.targets(row.name)
        )
    ]
    names, more = page(params, names, str, "rules-by-target")
    return {"RuleNames": names, **more}
