"""Models that predict a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..columns import Numbers
from ..definitions import NodeDefinition
from ..ensembles import read_forest, read_single
from ..faults import BadBundle
from ..sums import add_rows, multiply_vector
from .base import Factory, ModelPart, Step, input_column, output_column

_EPSILON = 1e-16
_LARGEST = float(np.finfo(np.float64).max)


def _prediction(node: NodeDefinition, width: int, predict: Callable[[Any], Any]) -> Step:
    """A step from vectors at the port "features" to numbers at the port "prediction"."""
    source, target = input_column(node, "features"), output_column(node, "prediction")
    return lambda table: table.set(target, Numbers(predict(table.vectors(source, width))))


def _linear_regression(part: ModelPart, node: NodeDefinition) -> Step:
    coefficients, intercept = (
        part.attributes.numbers("coefficients"),
        part.attributes.number("intercept", 0.0),
    )
    return _prediction(
        node, len(coefficients), lambda matrix: multiply_vector(matrix, coefficients) + intercept
    )


def _normal_distribution(values: Any) -> Any:
    return 0.5 * (1.0 + np.array([math.erf(value / math.sqrt(2.0)) for value in values.tolist()]))


#: The functions from the linear predictor to the mean, by name of the link.
_MEANS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda values: values,
    "logit": lambda values: 1.0 / (1.0 + np.exp(-values)),
    "log": np.exp,
    "inverse": lambda values: 1.0 / values,
    "probit": _normal_distribution,
    "cloglog": lambda values: 1.0 - np.exp(-np.exp(values)),
    "sqrt": lambda values: values * values,
}
#: The minimum and maximum mean of each family.
_LIMITS = {
    "gaussian": (-_LARGEST, _LARGEST),
    "binomial": (_EPSILON, 1.0 - _EPSILON),
    "poisson": (_EPSILON, _LARGEST),
    "gamma": (_EPSILON, _LARGEST),
}


def _generalized_linear_regression(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    coefficients, intercept = attributes.numbers("coefficients"), attributes.number("intercept", 0.0)
    family, link = attributes.text("family").lower(), attributes.text("link").lower()
    if family not in _LIMITS or link not in _MEANS:
        raise BadBundle(f"the family {family!r} with the link {link!r} is not built")
    source, target = input_column(node, "features"), output_column(node, "prediction")
    linear_target = node.output("link_prediction")

    def run(table: Any) -> None:
        linear = multiply_vector(table.vectors(source, len(coefficients)), coefficients) + intercept
        table.set(target, Numbers(np.clip(_MEANS[link](linear), *_LIMITS[family])))
        if linear_target is not None:
            table.set(linear_target, Numbers(linear))

    return run


def _decision_tree(part: ModelPart, node: NodeDefinition) -> Step:
    forest = read_single(part.attributes, part.folder, 1)
    values = forest.leaf_values[:, 0]
    return _prediction(node, forest.features, lambda matrix: values[forest.leaves(matrix)[:, 0]])


def _random_forest(part: ModelPart, node: NodeDefinition) -> Step:
    forest = read_forest(part.attributes, part.folder, 1)
    values = forest.leaf_values[:, 0]
    trees = len(part.attributes.texts("trees"))
    # The weights are in the bundle, and MLeap does not look at them.
    return _prediction(node, forest.features, lambda matrix: add_rows(values[forest.leaves(matrix)]) / trees)


def _gradient_boosted(part: ModelPart, node: NodeDefinition) -> Step:
    forest = read_forest(part.attributes, part.folder, 1)
    weights, values = part.attributes.numbers("tree_weights"), forest.leaf_values[:, 0]
    if len(weights) != len(part.attributes.texts("trees")):
        raise BadBundle(
            f"there are {len(weights)} tree_weights for {len(part.attributes.texts('trees'))} trees"
        )
    return _prediction(
        node, forest.features, lambda matrix: multiply_vector(values[forest.leaves(matrix)], weights)
    )


FACTORIES: dict[str, Factory] = {
    "linear_regression": _linear_regression,
    "generalized_linear_regression": _generalized_linear_regression,
    "decision_tree_regression": _decision_tree,
    "random_forest_regression": _random_forest,
    "gbt_regression": _gradient_boosted,
}
