"""Running a step on some values, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.runtimes.sparkml.container.mleap.columns import Column, Lists, Numbers, Table, Texts, Vectors
from engine.runtimes.sparkml.container.mleap.pipeline import load_pipeline
from tests.engine.sparkml.bundles import Node, write_bundle


def make_column(values: list[Any]) -> Column:
    """Texts, lists of texts, vectors or numbers, as the values are."""
    if isinstance(values[0], str):
        return Texts(values)
    if isinstance(values[0], list):
        # A list without anything is one of texts: the vectors of tests have values.
        if not values[0] or isinstance(values[0][0], str):
            return Lists(values)
        return Vectors(np.array(values, dtype=np.float64))
    return Numbers(np.array(values, dtype=np.float64))


def run(folder: Path, node: Node, file_format: str, spark: int = 3, **columns: list[Any]) -> dict[str, Any]:
    """What the bundle of that node makes of the columns: every column as a list, by name."""
    names = [file_format, *(str(number) for number in range(1000))]
    target = next(folder / name for name in names if not (folder / name).exists())
    loaded = load_pipeline(write_bundle(target, node, file_format), spark)
    table = Table(
        {name: make_column(values) for name, values in columns.items()}, len(next(iter(columns.values())))
    )
    loaded.run(table)
    outputs = [column for step in (node, *node.steps) for column in step.outputs.values()]
    return {name: listed(table.column(name)) for name in outputs}


def listed(column: Column) -> Any:
    """A column's values as Python has them."""
    return column.values.tolist() if isinstance(column, Numbers | Vectors) else column.values
