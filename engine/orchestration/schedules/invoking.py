"""Starts the pipeline of a firing, repeats what may succeed later, and counts the outcome.

The firing's token makes the start idempotent: after a kill the same execution is answered instead of another one.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from engine.credentials import Key
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.orchestration.calls import Call
from engine.orchestration.schedules.sources import retry_policy
from engine.store.timers import Firing

log = logging.getLogger(__name__)

#: Errors of a request after which the same request may succeed.
_TEMPORARY = frozenset({"ThrottlingException", "ResourceLimitExceeded", "ResourceInUse", "ConflictException"})
_LONGEST_PAUSE = 60.0

#: Metrics of an invocation that succeeded or failed for good, of AWS/Events and AWS/Scheduler.
_RULE_METRICS = ("Invocations", "FailedInvocations")
_SCHEDULE_METRICS = ("InvocationAttemptCount", "TargetErrorCount")


async def invoke(ctx: Context, call: Call, firing: Firing) -> None:
    """Start the firing's pipeline, or decide when to try again."""
    attempt, failure = _metrics(firing)
    try:
        arn = await _start(ctx, call, firing)
    except ServiceError as error:
        if not (_may_succeed_later(error) and _postpone(ctx, firing)):
            log.error("%s could not start %s: %s", firing.source, firing.target["Arn"], error)
            ctx.store.timers.end(firing, (attempt, failure), time.time())
        return
    log.info("%s started %s", firing.source, arn)
    ctx.store.timers.end(firing, (attempt,), time.time())


async def _start(ctx: Context, call: Call, firing: Firing) -> str:
    parameters = firing.target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    document = {
        "PipelineName": firing.target["Arn"],
        "PipelineParameters": parameters,
        "ClientRequestToken": firing.token,
    }
    owner = replace(ctx, caller=Key("", "", firing.created_by, scope=firing.scope))
    answer = await call(owner, "sagemaker", "StartPipelineExecution", document)
    return str(answer["PipelineExecutionArn"])


def _may_succeed_later(error: ServiceError) -> bool:
    return (error.status >= 500 and error.status != 501) or error.code in _TEMPORARY


def _postpone(ctx: Context, firing: Firing) -> bool:
    """Try the firing again after a pause; False if its RetryPolicy does not allow that."""
    age, attempts = retry_policy(firing.target)
    later = time.time() + min(2.0**firing.attempts, _LONGEST_PAUSE)
    if firing.attempts >= attempts or later - firing.due > age:
        return False
    ctx.store.timers.postpone(firing.token, firing.attempts + 1, later)
    return True


def _metrics(firing: Firing) -> tuple[str, str]:
    return _RULE_METRICS if ":rule/" in firing.source else _SCHEDULE_METRICS
