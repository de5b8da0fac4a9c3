"""A pipeline definition with its expressions replaced by values, as far as a deployment has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.services.files import BadFile
from transform.json_values import read_json

_RUN = "{run}"
#: The variables of an execution that a run of a stage has too.
_EXECUTION = {"PipelineExecutionId": _RUN, "PipelineExecutionArn": _RUN}


class ProcessingOutput(str):
    """The address of a processing step's output, which is known when it runs."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """The steps of a definition, and the values of its parameters. `path` is the file's, for messages."""

    path: str
    steps: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any]

    @classmethod
    def read(cls, path: str, text: str, parameters: Mapping[str, str]) -> Definition:
        """The definition of a text, with parameters that take the place of its defaults. Raises BadFile."""
        try:
            content = read_json(text)
        except (ValueError, RecursionError) as error:
            raise BadFile(f"{path} is no JSON: {error}.") from error
        steps = content.get("Steps") if isinstance(content, Mapping) else None
        if not isinstance(steps, list) or not all(_is_step(step) for step in steps):
            raise BadFile(
                f"{path} must be a pipeline definition: an object whose Steps have Name, Type and Arguments."
            )
        values = {}
        for row in content.get("Parameters") or []:
            if not isinstance(row, Mapping) or "Name" not in row:
                raise BadFile(
                    f"{path}: each of Parameters must be an object with Name, Type and DefaultValue."
                )
            values[row["Name"]] = _parameter(path, row, parameters.get(row["Name"]))
        return cls(path, tuple(steps), values)

    def resolve(self, value: Any, place: str) -> Any:
        """The value without expressions; `place` names it in messages. Raises BadFile for what only a run has."""
        if isinstance(value, list):
            return [self.resolve(inner, place) for inner in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Get"}:
            return self._get(value["Get"], place)
        if set(value) == {"Std:Join"}:
            parts = self.resolve(value["Std:Join"].get("Values", []), place)
            return str(value["Std:Join"].get("On", "")).join(str(part) for part in parts)
        if any(str(name).startswith("Std:") for name in value):
            raise BadFile(f"{self.path}: {place} has {', '.join(value)}, which a deployment cannot have.")
        return {str(name): self.resolve(inner, f"{place}.{name}") for name, inner in value.items()}

    def _get(self, address: object, place: str) -> Any:
        scope, _, name = str(address).partition(".")
        if scope == "Parameters" and name in self.parameters:
            if self.parameters[name] is None:
                raise BadFile(
                    f"{self.path}: the parameter {name} has no value; write it into the configuration."
                )
            return self.parameters[name]
        if scope == "Execution" and name in _EXECUTION:
            return _EXECUTION[name]
        if scope == "Steps" and name.endswith("S3Output.S3Uri"):
            return ProcessingOutput(address)
        raise BadFile(f"{self.path}: {place} needs {address}, which a deployment does not have.")


def _is_step(step: object) -> bool:
    return (
        isinstance(step, Mapping)
        and isinstance(step.get("Name"), str)
        and isinstance(step.get("Type"), str)
        and isinstance(step.get("Arguments"), Mapping)
    )


def _parameter(path: str, row: Mapping[str, Any], text: str | None) -> Any:
    """The parameter's value: a configuration's text, or the default."""
    if text is None:
        return row.get("DefaultValue")
    if row.get("Type") != "Integer":
        return text
    try:
        return int(text)
    except ValueError as error:
        raise BadFile(f"{path}: the parameter {row['Name']} must be a whole number, not {text!r}.") from error
