"""Starting the steps of one execution and following them to their end.

The name of a job is stored before the call that creates it. If the engine ends in between, the next start finds the
name, and creates the job or takes it over.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.disk import is_full
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.step_calls import CALLS, StepCall
from engine.orchestration.calls import Call
from engine.orchestration.pipelines.failures import (
    LONGEST_REASON,
    exception_of_call,
    exception_of_job,
    matching_policy,
    reason_of_call,
    reason_of_job,
)
from engine.orchestration.pipelines.step_names import new_name, new_token
from engine.orchestration.pipelines.step_values import CannotEvaluate, StepValues
from engine.pipeline_definitions import Definition, Step
from engine.pipeline_definitions.steps import CACHED, CONDITION, FAIL
from engine.store.clock import now
from engine.store.execution_steps import StepRow
from engine.store.executions import ExecutionRow

log = logging.getLogger(__name__)

#: The tag that a step gives its job or model; it tells whether a taken name is the step's own.
EXECUTION_TAG = "sagemaker:pipeline-execution-arn"
#: Seconds until a step is tried again that the engine cannot start for now, such as on a full disk.
_UNAVAILABLE_PAUSE = 2.0


class StepRunner:
    """Runs the steps of one execution. `ctx` has the permissions of the key that started the execution."""

    def __init__(
        self, ctx: Context, call: Call, row: ExecutionRow, definition: Definition, pipeline_name: str
    ) -> None:
        self.definition = definition
        self._ctx = ctx
        self._call = call
        self._row = row
        self._pipeline_name = pipeline_name
        self._steps = ctx.store.executions.steps
        self._values = StepValues(ctx, row, definition, pipeline_name)

    async def start(self, step: Step) -> None:
        """Start a step, and end it if it takes no time."""
        row = StepRow(self._row.arn, step.name, step.type, "Starting", started=now())
        try:
            if step.type == CONDITION:
                outcome = {"Outcome": str(self._values.outcome(step))}
                self._end(replace(row, metadata={"Condition": outcome}, properties=outcome), "Succeeded")
            elif step.type == FAIL:
                message = self._values.message(step)
                row = replace(row, metadata={"Fail": {"ErrorMessage": message}})
                self._end(row, "Failed", message)
            else:
                await self._start_call(step, row)
        except CannotEvaluate as error:
            self._end(row, "Failed", str(error))

    async def follow(self, row: StepRow, *, stopping: bool) -> None:
        """Take a step that has not ended further; `stopping` if its execution is to be stopped."""
        step, call = self.definition.steps[row.name], CALLS[row.type]
        if row.status == "Starting" and stopping:
            await self._stop_start(call, row)
        elif row.status == "Starting":
            if row.retry_at is None or row.retry_at <= now():
                await self._create(step, call, row)
        else:
            if stopping and row.status == "Executing":
                row = await self._stop(call, row)
            await self._look(step, call, row)

    def reuse(self, source: StepRow) -> None:
        """Add the result that a step had in another execution."""
        self._put_result(source, "selective")

    async def _start_call(self, step: Step, row: StepRow) -> None:
        key = self._values.cache_key(step) if step.type in CACHED else None
        if key is not None and step.cache is not None:
            expires = step.cache.expires
            ended_after = 0.0 if expires is None else now() - expires.total_seconds()
            result = self._steps.cached(self._row.pipeline, step.name, key, ended_after)
            if result is not None:
                self._put_result(result, "cache")
                return
        row = self._put(replace(row, job=self._new_name(step), cache_key=key))
        await self._create(step, CALLS[step.type], row)

    def _put_result(self, result: StepRow, kind: str) -> None:
        at = now()
        self._put(
            replace(
                result,
                execution=self._row.arn,
                started=at,
                ended=at,
                attempt=1,
                job=None,
                retries={},
                source_kind=kind,
                source=result.execution,
            )
        )

    async def _create(self, step: Step, call: StepCall, row: StepRow) -> None:
        """Create the job or model of the step's name, unless that was done before the engine was started."""
        try:
            arguments = self._values.arguments(step, row.job or "")
            arn = await self._existing(call, row)
            if arn is None:
                self._ctx.throttle.admit(call.create)
                arn = (await self._invoke(call.create, self._request(call, row, arguments)))[call.arn]
        except CannotEvaluate as error:
            self._end(row, "Failed", str(error))
            return
        except ServiceError as error:
            if error.code == "ServiceUnavailable":
                self._put(replace(row, retry_at=now() + _UNAVAILABLE_PAUSE))
            else:
                self._fail(step, row, reason_of_call(call.create, error), exception_of_call(error))
            return
        row = self._put(self._executing(call, row, arn))
        if not call.is_job:
            await self._look(step, call, row)

    def _request(self, call: StepCall, row: StepRow, arguments: dict[str, Any]) -> dict[str, Any]:
        request = {**arguments, call.name: row.job}
        if call.named:
            tag = {"Key": EXECUTION_TAG, "Value": self._row.arn}
            request["Tags"] = [*arguments.get("Tags", []), tag]
        return request

    async def _existing(self, call: StepCall, row: StepRow) -> str | None:
        """The ARN of what the step has created under its name; None if there is nothing.

        Raises ServiceError if the name is another's, or if the engine cannot tell.
        """
        if not call.named:
            return (
                None  # A repeated request with the same client token is answered with the first one's result.
            )
        try:
            described = await self._invoke(call.describe, {call.described_by: row.job})
        except ServiceError as error:
            if error.status >= 500:
                raise
            return None
        arn = str(described[call.arn])
        tags = (await self._invoke("ListTags", {"ResourceArn": arn})).get("Tags", [])
        if {"Key": EXECUTION_TAG, "Value": self._row.arn} not in tags:
            raise ServiceError("ResourceInUse", f"The name {row.job} is taken by {arn}.")
        return arn

    async def _stop_start(self, call: StepCall, row: StepRow) -> None:
        """Stop a step that was to be started: end it, unless its job exists already."""
        try:
            arn = await self._existing(call, row)
        except ServiceError as error:
            if error.status >= 500:
                return
            arn = None
        if arn is None:
            self._end(row, "Stopped")
        else:
            self._put(self._executing(call, row, arn))

    async def _stop(self, call: StepCall, row: StepRow) -> StepRow:
        if not call.stop:
            return row
        try:
            await self._invoke(call.stop, {call.described_by: row.job})
        except ServiceError as error:
            # A job that has just ended cannot be stopped.
            log.info("%s of %s: %s", call.stop, row.job, error.message)
        return self._put(replace(row, status="Stopping"))

    async def _look(self, step: Step, call: StepCall, row: StepRow) -> None:
        """Record the end of the step if its job has ended."""
        subject = row.job if call.named else row.metadata[call.metadata]["Arn"]
        try:
            described = await self._invoke(call.describe, {call.described_by: subject})
        except ServiceError as error:
            if error.status < 500:
                self._end(row, "Failed", reason_of_job(error.message))
            return
        status = described[call.status] if call.is_job else "Completed"
        is_stopping = row.status == "Stopping"
        if status == "Completed":
            self._end(replace(row, properties=described), "Succeeded")
        elif status == "Failed":
            reason = described.get("FailureReason", "")
            exception = None if is_stopping else exception_of_job(reason)
            self._fail(step, row, reason_of_job(reason), exception)
        elif status == "Stopped":
            self._end(
                row, *(("Stopped",) if is_stopping else ("Failed", reason_of_job("The job was stopped.")))
            )

    def _fail(self, step: Step, row: StepRow, reason: str, exception: str | None) -> None:
        """Let the step fail, or begin another attempt if one of its retry policies allows it."""
        number = matching_policy(step.retry_policies, exception)
        if number is not None:
            policy, retries = step.retry_policies[number], row.retries.get(str(number), 0)
            if policy.allows(retries, now() - row.started):
                self._put(
                    replace(
                        row,
                        status="Starting",
                        attempt=row.attempt + 1,
                        job=self._new_name(step),
                        metadata={},
                        retries={**row.retries, str(number): retries + 1},
                        retry_at=now() + policy.pause(retries),
                    )
                )
                return
        self._end(row, "Failed", reason)

    def _executing(self, call: StepCall, row: StepRow, arn: str) -> StepRow:
        return replace(row, status="Executing", retry_at=None, metadata={call.metadata: {"Arn": arn}})

    def _end(self, row: StepRow, status: str, reason: str | None = None) -> None:
        reason = reason[:LONGEST_REASON] if reason else None
        self._put(replace(row, status=status, ended=now(), failure_reason=reason, retry_at=None))

    def _put(self, row: StepRow) -> StepRow:
        self._steps.put(row)
        return row

    def _new_name(self, step: Step) -> str:
        """The name of the step's next job or model, or its client token."""
        call = CALLS[step.type]
        if not call.named:
            return new_token(self._row.id)
        # A team may use only names that its key allows; those of its pipelines are among them.
        prefix = "" if self._row.scope.is_everything else self._pipeline_name
        if call.name in step.arguments:
            prefix = str(self._values.argument(step, call.name))
        return new_name(self._row.id, step.name, *([prefix] if prefix else []))

    async def _invoke(self, operation: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation. Raises ServiceError, also for a failure of the engine itself."""
        try:
            return await self._call(self._ctx, "sagemaker", operation, document)
        except ServiceError:
            raise
        except Exception as error:
            if is_full(error):
                raise
            log.exception("%s failed for %s", operation, self._row.arn)
            raise ServiceError("InternalFailure", "The engine failed; its log says more.", 500) from error
