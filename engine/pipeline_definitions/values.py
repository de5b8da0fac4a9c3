"""The values of one execution to which expressions refer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.pipeline_definitions.expressions import FileReference
from engine.pipeline_definitions.paths import NotThere, Path, look_up


def _no_files(source: FileReference | str) -> Any:
    raise NotThere("Files can not be read here.")


@dataclass(frozen=True, slots=True)
class ExecutionValues:
    """Implements `Values`. `properties` are the Describe answers of steps, `read_json` reads a property file."""

    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    read_json: Callable[[FileReference | str], Any] = _no_files

    def of_parameter(self, name: str) -> Any:
        """The parameter's value."""
        return self.parameters[name]

    def of_variable(self, name: str) -> Any:
        """The value of a variable. Raises NotThere if the step has none."""
        if name not in self.variables:
            raise NotThere(f"Execution.{name} has no value here.")
        return self.variables[name]

    def of_step(self, step: str, path: Path) -> Any:
        """The value in the step's Describe answer. Raises NotThere."""
        if step not in self.properties:
            raise NotThere(f"Step {step!r} has not run.")
        try:
            return look_up(self.properties[step], path)
        except NotThere as error:
            raise NotThere(f"Step {step!r}: {error}") from None

    def of_file(self, file: FileReference | str, path: Path) -> Any:
        """The value in the JSON file. Raises NotThere, and what `read_json` raises."""
        place = (
            f"the property file {file.name!r} of step {file.step!r}"
            if isinstance(file, FileReference)
            else file
        )
        try:
            return look_up(self.read_json(file), path)
        except NotThere as error:
            raise NotThere(f"In {place}: {error}") from None


def variables(
    pipeline_name: str, execution_arn: str, started: str, now: str, job: str = ""
) -> dict[str, str]:
    """The variables of an execution. Times are ISO 8601 texts; `job` is the name of the step's own job."""
    pipeline_arn, _, execution_id = execution_arn.rpartition("/execution/")
    return {
        "StartDateTime": started,
        "CurrentDateTime": now,
        "PipelineName": pipeline_name,
        "PipelineArn": pipeline_arn,
        "PipelineExecutionId": execution_id,
        "PipelineExecutionArn": execution_arn,
        "ProcessingJobName": job,
    }
