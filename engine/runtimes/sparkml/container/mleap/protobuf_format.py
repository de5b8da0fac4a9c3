"""Models, nodes and trees as a bundle of the format "protobuf" writes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .attributes import Attributes, Shape, Tensor, Value, make_tensor
from .definitions import ModelDefinition, NodeDefinition, TreeNode
from .faults import BadBundle
from .protobuf import Message

_SHAPES = ("scalar", "list", "tensor")
#: The types of a tensor's numbers by the size of one. Bundles number the types in two ways, one apart; the size
#: decides between them.
_TYPES = {0: ">u1", 1: ">u1", 2: ">i1", 3: ">i2", 4: ">i4", 5: ">i8", 6: ">f4", 7: ">f8"}


def read_model(data: bytes) -> ModelDefinition:
    """The contents of model.pb. Raises BadBundle."""
    model = Message(data)
    entries = model.message(2).messages(1)
    attributes = {entry.text(1): _value(entry.text(1), entry.message(2)) for entry in entries}
    if not model.text(1):
        raise BadBundle("the model names no op")
    return ModelDefinition(model.text(1), Attributes(attributes))


def read_node(data: bytes) -> NodeDefinition:
    """The contents of node.pb. Raises BadBundle."""
    node = Message(data)
    shape = node.message(2)
    return NodeDefinition(node.text(1), _sockets(shape, 1), _sockets(shape, 2))


def read_tree(data: bytes) -> Iterator[TreeNode]:
    """The nodes of tree.pb, each before its left and its right part. Raises BadBundle."""
    position = 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        position += 4
        if position + size > len(data):
            raise BadBundle("the tree ends in the middle of a node")
        yield _tree_node(Message(data[position : position + size]))
        position += size


def _tree_node(node: Message) -> TreeNode:
    if node.has(2):
        return TreeNode(values=tuple(node.message(2).doubles(1)))
    split = node.message(1).message(1)
    if split.has(1):
        categorical = split.message(1)
        return TreeNode(
            feature=categorical.integer(1),
            categories=tuple(categorical.doubles(4)),
            left_has_categories=bool(categorical.integer(2)),
        )
    if split.has(2):
        continuous = split.message(2)
        return TreeNode(feature=continuous.integer(1), threshold=continuous.double(2))
    raise BadBundle("a tree's node is neither a leaf nor a split")


def _sockets(shape: Message, number: int) -> tuple[tuple[str, str], ...]:
    return tuple((socket.text(1), socket.text(2)) for socket in shape.messages(number))


def _value(name: str, value: Message) -> Value:
    try:
        if value.has(1):
            return _scalar(value.message(1))
        if value.has(2):
            return _list(value.message(2))
        return _tensor(value.message(3)) if value.has(3) else None
    except BadBundle as error:
        raise BadBundle(f"the attribute {name}: {error}") from error


def _scalar(scalar: Message) -> Value:
    readers: dict[int, Any] = {
        1: lambda: bool(scalar.integer(1)),
        2: lambda: scalar.text(2),
        3: lambda: scalar.integer(3),
        4: lambda: scalar.integer(4),
        5: lambda: scalar.float32(5),
        6: lambda: scalar.double(6),
        8: lambda: _tensor(scalar.message(8)),
        10: lambda: _shape(scalar.message(10)),
    }
    return next((read() for number, read in readers.items() if scalar.has(number)), None)


def _list(values: Message) -> list[Value]:
    readers: dict[int, Any] = {
        1: lambda: [bool(value) for value in values.integers(1)],
        2: lambda: values.texts(2),
        3: lambda: values.integers(3),
        4: lambda: values.integers(4),
        5: lambda: values.floats(5),
        6: lambda: values.doubles(6),
        8: lambda: [_tensor(value) for value in values.messages(8)],
        10: lambda: [_shape(value) for value in values.messages(10)],
    }
    return next((list(read()) for number, read in readers.items() if values.has(number)), [])


def _shape(shape: Message) -> Shape:
    base = shape.integer(1)
    if not 0 <= base < len(_SHAPES):
        raise BadBundle(f"a shape of the kind {base}")
    return Shape(_SHAPES[base], _dimensions(shape.message(3)))


def _dimensions(shape: Message) -> tuple[int, ...]:
    return tuple(dimension.integer(1) for dimension in shape.messages(1))


def _tensor(tensor: Message) -> Tensor:
    if tensor.numbers() - {1, 2, 3}:
        raise BadBundle(
            "a tensor that has more than a type, a shape and values, such as a sparse one, is not read"
        )
    dimensions, data, kind = _dimensions(tensor.message(2)), tensor.raw(3), tensor.integer(1)
    order = _TYPES.get(kind)
    if order is None:
        raise BadBundle(f"a tensor of the type {kind}")
    count = math.prod(dimensions)
    older = _TYPES.get(kind + 1)
    if count > 0 and len(data) != count * np.dtype(order).itemsize and older is not None:
        order = older
    elif count < 0 and kind == 6:
        # Its size is not known. Exporters of this kind write vectors of doubles.
        order = ">f8"
    if len(data) % np.dtype(order).itemsize:
        raise BadBundle("a tensor ends in the middle of a number")
    return make_tensor(np.frombuffer(data, dtype=order), dimensions)
