"""Operators from vectors to vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..attributes import MAX_WIDTH
from ..definitions import NodeDefinition
from ..faults import BadBundle, BadRow
from ..sums import multiply_matrix
from .base import Factory, ModelPart, Step, vector_step


def _select(indices: list[int]) -> Callable[[Any], Any]:
    if any(index < 0 for index in indices):
        raise BadBundle("an index is negative")

    def transform(matrix: Any) -> Any:
        if indices and max(indices) >= matrix.shape[1]:
            raise BadRow(f"index {max(indices)} is not in vectors of {matrix.shape[1]} values")
        return matrix[:, indices]

    return transform


def _vector_slicer(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    named = attributes.integers("named_indices") if attributes.has("named_indices") else []
    indices = attributes.integers("indices") if attributes.has("indices") else []
    return vector_step(node, _select([*indices, *named]))


def _chi_sq_selector(part: ModelPart, node: NodeDefinition) -> Step:
    return vector_step(node, _select(part.attributes.integers("filter_indices")))


def _elementwise_product(attribute: str) -> Factory:
    def make(part: ModelPart, node: NodeDefinition) -> Step:
        factors = part.attributes.numbers(attribute)
        return vector_step(node, lambda matrix: matrix * factors, len(factors))

    return make


def _pca(part: ModelPart, node: NodeDefinition) -> Step:
    components = part.attributes.tensor("principal_components").matrix()
    return vector_step(node, lambda matrix: multiply_matrix(matrix, components.T), components.shape[0])


def _polynomial_expansion(part: ModelPart, node: NodeDefinition) -> Step:
    degree = part.attributes.size("degree")
    if degree < 1:
        raise BadBundle("the degree of a polynomial is below 1")

    def transform(matrix: Any) -> Any:
        if math.comb(matrix.shape[1] + degree, degree) > MAX_WIDTH:
            raise BadRow(f"a polynomial of degree {degree} over {matrix.shape[1]} values is too wide")
        columns = _expand(matrix, matrix.shape[1] - 1, degree, np.ones(len(matrix)))
        return np.stack(columns[1:], axis=1) if len(columns) > 1 else np.zeros((len(matrix), 0))

    return vector_step(node, transform)


def _expand(matrix: Any, last: int, degree: int, product: Any) -> list[Any]:
    """All products of `product` with up to `degree` of the values up to column `last`, in Spark's order."""
    if degree == 0 or last < 0:
        return [product]
    columns: list[Any] = []
    for power in range(degree + 1):
        columns += _expand(matrix, last - 1, degree - power, product)
        # Nothing is multiplied with a zero, not even an infinite number.
        product = np.where(product == 0, 0.0, product * matrix[:, last])
    return columns


FACTORIES: dict[str, Factory] = {
    "vector_slicer": _vector_slicer,
    "chi_sq_selector": _chi_sq_selector,
    "elementwise_product": _elementwise_product("scaling_vec"),
    "idf": _elementwise_product("idf"),
    "pca": _pca,
    "polynomial_expansion": _polynomial_expansion,
}
