"""Scalers and other operators that change each number separately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..columns import Column, Numbers, Table, Vectors
from ..definitions import NodeDefinition
from ..faults import BadBundle, BadRow
from ..java_text import double_text
from ..sums import add_rows
from .base import Factory, ModelPart, Step, one_to_one, vector_step


def _standard_scaler(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    mean = attributes.numbers("mean") if attributes.has("mean") else None
    deviations = attributes.numbers("std") if attributes.has("std") else None
    if mean is None and deviations is None:
        raise BadBundle("a scaler has neither mean nor std")
    if mean is not None and deviations is not None and len(mean) != len(deviations):
        raise BadBundle(f"a scaler has {len(mean)} means and {len(deviations)} deviations")
    vector = deviations if deviations is not None else mean
    factors = None if deviations is None else _inverse(deviations)

    def transform(matrix: Any) -> Any:
        centred = matrix if mean is None else matrix - mean
        if factors is None or deviations is None:
            return centred
        # Not by the division: the container multiplies by the rounded factor.
        return np.where(deviations != 0, centred * factors, 0.0 if mean is not None else centred * 0.0)

    return vector_step(node, transform, len(vector) if vector is not None else None)


def _inverse(deviations: Any) -> Any:
    return np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations != 0)


def _min_max_scaler(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    least, most = attributes.numbers("min"), attributes.numbers("max")
    if len(least) != len(most):
        raise BadBundle(f"a scaler has {len(least)} minima and {len(most)} maxima")
    low, high = attributes.number("minValue", 0.0), attributes.number("maxValue", 1.0)
    span = most - least
    factors = np.divide(high - low, span, out=np.zeros_like(span), where=span != 0)
    constant = (low + high) / 2

    def transform(matrix: Any) -> Any:
        scaled = np.where(factors != 0, (matrix - least) * factors + low, constant)
        return np.where(np.isnan(matrix), matrix, scaled)

    return vector_step(node, transform, len(least))


def _max_abs_scaler(part: ModelPart, node: NodeDefinition) -> Step:
    largest = part.attributes.numbers("maxAbs")
    divisors = np.where(largest == 0, 1.0, largest)
    if part.spark < 3:
        return vector_step(node, lambda matrix: np.clip(matrix / divisors, -1.0, 1.0), len(largest))
    # Spark 3 multiplies by the rounded factor, and lets values be larger than any that it was trained on.
    return vector_step(node, lambda matrix: matrix * (1.0 / divisors), len(largest))


def _normalizer(part: ModelPart, node: NodeDefinition) -> Step:
    power = part.attributes.number("p_norm")
    if not power >= 1:
        raise BadBundle(f"p_norm is {power}; it must be 1 or more")

    def norms(matrix: Any) -> Any:
        if power == 1:
            return add_rows(np.abs(matrix))
        if power == 2:
            return np.sqrt(add_rows(matrix * matrix))
        if power == float("inf"):
            return np.abs(matrix).max(axis=1, initial=0.0)
        return add_rows(np.abs(matrix) ** power) ** (1.0 / power)

    def transform(matrix: Any) -> Any:
        lengths = norms(matrix)[:, None]
        return np.where(lengths != 0, matrix / np.where(lengths == 0, 1.0, lengths), matrix)

    return vector_step(node, transform)


def _numbers_or_vectors(node: NodeDefinition, transform: Callable[[Any], Any]) -> Step:
    """A step that changes each number of a column of numbers or of vectors."""

    def run(table: Table, name: str) -> Column:
        if isinstance(table.column(name), Vectors):
            return Vectors(transform(table.vectors(name)))
        return Numbers(transform(table.doubles(name)))

    return one_to_one(node, run)


def _binarizer(part: ModelPart, node: NodeDefinition) -> Step:
    threshold = part.attributes.number("threshold")
    return _numbers_or_vectors(node, lambda values: (values > threshold).astype(np.float64))


def _imputer(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    # The first name is that of older bundles.
    old = attributes.has("imputeValue")
    surrogate = attributes.number("imputeValue" if old else "surrogate_value")
    missing = attributes.number("missingValue" if old else "missing_value", float("nan"))
    return one_to_one(
        node,
        lambda table, name: Numbers(
            np.where(
                np.isnan(table.doubles(name)) | (table.doubles(name) == missing),
                surrogate,
                table.doubles(name),
            )
        ),
    )


def _bucketizer(part: ModelPart, node: NodeDefinition) -> Step:
    splits = _restored(part.attributes.numbers("splits"))
    handle_invalid = part.attributes.choice("handle_invalid", ("error", "skip", "keep"), "error")
    if len(splits) < 2 or not (np.diff(splits) > 0).all():
        raise BadBundle("the splits of a bucketizer must be two or more numbers that grow")

    def buckets(values: Any) -> Any:
        missing = np.isnan(values)
        if handle_invalid == "skip":
            if missing.any():
                # The row would be left out, and the container has none to answer with then.
                raise BadRow("Bucketizer encountered NaN value. The pipeline skips this row")
            # MLeap answers -1 for every value then.
            return np.full(len(values), -1.0)
        if missing.any() and handle_invalid == "error":
            raise BadRow(
                "Bucketizer encountered NaN value. To handle or skip NaNs, try setting Bucketizer.handleInvalid."
            )
        outside = ~missing & ~((values >= splits[0]) & (values <= splits[-1]))
        if outside.any():
            raise BadRow(
                f"Feature value {double_text(values[outside][0])} out of Bucketizer bounds "
                f"[{double_text(splits[0])}, {double_text(splits[-1])}]. Check your features, or loosen "
                "the lower/upper bound constraints."
            )
        indices = np.minimum(np.searchsorted(splits, values, side="right") - 1, len(splits) - 2)
        return np.where(missing, len(splits) - 1, indices).astype(np.float64)

    return one_to_one(node, lambda table, name: Numbers(buckets(table.doubles(name))))


def _restored(splits: Any) -> Any:
    """The splits with infinite ends. JSON has no number for them, so that they are not numbers in a bundle."""
    ends = {0: -np.inf, -1: np.inf} if len(splits) else {}
    restored = splits.copy()
    for place, infinite in ends.items():
        if np.isnan(splits[place]):
            restored[place] = infinite
    return restored


FACTORIES: dict[str, Factory] = {
    "standard_scaler": _standard_scaler,
    "min_max_scaler": _min_max_scaler,
    "max_abs_scaler": _max_abs_scaler,
    "normalizer": _normalizer,
    "binarizer": _binarizer,
    "imputer": _imputer,
    "bucketizer": _bucketizer,
}
