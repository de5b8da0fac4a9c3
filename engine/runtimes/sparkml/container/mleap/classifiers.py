"""Classifiers without their columns: vectors in; scores, probabilities and classes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .attributes import Attributes
from .ensembles import read_forest, read_single
from .faults import BadBundle, BadRow
from .files import BundleFolder
from .sums import add_rows, multiply_vector, read_matrix


@dataclass(frozen=True, slots=True)
class Classifier:
    """What a classifier computes by columns.

    `scores` makes a matrix with a column for each class of vectors that are `width` wide; `probabilities` makes
    another of that. `classes` decides from scores and probabilities; it gives a class for each row, as a float64.
    """

    width: int
    scores: Callable[[Any], Any]
    probabilities: Callable[[Any], Any]
    classes: Callable[[Any, Any], Any]


def _most_probable(attributes: Attributes, count: int) -> Callable[[Any, Any], Any]:
    """The first class with the highest ratio of probability to threshold."""
    thresholds = attributes.numbers("thresholds") if attributes.has("thresholds") else np.zeros(0)
    if not len(thresholds):
        return lambda scores, probabilities: np.argmax(probabilities, axis=1).astype(np.float64)
    if len(thresholds) != count:
        raise BadBundle(f"there are {len(thresholds)} thresholds for {count} classes")

    def decide(scores: Any, probabilities: Any) -> Any:
        divisors = np.where(thresholds == 0, 1.0, thresholds)
        scaled = np.where(thresholds == 0, np.inf, probabilities / divisors)
        return np.argmax(scaled, axis=1).astype(np.float64)

    return decide


def _shares(matrix: Any) -> Any:
    """Each row divided by its sum; a row of zeros stays."""
    total = add_rows(matrix)[:, None]
    return np.where(total != 0, matrix / np.where(total == 0, 1.0, total), matrix)


def _both_sides(margins: Any) -> Any:
    return np.stack([-margins, margins], axis=1)


def _logistic(values: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-values))


def _logistic_regression(attributes: Attributes, folder: BundleFolder) -> Classifier:
    if attributes.integer("num_classes", 2) > 2:
        return _multinomial_regression(attributes)
    coefficients, intercept = attributes.numbers("coefficients"), attributes.number("intercept", 0.0)
    threshold = attributes.number("threshold", 0.5)
    return Classifier(
        len(coefficients),
        lambda matrix: _both_sides(multiply_vector(matrix, coefficients) + intercept),
        _logistic,
        lambda scores, probabilities: (probabilities[:, 1] > threshold).astype(np.float64),
    )


def _multinomial_regression(attributes: Attributes) -> Classifier:
    intercepts = attributes.numbers("intercept_vector")
    matrix = read_matrix(attributes.tensor("coefficient_matrix"), len(intercepts))

    def scores(vectors: Any) -> Any:
        # The intercept comes first in the sum.
        sums = np.broadcast_to(intercepts, (len(vectors), len(intercepts)))
        for feature in range(matrix.shape[1]):
            sums = sums + vectors[:, feature : feature + 1] * matrix[:, feature]
        return sums

    def probabilities(scores: Any) -> Any:
        highest = scores.max(axis=1, keepdims=True)
        powers = np.exp(scores - np.where(highest > 0, highest, 0.0))
        shares = powers * (1.0 / add_rows(powers)[:, None])
        certain = np.arange(scores.shape[1]) == np.argmax(scores, axis=1)[:, None]
        return np.where(highest == np.inf, certain.astype(np.float64), shares)

    return Classifier(matrix.shape[1], scores, probabilities, _most_probable(attributes, len(intercepts)))


def _linear_svc(attributes: Attributes, folder: BundleFolder) -> Classifier:
    coefficients, intercept = attributes.numbers("coefficients"), attributes.number("intercept", 0.0)
    threshold = attributes.number("threshold", 0.5)
    return Classifier(
        len(coefficients),
        lambda matrix: _both_sides(multiply_vector(matrix, coefficients) + intercept),
        lambda scores: scores,
        lambda scores, probabilities: (scores[:, 1] > threshold).astype(np.float64),
    )


def _support_vector_machine(attributes: Attributes, folder: BundleFolder) -> Classifier:
    if attributes.integer("num_classes", 2) != 2:
        raise BadBundle("a support vector machine has two classes")
    coefficients, intercept = attributes.numbers("coefficients"), attributes.number("intercept", 0.0)
    return Classifier(
        len(coefficients),
        lambda matrix: _both_sides(multiply_vector(matrix, coefficients) + intercept),
        lambda scores: scores,
        _most_probable(attributes, 2),
    )


def _naive_bayes(attributes: Attributes, folder: BundleFolder) -> Classifier:
    classes = attributes.size("num_classes")
    priors = attributes.numbers("pi")
    conditional = read_matrix(attributes.tensor("theta"), classes)
    kind = attributes.text("model_type").lower()
    if kind not in ("multinomial", "bernoulli") or len(priors) != classes:
        raise BadBundle(f"naive Bayes of the type {kind!r} with {len(priors)} priors for {classes} classes")
    bernoulli = kind == "bernoulli"
    absent = np.log(1.0 - np.exp(conditional)) if bernoulli else np.zeros_like(conditional)
    factors = conditional - absent

    def scores(vectors: Any) -> Any:
        if bernoulli and not ((vectors == 0) | (vectors == 1)).all():
            raise BadRow("Bernoulli naive Bayes requires 0 or 1 feature values")
        sums = np.stack([multiply_vector(vectors, row) for row in factors], axis=1) + priors
        return sums + add_rows(absent) if bernoulli else sums

    return Classifier(
        conditional.shape[1],
        scores,
        lambda scores: _shares(np.exp(scores - scores.max(axis=1, keepdims=True))),
        _most_probable(attributes, classes),
    )


def _decision_tree(attributes: Attributes, folder: BundleFolder) -> Classifier:
    classes = attributes.size("num_classes")
    forest = read_single(attributes, folder, classes)
    return Classifier(
        forest.features,
        lambda matrix: forest.leaf_values[forest.leaves(matrix)[:, 0], :classes],
        _shares,
        _most_probable(attributes, classes),
    )


def _random_forest(attributes: Attributes, folder: BundleFolder) -> Classifier:
    classes = attributes.size("num_classes")
    forest = read_forest(attributes, folder, classes)
    # Each tree has one vote, whatever its weight in the bundle.
    votes = _shares(forest.leaf_values)[:, :classes]

    def scores(matrix: Any) -> Any:
        leaves = forest.leaves(matrix)
        sums = np.zeros((len(matrix), classes))
        for tree in range(leaves.shape[1]):
            sums += votes[leaves[:, tree]]
        return sums

    return Classifier(forest.features, scores, _shares, _most_probable(attributes, classes))


def _gradient_boosted(attributes: Attributes, folder: BundleFolder) -> Classifier:
    if attributes.integer("num_classes", 2) != 2:
        raise BadBundle("gradient-boosted trees have two classes")
    forest = read_forest(attributes, folder, 1)
    weights, values = attributes.numbers("tree_weights"), forest.leaf_values[:, 0]
    if len(weights) != len(attributes.texts("trees")):
        raise BadBundle(f"there are {len(weights)} tree_weights for {len(attributes.texts('trees'))} trees")
    by_probability = _most_probable(attributes, 2)
    has_thresholds = attributes.has("thresholds") and len(attributes.numbers("thresholds")) > 0

    def probabilities(scores: Any) -> Any:
        negative = 1.0 / (1.0 + np.exp(-2.0 * scores[:, 0]))
        return np.stack([negative, 1.0 - negative], axis=1)

    def classes(scores: Any, probabilities: Any) -> Any:
        if has_thresholds:
            return by_probability(scores, probabilities)
        return (scores[:, 1] > 0).astype(np.float64)

    return Classifier(
        forest.features,
        lambda matrix: _both_sides(multiply_vector(values[forest.leaves(matrix)], weights)),
        probabilities,
        classes,
    )


Reader = Callable[[Attributes, BundleFolder], Classifier]

READERS: dict[str, Reader] = {
    "logistic_regression": _logistic_regression,
    "linear_svc": _linear_svc,
    # The first name is MLeap's own for it.
    "svm": _support_vector_machine,
    "support_vector_machine": _support_vector_machine,
    "naive_bayes": _naive_bayes,
    "decision_tree_classifier": _decision_tree,
    "random_forest_classifier": _random_forest,
    "gbt_classifier": _gradient_boosted,
}
