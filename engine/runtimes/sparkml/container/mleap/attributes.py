"""The attributes of a bundle's model, with typed access."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .faults import BadBundle

#: Maximum width of a vector: 128 MiB per row.
MAX_WIDTH = 2**24


@dataclass(frozen=True, slots=True)
class Tensor:
    """Numbers in the order in which the bundle has them, and the size of each dimension."""

    values: Any
    dimensions: tuple[int, ...]

    def matrix(self) -> Any:
        """A matrix whose values are stored column by column. Raises BadBundle for other numbers of dimensions."""
        if len(self.dimensions) != 2:
            raise BadBundle(f"a matrix has {len(self.dimensions)} dimensions")
        return self.values.reshape(self.dimensions, order="F")


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a column: "scalar", "list" or "tensor"; and a tensor's dimensions if known."""

    base: str
    dimensions: tuple[int, ...] = ()


#: An attribute's value: a scalar, a list, a Tensor or a Shape. None is a scalar that equals the zero of its type, for
#: which bundles have no value.
Value = Any


def make_tensor(values: Any, dimensions: tuple[int, ...]) -> Tensor:
    """A tensor of float64 numbers. Raises BadBundle if their number does not match the dimensions."""
    try:
        numbers = np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadBundle(f"a tensor has a value that is no number: {error}") from error
    # The size of a dimension that the exporter does not know is -1.
    if len(dimensions) <= 1:
        dimensions = (len(numbers),)
    if any(size < 0 for size in dimensions) or math.prod(dimensions) != len(numbers):
        raise BadBundle(f"a tensor of dimensions {dimensions} has {len(numbers)} values")
    return Tensor(numbers, dimensions)


class Attributes:
    """A model's attributes by name. Every method raises BadBundle, which names the attribute."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Whether the attribute exists."""
        return name in self._values

    def number(self, name: str, default: float | None = None) -> float:
        """A double."""
        value = self._scalar(name, default, 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._mistaken(name, "a number")
        return float(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """An int or long."""
        value = self._scalar(name, default, 0)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._mistaken(name, "a whole number")
        return value

    def size(self, name: str) -> int:
        """A size: a whole number from 0 to MAX_WIDTH."""
        return self._checked_size(name, self.integer(name))

    def boolean(self, name: str, default: bool | None = None) -> bool:
        """A boolean."""
        value = self._scalar(name, default, False)
        if not isinstance(value, bool):
            raise self._mistaken(name, "true or false")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        value = self._scalar(name, default, "")
        if not isinstance(value, str):
            raise self._mistaken(name, "a text")
        return value

    def tensor(self, name: str) -> Tensor:
        """A tensor; a list of numbers is a tensor with one dimension."""
        value = self._required(name)
        if isinstance(value, Tensor):
            return value
        return make_tensor(self._listed(name, value), ())

    def numbers(self, name: str) -> Any:
        """The numbers of a tensor or a list as a one-dimensional float64 array."""
        return self.tensor(name).values

    def integers(self, name: str) -> list[int]:
        """A list of ints or longs."""
        values = self._listed(name, self._required(name))
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise self._mistaken(name, "a list of whole numbers")
        return values

    def sizes(self, name: str) -> list[int]:
        """A list of sizes."""
        return [self._checked_size(name, value) for value in self.integers(name)]

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        values = self._listed(name, self._required(name))
        if not all(isinstance(value, str) for value in values):
            raise self._mistaken(name, "a list of texts")
        return values

    def tensors(self, name: str) -> list[Tensor]:
        """A list of tensors."""
        values = self._listed(name, self._required(name))
        if not all(isinstance(value, Tensor) for value in values):
            raise self._mistaken(name, "a list of tensors")
        return values

    def shape(self, name: str) -> Shape | None:
        """A shape, or the first of a list of shapes; None if the attribute is absent."""
        value = self._values.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        return value if isinstance(value, Shape) else None

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """A string that is one of the choices."""
        value = self.text(name, default)
        if value not in choices:
            raise self._mistaken(name, f"one of {', '.join(choices)}")
        return value

    def _required(self, name: str) -> Value:
        if name not in self._values:
            raise BadBundle(f"the attribute {name} is missing")
        return self._values[name]

    def _scalar(self, name: str, default: Any, zero: Any) -> Any:
        if name not in self._values and default is not None:
            return default
        value = self._required(name)
        return zero if value is None else value

    def _listed(self, name: str, value: Value) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._mistaken(name, "a list")
        return value

    def _checked_size(self, name: str, value: int) -> int:
        if not 0 <= value <= MAX_WIDTH:
            raise BadBundle(f"the attribute {name} is {value}; it may be 0 to {MAX_WIDTH}")
        return value

    def _mistaken(self, name: str, expected: str) -> BadBundle:
        return BadBundle(f"the attribute {name} is not {expected}")
