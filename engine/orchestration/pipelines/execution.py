"""One execution of a pipeline, as far as it can go at a time. All its state is in the store."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from engine.credentials import Key
from engine.operations.context import Context
from engine.operations.selective_execution import reused_steps
from engine.orchestration.calls import Call
from engine.orchestration.pipelines.step_runner import StepRunner
from engine.pipeline_definitions import Definition, parse_definition
from engine.pipeline_definitions.planning import Progress, steps_that_may_start
from engine.store.clock import now
from engine.store.execution_steps import FINAL, StepRow
from engine.store.executions import UNFINISHED, ExecutionRow

#: Steps that run at once unless ParallelismConfiguration says otherwise.
DEFAULT_PARALLEL_STEPS = 2
#: SageMaker's own sentence.
_FAILURE = "Step failure: One or multiple steps failed."
#: Seconds between two looks at a job: a twentieth of the time that it has run so far, within these bounds.
_SHORTEST_PAUSE, _LONGEST_PAUSE, _PART = 0.05, 1.0, 20


class Execution:
    """Takes an execution forward. Only one task at a time may call `advance`."""

    def __init__(self, ctx: Context, call: Call, arn: str) -> None:
        self.arn = arn
        self._ctx = ctx
        self._call = call
        self._store = ctx.store.executions
        self._definition: Definition | None = None

    async def advance(self) -> float | None:
        """Look at the running steps, start those that may start, and record the end.

        Returns the seconds after which to call it again; None once the execution has ended.
        """
        row = self._store.get(self.arn)
        if row is None or row.status not in UNFINISHED:
            return None
        runner = self._runner(row)
        for step in self._unfinished():
            await runner.follow(step, stopping=self._is_stopping())
        while await self._start_steps(runner):
            pass
        if running := self._unfinished():
            return _pause(running)
        self._finish()
        row = self._store.get(self.arn)
        return 0.0 if row is not None and row.status in UNFINISHED else None

    def give_up(self, reason: str) -> None:
        """Let the execution and its running steps fail."""
        for step in self._unfinished():
            self._store.steps.put(replace(step, status="Failed", ended=now(), failure_reason=reason))
        self._store.move(self.arn, "Failed", UNFINISHED, failure_reason=reason)

    def _runner(self, row: ExecutionRow) -> StepRunner:
        pipeline = self._ctx.store.pipelines.get(row.pipeline)
        assert pipeline is not None, "a pipeline with an unfinished execution is not deleted"
        if self._definition is None:
            version = self._ctx.store.pipelines.version(row.pipeline, row.version)
            assert version is not None, "the versions of a pipeline are deleted with it"
            self._definition = parse_definition(version.definition)
        # Its calls have the permissions of the key that started it.
        ctx = replace(self._ctx, caller=Key("", "", row.created_by, scope=row.scope))
        return StepRunner(ctx, self._call, row, self._definition, pipeline.name)

    def _unfinished(self) -> list[StepRow]:
        return [step for step in self._store.steps.of(self.arn).values() if step.status not in FINAL]

    def _is_stopping(self) -> bool:
        row = self._store.get(self.arn)
        return row is None or row.status != "Executing"

    async def _start_steps(self, runner: StepRunner) -> bool:
        """Start what may start now; returns whether a step was started, so that others may have become free."""
        definition, row = runner.definition, self._store.get(self.arn)
        if row is None or row.status != "Executing":
            return False
        selected = _selected_steps(row)
        if selected is not None:
            self._reuse_steps(runner, row, reused_steps(definition, selected))
        steps = self._store.steps.of(self.arn)
        if any(step.status in ("Failed", "Stopped") for step in steps.values()):
            return False
        room = _parallel_steps(row) - sum(step.status not in FINAL for step in steps.values())
        progress = {name: _progress(step) for name, step in steps.items()}
        ready = steps_that_may_start(definition, progress, selected)[: max(room, 0)]
        for step in ready:
            if self._is_stopping():
                return False
            await runner.start(step)
            await asyncio.sleep(0)  # Other requests and executions come between.
        return bool(ready)

    def _reuse_steps(self, runner: StepRunner, row: ExecutionRow, names: list[str]) -> None:
        """Add the results of the source execution on which the selected steps depend."""
        steps = self._store.steps.of(self.arn)
        source = row.request["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"]
        missing = [name for name in names if name not in steps]
        source_steps = self._store.steps.of(source) if missing else {}
        for name in missing:
            runner.reuse(source_steps[name])

    def _finish(self) -> None:
        """Record the end of an execution of which no step runs and none may start."""
        steps = self._store.steps.of(self.arn).values()
        if self._store.move(self.arn, "Stopped", ("Stopping",)):
            return
        if any(step.status in ("Failed", "Stopped") for step in steps):
            self._store.move(self.arn, "Failed", ("Executing",), failure_reason=_FAILURE)
        else:
            self._store.move(self.arn, "Succeeded", ("Executing",))


def _selected_steps(row: ExecutionRow) -> list[str] | None:
    config = row.request.get("SelectiveExecutionConfig")
    return None if config is None else [step["StepName"] for step in config["SelectedSteps"]]


def _parallel_steps(row: ExecutionRow) -> int:
    config = row.request.get("ParallelismConfiguration", {})
    return int(config.get("MaxParallelExecutionSteps", DEFAULT_PARALLEL_STEPS))


def _progress(step: StepRow) -> Progress:
    outcome = step.properties.get("Outcome")
    return Progress(step.status == "Succeeded", None if outcome is None else outcome == "True")


def _pause(steps: list[StepRow]) -> float:
    """Seconds until one of the steps should be looked at."""
    at = time.time()
    pauses = [
        step.retry_at - at
        if step.status == "Starting" and step.retry_at is not None
        else min((at - step.started) / _PART, _LONGEST_PAUSE)
        for step in steps
    ]
    return max(min(pauses), _SHORTEST_PAUSE)
