"""Tables by columns, the input and output of operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .faults import BadRow
from .java_text import double_text, float_text

#: The Java types whose values are whole numbers.
WHOLE_NUMBERS = ("byte", "short", "int", "long")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number or boolean for each row. `values` is a float64, int64 or bool array, as `java_type` has it."""

    values: Any
    java_type: str = "double"


@dataclass(frozen=True, slots=True)
class Texts:
    """A text for each row."""

    values: list[str]


@dataclass(frozen=True, slots=True)
class Vectors:
    """A vector of doubles for each row: a float64 matrix."""

    values: Any


@dataclass(frozen=True, slots=True)
class Lists:
    """A list for each row, of values of one Java type."""

    values: list[list[Any]]
    java_type: str = "string"


Column = Numbers | Texts | Vectors | Lists


class Table:
    """Columns by name, all with the same number of rows. Methods raise BadRow for unknown columns."""

    def __init__(self, columns: dict[str, Column], rows: int) -> None:
        self.rows = rows
        self._columns = columns

    def set(self, name: str, column: Column) -> None:
        """Add a column, or replace it."""
        self._columns[name] = column

    def column(self, name: str) -> Column:
        """A column of any kind."""
        if name not in self._columns:
            raise BadRow(f"there is no field {name}: neither the schema nor a step of the pipeline has it")
        return self._columns[name]

    def doubles(self, name: str) -> Any:
        """A float64 array with a number for each row."""
        column = self.column(name)
        if not isinstance(column, Numbers):
            raise _unfit(name, column, "numbers")
        return column.values.astype(np.float64, copy=False)

    def vectors(self, name: str, width: int | None = None) -> Any:
        """A float64 matrix. Raises BadRow unless it is `width` wide."""
        column = self.column(name)
        if not isinstance(column, Vectors):
            raise _unfit(name, column, "vectors")
        if width is not None and column.values.shape[1] != width:
            raise BadRow(
                f"the vectors of {name} have {column.values.shape[1]} values; the model takes {width}"
            )
        return column.values

    def texts(self, name: str) -> list[str]:
        """A text for each row; numbers as Java writes them."""
        column = self.column(name)
        if isinstance(column, Texts):
            return column.values
        if isinstance(column, Numbers):
            return [scalar_text(value, column.java_type) for value in column.values.tolist()]
        raise _unfit(name, column, "texts")

    def token_lists(self, name: str) -> list[list[str]]:
        """A list of texts for each row."""
        column = self.column(name)
        if not isinstance(column, Lists) or column.java_type != "string":
            raise _unfit(name, column, "lists of texts")
        return column.values


def scalar_text(value: Any, java_type: str) -> str:
    """A number or boolean in Java's text form."""
    if java_type == "boolean":
        return "true" if value else "false"
    if java_type in WHOLE_NUMBERS:
        return str(int(value))
    return float_text(value) if java_type == "float" else double_text(value)


def _unfit(name: str, column: Column, expected: str) -> BadRow:
    return BadRow(
        f"the field {name} has {type(column).__name__.lower()}; the step of the pipeline takes {expected}"
    )
