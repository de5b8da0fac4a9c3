"""The contents of a bundle's files, independent of their format."""

from __future__ import annotations

from dataclasses import dataclass

from .attributes import Attributes


@dataclass(frozen=True, slots=True)
class ModelDefinition:
    """An operator's name and its attributes."""

    operator: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class NodeDefinition:
    """A node's name, and the columns behind its ports: pairs of port and column."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]

    def input(self, *ports: str) -> str | None:
        """The column of the first of these input ports that the node has."""
        return next((column for port in ports for name, column in self.inputs if name == port), None)

    def output(self, *ports: str) -> str | None:
        """The column of the first of these output ports that the node has."""
        return next((column for port in ports for name, column in self.outputs if name == port), None)


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A leaf, which has `values`, or a split of one feature.

    A row goes left when its value is at most the threshold; with `categories`, when "is one of them" equals
    `left_has_categories`.
    """

    values: tuple[float, ...] | None = None
    feature: int = 0
    threshold: float = 0.0
    categories: tuple[float, ...] | None = None
    left_has_categories: bool = True
