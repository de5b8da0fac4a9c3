"""Rules and schedules as sources of firings.

A rule's times that were missed while the engine was down are not made up; a schedule's are, as long as its
RetryPolicy allows. AWS fires within a minute, so that less than that is not late.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Mapping
from typing import Any

from engine.operations.context import Context
from engine.operations.due_times import rule_due, schedule_due
from engine.operations.schedules import schedule_arn
from engine.store.schedules import ScheduleRow
from engine.store.timers import Firing
from transform.scope import Scope

log = logging.getLogger(__name__)

#: Seconds after its time until which a rule fires.
_PUNCTUAL = 60.0

#: RetryPolicy's defaults (API reference).
_DEFAULT_AGE = 86400
_DEFAULT_ATTEMPTS = 185


def retry_policy(target: Mapping[str, Any]) -> tuple[int, int]:
    """The seconds after its due time, and the further attempts, within which the target is invoked."""
    policy = target.get("RetryPolicy", {})
    return (
        policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE),
        policy.get("MaximumRetryAttempts", _DEFAULT_ATTEMPTS),
    )


def fire(ctx: Context, source: str, due: float, now: float) -> None:
    """Move the source's timer on from `due`, and add what is to be invoked for that time."""
    if ":rule/" in source:
        _fire_rule(ctx, source, due, now)
    else:
        _fire_schedule(ctx, source, due, now)
        delete_if_complete(ctx, source)


def delete_if_complete(ctx: Context, source: str) -> None:
    """Delete a schedule that has nothing more to start, if it says so."""
    row = _schedule(ctx, source)
    if row is None or row.request.get("ActionAfterCompletion") != "DELETE":
        return
    if row.request.get("State", "ENABLED") == "ENABLED" and ctx.store.timers.is_finished(source):
        ctx.store.schedules.delete(row.group, row.name, source)


def _fire_rule(ctx: Context, source: str, due: float, now: float) -> None:
    row = ctx.store.rules.by_arn(source)
    if row is None:
        ctx.store.timers.move(source, due, None)
        return
    if now - due > _PUNCTUAL:
        log.warning("%s: its time %.0f was missed, and is not made up", source, due)
        ctx.store.timers.move(source, due, rule_due(row, now - _PUNCTUAL))
        return
    firings = [
        _firing(source, due, target.request, target.created_by, target.scope, due)
        for target in ctx.store.rules.targets(row.name)
    ]
    ctx.store.timers.move(source, due, rule_due(row, due), firings)


def _fire_schedule(ctx: Context, source: str, due: float, now: float) -> None:
    row = _schedule(ctx, source)
    if row is None:
        ctx.store.timers.move(source, due, None)
        return
    target = row.request["Target"]
    age, attempts = retry_policy(target)
    latest = age if attempts else _PUNCTUAL
    if now - due > latest:
        log.warning("%s: its time %.0f was missed, and its RetryPolicy does not make it up", source, due)
        ctx.store.timers.move(source, due, schedule_due(row, now - latest))
        return
    window = row.request["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0) * 60
    start = due + random.uniform(0, window)  # noqa: S311 - spreads load, no secret
    ctx.store.timers.move(
        source, due, schedule_due(row, due), [_firing(source, due, target, row.created_by, row.scope, start)]
    )


def _firing(
    source: str, due: float, target: dict[str, Any], created_by: str, scope: Scope, start: float
) -> Firing:
    token = hashlib.sha256(f"{source}\n{target.get('Id', '')}\n{due}".encode()).hexdigest()
    return Firing(token, source, due, target, created_by, scope, 0, start)


def _schedule(ctx: Context, source: str) -> ScheduleRow | None:
    group, _, name = source.rpartition(":schedule/")[2].partition("/")
    row = ctx.store.schedules.get(group, name)
    return row if row is not None and schedule_arn(ctx.config, group, name) == source else None
