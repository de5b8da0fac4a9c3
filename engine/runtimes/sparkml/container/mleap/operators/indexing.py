"""Texts to indices and back, and indices to vectors with a one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..attributes import Attributes
from ..columns import Column, Lists, Numbers, Table, Texts, Vectors
from ..definitions import NodeDefinition
from ..faults import BadBundle, BadRow
from ..java_text import double_text
from .base import Factory, ModelPart, Step, input_column, one_to_one, output_column

_WAYS = ("error", "skip", "keep")


def _column_pairs(node: NodeDefinition, count: int) -> list[tuple[str, str]]:
    """The input and output of each of `count` columns. Older bundles have one, on ports without a number."""
    if count == 1 and node.input("input") is not None:
        return [(input_column(node, "input"), output_column(node, "output"))]
    return [
        (input_column(node, f"input{number}"), output_column(node, f"output{number}"))
        for number in range(count)
    ]


def _string_indexer(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    handle_invalid = attributes.choice("handle_invalid", _WAYS, "error")
    # What follows Spark 2 reads the older name alone.
    if attributes.has("labels_length") and part.spark >= 3:
        labels = [
            attributes.texts(f"labels_array_{number}") for number in range(attributes.size("labels_length"))
        ]
    else:
        labels = [attributes.texts("labels")]
    indices = [{label: index for index, label in enumerate(column)} for column in labels]
    pairs = _column_pairs(node, len(labels))

    def run(table: Table) -> None:
        for (source, target), index in zip(pairs, indices, strict=True):
            texts = table.texts(source)
            unknown = len(index) if handle_invalid == "keep" else -1
            values = np.fromiter((index.get(text, unknown) for text in texts), np.float64, len(texts))
            if handle_invalid != "keep" and (values < 0).any():
                raise _unseen(texts[int(np.argmax(values < 0))], handle_invalid)
            table.set(target, Numbers(values))

    return run


def _unseen(label: str, handle_invalid: str) -> BadRow:
    if handle_invalid == "skip":
        # The row would be left out, and the container has none to answer with then.
        return BadRow(f"Unseen label: {label}. The pipeline skips this row, so there is no answer for it")
    return BadRow(f"Unseen label: {label}. To handle unseen labels, set handleInvalid to keep")


def _reverse_string_indexer(part: ModelPart, node: NodeDefinition) -> Step:
    labels = part.attributes.texts("labels")

    def label(index: float) -> str:
        # An index is cut to a whole number, as Java casts it.
        if not -1 < index < len(labels):
            raise BadRow(f"index {double_text(index)} has no label: there are {len(labels)}")
        return labels[int(index)]

    def transform(table: Table, name: str) -> Column:
        column = table.column(name)
        if isinstance(column, Vectors):
            return Lists([[label(index) for index in row] for row in column.values.tolist()])
        return Texts([label(index) for index in table.doubles(name).tolist()])

    return one_to_one(node, transform)


def _one_hot_encoder(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    old = attributes.has("size")
    sizes = [attributes.size("size")] if old else attributes.sizes("category_sizes")
    drop_last = attributes.boolean("drop_last", True)
    # Older encoders gave a category that they did not know a vector of zeros.
    keep = attributes.choice("handle_invalid", _WAYS, "keep" if old and drop_last else "error") == "keep"
    pairs = _column_pairs(node, len(sizes))

    def run(table: Table) -> None:
        for (source, target), size in zip(pairs, sizes, strict=True):
            width = size + (keep and not drop_last) - (drop_last and not keep)
            indices = _category_indices(table.doubles(source), size, keep)
            matrix = np.zeros((len(indices), max(width, 0)))
            rows = np.flatnonzero(indices < width)
            matrix[rows, indices[rows]] = 1.0
            table.set(target, Vectors(matrix))

    return run


def _category_indices(values: Any, size: int, keep: bool) -> Any:
    """The index of each category; `size` for one that is not known. Raises BadRow."""
    broken = values != np.trunc(values)
    if broken.any():
        raise BadRow(f"invalid label: {double_text(values[broken][0])}, must be integer")
    unknown = ~((values >= 0) & (values < size))
    if not keep and unknown.any():
        value = double_text(values[unknown][0])
        if values[unknown][0] < 0:
            raise BadRow(
                f"Negative value: {value}. Input can't be negative. To handle invalid values, "
                "set Param handleInvalid to keep"
            )
        raise BadRow(f"Unseen value: {value}. To handle unseen values, set Param handleInvalid to keep")
    return np.where(unknown, size, values).astype(np.int64)


def _string_map(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    labels, numbers = attributes.texts("labels"), attributes.numbers("values")
    if len(labels) != len(numbers):
        raise BadBundle(f"there are {len(labels)} labels and {len(numbers)} values")
    values: dict[str, float] = dict(zip(labels, numbers.tolist(), strict=True))
    keep = attributes.choice("handle_invalid", ("error", "keep"), "error") == "keep"
    default = attributes.number("default_value", 0.0)

    def value(label: str) -> float:
        if label not in values and not keep:
            raise BadRow(
                f"Missing label: {label}. To handle unseen labels, set handleInvalid to keep "
                "and optionally set a custom defaultValue"
            )
        return values.get(label, default)

    return one_to_one(
        node,
        lambda table, name: Numbers(
            np.array([value(label) for label in table.texts(name)], dtype=np.float64)
        ),
    )


def _vector_indexer(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    features = attributes.size("num_features")
    handle_invalid = attributes.choice("handle_invalid", _WAYS, "error")
    indices = {key: _category_map(attributes, key) for key in attributes.integers("keys")}
    if any(not 0 <= key < features for key in indices):
        raise BadBundle(f"a key is not one of the {features} features")

    def transform(table: Table, name: str) -> Column:
        matrix = table.vectors(name, features).copy()
        for key, index in indices.items():
            values = matrix[:, key].tolist()
            unknown = [value for value in values if value not in index]
            if unknown and handle_invalid != "keep":
                raise BadRow(
                    f"VectorIndexer encountered invalid value {double_text(unknown[0])} on feature index {key}. "
                    "To handle or skip invalid value, try setting VectorIndexer.handleInvalid."
                )
            matrix[:, key] = [index.get(value, len(index)) for value in values]
        return Vectors(matrix)

    return one_to_one(node, transform)


def _category_map(attributes: Attributes, key: int) -> dict[float, int]:
    values, indices = attributes.numbers(f"key_{key}_keys").tolist(), attributes.integers(f"key_{key}_values")
    if len(values) != len(indices):
        raise BadBundle(f"feature {key} has {len(values)} categories and {len(indices)} indices")
    return dict(zip(values, indices, strict=True))


FACTORIES: dict[str, Factory] = {
    "string_indexer": _string_indexer,
    "reverse_string_indexer": _reverse_string_indexer,
    "one_hot_encoder": _one_hot_encoder,
    "string_map": _string_map,
    "vector_indexer": _vector_indexer,
}
