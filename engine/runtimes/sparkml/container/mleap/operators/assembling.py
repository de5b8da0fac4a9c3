"""Several columns into one vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..attributes import MAX_WIDTH
from ..columns import Numbers, Table, Vectors
from ..definitions import NodeDefinition
from ..faults import BadBundle, BadRow
from .base import Factory, ModelPart, Step, numbered_inputs, output_column


def _vector_assembler(part: ModelPart, node: NodeDefinition) -> Step:
    sources, target = numbered_inputs(node), output_column(node, "output")

    def run(table: Table) -> None:
        parts = [_as_matrix(table, name) for name in sources]
        joined = np.concatenate(parts, axis=1) if parts else np.zeros((table.rows, 0))
        # Only what is not zero is kept, so that a negative zero becomes a plain one.
        table.set(target, Vectors(joined + 0.0))

    return run


def _as_matrix(table: Table, name: str) -> Any:
    column = table.column(name)
    if isinstance(column, Vectors):
        return column.values
    if isinstance(column, Numbers):
        return table.doubles(name)[:, None]
    raise BadRow(
        f"the field {name} has {type(column).__name__.lower()}; a vector is made of numbers and vectors"
    )


def _interaction(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    counts = [attributes.sizes(f"num_features{number}") for number in range(attributes.size("num_inputs"))]
    sources, target = numbered_inputs(node), output_column(node, "output")
    if len(sources) != len(counts) or any(count < 1 for column in counts for count in column):
        raise BadBundle("an interaction needs a positive number of features for each of its inputs")
    if math.prod(sum(column) for column in counts) > MAX_WIDTH:
        raise BadBundle(f"an interaction is wider than {MAX_WIDTH}")

    def run(table: Table) -> None:
        product = np.ones((table.rows, 1))
        # The last input varies fastest, and products are formed from it on.
        for name, column in reversed(list(zip(sources, counts, strict=True))):
            encoded = _encoded(_as_matrix(table, name), column, name)
            product = (encoded[:, :, None] * product[:, None, :]).reshape(table.rows, -1)
        table.set(target, Vectors(product))

    return run


def _encoded(matrix: Any, counts: list[int], name: str) -> Any:
    """Each value as it is, or as a one among zeros where the feature is a category."""
    if matrix.shape[1] != len(counts):
        raise BadRow(f"Vector column size was {matrix.shape[1]}, expected {len(counts)} ({name})")
    parts = []
    for number, count in enumerate(counts):
        values = matrix[:, number]
        if count == 1:
            parts.append(values[:, None])
            continue
        if not ((values >= 0) & (values < count) & (values == np.floor(values))).all():
            raise BadRow(f"Values from column must be indices ({name})")
        parts.append(np.equal(values[:, None], np.arange(count)).astype(np.float64))
    return np.concatenate(parts, axis=1)


def _coalesce(part: ModelPart, node: NodeDefinition) -> Step:
    # The container lets no null in and no step makes one, so that the first input has always a value.
    sources, target = numbered_inputs(node), output_column(node, "output")
    if not sources:
        raise BadBundle("coalesce has no inputs")

    def run(table: Table) -> None:
        table.set(target, Numbers(table.doubles(sources[0])))

    return run


FACTORIES: dict[str, Factory] = {
    "vector_assembler": _vector_assembler,
    "interaction": _interaction,
    "coalesce": _coalesce,
}
