"""The steps of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.pipeline_definitions.conditions import Condition, operands, parse_conditions
from engine.pipeline_definitions.expressions import (
    FileReference,
    Reference,
    StepReference,
    is_expression,
    references,
)
from engine.pipeline_definitions.members import (
    BadDefinition,
    as_json,
    names,
    read_member,
    read_object,
    read_texts,
)
from engine.pipeline_definitions.policies import (
    Cache,
    PropertyFile,
    RetryPolicy,
    parse_cache,
    parse_property_files,
    parse_retry_policies,
)

CONDITION, FAIL = "Condition", "Fail"
#: Types of steps that call SageMaker.
CALLING = ("Processing", "Transform", "Model", "RegisterModel")
TYPES = (*CALLING, CONDITION, FAIL)
#: Types whose results may be taken from an earlier execution.
CACHED = ("Processing", "Transform")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MEMBERS = ("Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description")
#: Members of single types of steps, beyond those of all.
_MORE_MEMBERS = {
    "Processing": ("RetryPolicies", "CacheConfig", "PropertyFiles"),
    "Transform": ("RetryPolicies", "CacheConfig"),
    "Model": ("RetryPolicies",),
    "RegisterModel": ("RetryPolicies",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step. `arguments` may have expressions.

    `branch` is the Condition step to whose IfSteps (True) or ElseSteps (False) the step belongs; None outside of any.
    """

    name: str
    type: str
    arguments: dict[str, Any]
    depends_on: tuple[str, ...] = ()
    display_name: str | None = None
    description: str | None = None
    branch: tuple[str, bool] | None = None
    conditions: tuple[Condition, ...] = ()
    retry_policies: tuple[RetryPolicy, ...] = ()
    cache: Cache | None = None
    property_files: dict[str, PropertyFile] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The step in the sentence of an error."""
        return f"Step {self.name!r}"

    def references(self) -> Iterator[Reference]:
        """All references of the step's own expressions."""
        yield from references(f"{self.place}: Arguments", self.arguments)
        for condition in self.conditions:
            for operand in operands(condition):
                yield from references(f"{self.place}: Conditions", operand)

    def dependencies(self) -> set[str]:
        """The names of the steps that must have succeeded before this one."""
        referred = {
            reference.step
            for reference in self.references()
            if isinstance(reference, StepReference | FileReference)
        }
        parent = {self.branch[0]} if self.branch is not None else set()
        return referred | parent | set(self.depends_on)


def parse_steps(place: str, value: Any, branch: tuple[str, bool] | None = None) -> Iterator[Step]:
    """Read a list of steps, and the steps of the branches of its Condition steps. Raises BadDefinition."""
    if not isinstance(value, list):
        raise BadDefinition(f"{place} is {as_json(value)}; it must be a list of steps.")
    for number, item in enumerate(value):
        yield from _parse_step(f"{place}[{number}]", item, branch)


def _parse_step(place: str, value: Any, branch: tuple[str, bool] | None) -> Iterator[Step]:
    if not isinstance(value, dict):
        raise BadDefinition(f"{place} is {as_json(value)}; it must be an object.")
    name = read_member(place, value, "Name", str)
    if name is None or not _NAME.fullmatch(name):
        raise BadDefinition(
            f"{place}: Name is {as_json(name)}; it must have 1 to 64 letters, digits, hyphens or underscores."
        )
    place = f"Step {name!r}"
    kind = value.get("Type")
    if kind not in TYPES:
        raise BadDefinition(
            f"{place}: Type is {as_json(kind)}; the embedded engine runs steps of the types {names(TYPES)}."
        )
    read_object(place, value, (*_MEMBERS, *_MORE_MEMBERS.get(kind, ())), ("Name", "Type", "Arguments"))
    arguments = read_member(place, value, "Arguments", dict)
    if is_expression(arguments):
        raise BadDefinition(f"{place}: Arguments is {as_json(arguments)}; it must be an object with members.")
    common: dict[str, Any] = {
        "depends_on": read_texts(place, value, "DependsOn"),
        "display_name": read_member(place, value, "DisplayName", str),
        "description": read_member(place, value, "Description", str),
        "branch": branch,
    }
    if kind == CONDITION:
        yield from _parse_condition(place, name, arguments, common)
        return
    if kind == FAIL:
        _check_message(place, arguments)
    yield Step(
        name,
        kind,
        arguments,
        retry_policies=parse_retry_policies(place, read_member(place, value, "RetryPolicies", list, [])),
        cache=parse_cache(place, value),
        property_files=parse_property_files(place, read_member(place, value, "PropertyFiles", list, [])),
        **common,
    )


def _parse_condition(
    place: str, name: str, arguments: dict[str, Any], common: dict[str, Any]
) -> Iterator[Step]:
    members = ("Conditions", "IfSteps", "ElseSteps")
    read_object(f"{place}: Arguments", arguments, members, ("Conditions",))
    conditions = parse_conditions(place, arguments["Conditions"])
    yield Step(name, CONDITION, {}, conditions=conditions, **common)
    for member, outcome in (("IfSteps", True), ("ElseSteps", False)):
        yield from parse_steps(f"{place}: {member}", arguments.get(member) or [], (name, outcome))


def _check_message(place: str, arguments: dict[str, Any]) -> None:
    read_object(f"{place}: Arguments", arguments, ("ErrorMessage",), ("ErrorMessage",))
    message = arguments["ErrorMessage"]
    if not isinstance(message, str) and not is_expression(message):
        raise BadDefinition(
            f"{place}: ErrorMessage is {as_json(message)}; it must be a text or an expression."
        )
