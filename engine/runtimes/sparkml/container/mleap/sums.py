"""Sums in the order in which the JVM adds, so that every digit agrees. NumPy's own add in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from .attributes import Tensor
from .faults import BadBundle, BadRow


def add_rows(matrix: Any) -> Any:
    """The sum of each row, added from left to right."""
    if matrix.shape[1] == 0:
        return np.zeros(len(matrix))
    return np.add.accumulate(matrix, axis=1)[:, -1]


def multiply_vector(matrix: Any, vector: Any) -> Any:
    """The dot product of each row with the vector. Raises BadRow for a vector of another width."""
    if matrix.shape[1] != len(vector):
        raise BadRow(f"the vectors have {matrix.shape[1]} values; the model takes {len(vector)}")
    return add_rows(matrix * vector)


def multiply_matrix(matrix: Any, rows: Any) -> Any:
    """The dot products of each row of `matrix` with each row of `rows`: as many columns as `rows` has rows."""
    return np.stack([multiply_vector(matrix, row) for row in rows], axis=1)


def read_matrix(tensor: Tensor, height: int) -> Any:
    """A matrix that bundles store by columns. Raises BadBundle for another height."""
    matrix = tensor.matrix()
    if matrix.shape[0] != height:
        raise BadBundle(f"a matrix has {matrix.shape[0]} rows instead of {height}")
    return matrix
