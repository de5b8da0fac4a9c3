"""Models, nodes and trees as a bundle of the format "json" writes them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from .attributes import Attributes, Shape, Tensor, Value, make_tensor
from .definitions import ModelDefinition, NodeDefinition, TreeNode
from .faults import BadBundle

#: The keys of values. Some exporters write the type of a column under "byte_string"; no operator needs those two.
_NUMBER_KEYS = ("double", "float", "long", "int")
_SCALAR_KEYS = (*_NUMBER_KEYS, "boolean", "string", "byte_string", "basic_type")
_BYTE_ORDERS = {
    "boolean": ">u1", "byte": ">i1", "short": ">i2", "int": ">i4", "long": ">i8", "float": ">f4", "double": ">f8",
}  # fmt: skip


def parse_json(data: bytes) -> Any:
    """The JSON value. Raises BadBundle."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadBundle(f"not JSON: {error}") from error


def read_model(data: bytes) -> ModelDefinition:
    """The contents of model.json. Raises BadBundle."""
    model = _object(parse_json(data), "a model")
    attributes = _object(model.get("attributes") or {}, "the attributes")
    operator = model.get("op")
    if not isinstance(operator, str):
        raise BadBundle("the model names no op")
    return ModelDefinition(
        operator, Attributes({name: _value(name, value) for name, value in attributes.items()})
    )


def read_node(data: bytes) -> NodeDefinition:
    """The contents of node.json. Raises BadBundle."""
    node = _object(parse_json(data), "a node")
    shape = _object(node.get("shape") or {}, "a shape")
    return NodeDefinition(
        _text(node.get("name")), _sockets(shape.get("inputs")), _sockets(shape.get("outputs"))
    )


def read_tree(data: bytes) -> Iterator[TreeNode]:
    """The nodes of tree.json, each before its left and its right part. Raises BadBundle."""
    for line in data.splitlines():
        if line.strip():
            try:
                yield _tree_node(_object(parse_json(line), "a tree's node"))
            except (KeyError, TypeError, ValueError) as error:
                if isinstance(error, BadBundle):
                    raise
                raise BadBundle(f"a tree's node is not complete: {error}") from error


def _tree_node(node: dict[str, Any]) -> TreeNode:
    if node.get("type") == "leaf":
        return TreeNode(values=tuple(float(value) for value in node["values"]))
    split = _object(node["split"], "a split")
    feature = int(split["featureIndex"])
    if split.get("type") == "continuous":
        return TreeNode(feature=feature, threshold=float(split["threshold"]))
    if split.get("type") == "categorical":
        categories = tuple(float(value) for value in split["categories"])
        return TreeNode(feature=feature, categories=categories, left_has_categories=bool(split["isLeft"]))
    raise BadBundle(f"a split is of the type {split.get('type')!r}")


def _value(name: str, value: Any) -> Value:
    try:
        described = _object(value, "a value")
        kind = described.get("type")
        if kind is None:
            return _scalar(described)
        if kind == "list":
            return _list(described)
        if kind == "tensor":
            return _tensor(described)
        raise BadBundle(f"a value of the type {kind!r}")
    except BadBundle as error:
        raise BadBundle(f"the attribute {name}: {error}") from error


def _scalar(described: dict[str, Any]) -> Value:
    for key in _SCALAR_KEYS:
        if key in described:
            return _number(described[key]) if key in _NUMBER_KEYS else described[key]
    if "data_shape" in described:
        return _shape(described["data_shape"])
    if "tensor" in described:
        return _tensor(_object(described["tensor"], "a tensor"))
    return None


def _list(described: dict[str, Any]) -> list[Value]:
    for key in (*_SCALAR_KEYS, "data_shape", "tensor"):
        if key in described:
            values = described[key]
            if not isinstance(values, list):
                raise BadBundle("a list's values are no list")
            if key == "data_shape":
                return [_shape(value) for value in values]
            if key == "tensor":
                return [_tensor(_object(value, "a tensor")) for value in values]
            return [_number(value) for value in values] if key in _NUMBER_KEYS else values
    return []


def _tensor(described: dict[str, Any]) -> Tensor:
    dimensions = _dimensions(described.get("shape"))
    if "value" in described:
        return make_tensor(_packed(described), dimensions)
    for key in (*_NUMBER_KEYS, "boolean"):
        if key in described:
            return make_tensor([_number(value) for value in _items(described[key])], dimensions)
    return make_tensor([], dimensions)


def _packed(described: dict[str, Any]) -> Any:
    """Numbers that are written as big-endian bytes in base64."""
    order = _BYTE_ORDERS.get(str(described.get("base", "boolean")))
    if order is None:
        raise BadBundle(f"a tensor of the base {described.get('base')!r}")
    try:
        return np.frombuffer(base64.b64decode(_text(described["value"]), validate=True), dtype=order)
    except (binascii.Error, ValueError) as error:
        raise BadBundle(f"a tensor's value: {error}") from error


def _shape(described: Any) -> Shape:
    shape = _object(described, "a shape")
    return Shape(_text(shape.get("base", "scalar")), _dimensions(shape.get("tensorShape")))


def _dimensions(described: Any) -> tuple[int, ...]:
    dimensions = _items(_object(described or {}, "a tensor's shape").get("dimensions") or [])
    sizes = [_object(dimension, "a dimension").get("size", 0) for dimension in dimensions]
    if not all(isinstance(size, int) for size in sizes):
        raise BadBundle("a dimension's size is no whole number")
    return tuple(sizes)


def _sockets(described: Any) -> tuple[tuple[str, str], ...]:
    sockets = [_object(socket, "an input or output") for socket in _items(described or [])]
    return tuple((_text(socket.get("port")), _text(socket.get("name"))) for socket in sockets)


def _number(value: Any) -> Any:
    """A number; what JSON has no numbers for is written as a text."""
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if value is None:  # The exporters' JSON library writes NaN so.
        return float("nan")
    if not isinstance(value, int | float):
        raise BadBundle(f"{value!r} is no number")
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadBundle(f"{name} is no object")
    return value


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadBundle(f"{value!r} is no list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadBundle(f"{value!r} is no text")
    return value
