"""Shared by all families of operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..attributes import Attributes
from ..columns import Column, Table, Vectors
from ..definitions import NodeDefinition
from ..faults import BadBundle
from ..files import BundleFolder

#: Runs one step: reads columns of the table and adds others. Raises BadRow.
Step = Callable[[Table], None]


@dataclass(frozen=True, slots=True)
class ModelPart:
    """One model of a bundle, with the folder that it is in."""

    attributes: Attributes
    folder: BundleFolder
    #: The major version of Spark that the image's MLeap follows.
    spark: int


#: Makes the step of a node. Raises BadBundle.
Factory = Callable[[ModelPart, NodeDefinition], Step]


def input_column(node: NodeDefinition, *ports: str) -> str:
    """The column of the first of these ports. Raises BadBundle without one."""
    column = node.input(*ports)
    if column is None:
        raise BadBundle(f"the node {node.name} has no input {ports[0]}")
    return column


def output_column(node: NodeDefinition, *ports: str) -> str:
    """The column of the first of these ports. Raises BadBundle without one."""
    column = node.output(*ports)
    if column is None:
        raise BadBundle(f"the node {node.name} has no output {ports[0]}")
    return column


def numbered_inputs(node: NodeDefinition) -> list[str]:
    """The columns of the ports input0, input1 and so on, in that order. Raises BadBundle for a gap."""
    return [input_column(node, f"input{number}") for number in range(len(node.inputs))]


def one_to_one(node: NodeDefinition, transform: Callable[[Table, str], Column]) -> Step:
    """A step from the port "input" to the port "output"; `transform` gets the table and the input's name."""
    source, target = input_column(node, "input", "input0"), output_column(node, "output", "output0")

    def run(table: Table) -> None:
        table.set(target, transform(table, source))

    return run


def vector_step(node: NodeDefinition, transform: Callable[[Any], Any], width: int | None = None) -> Step:
    """A step from vectors, `width` wide if that is given, to vectors."""
    return one_to_one(node, lambda table, name: Vectors(transform(table.vectors(name, width))))
