"""The values of expressions in one execution, as far as its steps have run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.orchestration.pipelines.property_files import PropertyFiles
from engine.pipeline_definitions import Definition, Step
from engine.pipeline_definitions.conditions import holds
from engine.pipeline_definitions.expressions import evaluate
from engine.pipeline_definitions.parameters import as_text
from engine.pipeline_definitions.values import ExecutionValues, variables
from engine.store.clock import now
from engine.store.executions import ExecutionRow
from engine.store.texts import utc_text

_Result = TypeVar("_Result")


class CannotEvaluate(Exception):
    """An expression has no value. The message is the step's FailureReason."""


class StepValues:
    """Evaluates what a step's definition says. Methods raise CannotEvaluate."""

    def __init__(self, ctx: Context, row: ExecutionRow, definition: Definition, pipeline_name: str) -> None:
        self._ctx = ctx
        self._row = row
        self._definition = definition
        self._pipeline_name = pipeline_name

    def arguments(self, step: Step, job: str) -> dict[str, Any]:
        """The step's request; `job` is the name of the job that it creates."""
        return dict(self._evaluated(step, step.arguments, job))

    def argument(self, step: Step, name: str) -> Any:
        """One member of the step's request."""
        return self._evaluated(step, step.arguments[name], "")

    def outcome(self, step: Step) -> bool:
        """Whether all conditions of a Condition step hold."""
        return self._checked(
            step, lambda values: all(holds(condition, values) for condition in step.conditions), ""
        )

    def message(self, step: Step) -> str:
        """The message of a Fail step."""
        return as_text(self._evaluated(step, step.arguments["ErrorMessage"], ""))

    def cache_key(self, step: Step) -> str:
        """A hash that is equal for equal requests of a step."""
        request = json.dumps([step.type, self.arguments(step, "")], sort_keys=True)
        return hashlib.sha256(request.encode()).hexdigest()

    def _evaluated(self, step: Step, value: Any, job: str) -> Any:
        return self._checked(step, partial(evaluate, value), job)

    def _checked(self, step: Step, evaluation: Callable[[ExecutionValues], _Result], job: str) -> _Result:
        try:
            return evaluation(self._values(job))
        except ServiceError as error:
            raise CannotEvaluate(f"ClientError: {error.message}") from None
        except (LookupError, ValueError) as error:
            # The texts of NotThere and NotComparable are sentences.
            raise CannotEvaluate(f"ClientError: {error.args[0] if error.args else error}") from None
        except RecursionError:
            raise CannotEvaluate(f"ClientError: {step.place} is nested too deeply.") from None

    def _values(self, job: str) -> ExecutionValues:
        steps = self._ctx.store.executions.steps.of(self._row.arn)
        properties = {name: step.properties for name, step in steps.items() if step.status == "Succeeded"}
        started, at = utc_text(self._row.created) or "", utc_text(now()) or ""
        return ExecutionValues(
            self._row.parameters,
            variables(self._pipeline_name, self._row.arn, started, at, job),
            properties,
            PropertyFiles(self._ctx, self._definition, properties).read_json,
        )
