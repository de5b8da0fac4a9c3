"""Functions of one number or two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..columns import Numbers, Table
from ..definitions import NodeDefinition
from ..faults import BadBundle
from .base import Factory, ModelPart, Step, one_to_one, output_column


def _logit(values: Any) -> Any:
    return np.log(values / (1.0 - values))


def _round(values: Any) -> Any:
    """Math.round: halves are rounded up, NaN is 0, and results are limited to the range of a long."""
    below = np.floor(values)
    rounded = below + (values - below >= 0.5)
    return np.clip(np.nan_to_num(rounded, nan=0.0, posinf=2.0**63, neginf=-(2.0**63)), -(2.0**63), 2.0**63)


_UNARY: dict[str, Callable[[Any], Any]] = {
    "log": np.log, "exp": np.exp, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "abs": np.abs,
    "logit": _logit, "floor": np.floor, "ceil": np.ceil, "round_of": _round,
}  # fmt: skip

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "rem": np.fmod, "pow": np.power,
    "log_n": lambda number, base: np.log(number) / np.log(base),
}  # fmt: skip


def _math_unary(part: ModelPart, node: NodeDefinition) -> Step:
    function = _UNARY.get(part.attributes.text("operation"))
    if function is None:
        raise BadBundle(f"the operation {part.attributes.text('operation')!r} of one number is not built")
    return one_to_one(node, lambda table, name: Numbers(function(table.doubles(name))))


def _math_binary(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    function = _BINARY.get(attributes.text("operation"))
    if function is None:
        raise BadBundle(f"the operation {attributes.text('operation')!r} of two numbers is not built")
    operands = []
    for port, default in (("input_a", "da"), ("input_b", "db")):
        source = node.input(port)
        if source is None and not attributes.has(default):
            raise BadBundle(f"the node {node.name} has neither the input {port} nor the attribute {default}")
        operands.append((source, attributes.number(default, 0.0)))
    target = output_column(node, "output")

    def run(table: Table) -> None:
        first, second = (
            np.full(table.rows, default) if source is None else table.doubles(source)
            for source, default in operands
        )
        table.set(target, Numbers(function(first, second)))

    return run


FACTORIES: dict[str, Factory] = {"math_unary": _math_unary, "math_binary": _math_binary}
