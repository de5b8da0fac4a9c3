"""A small writer of MLeap bundles in both formats."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

FORMATS = ("json", "protobuf")


@dataclass(frozen=True)
class Vector:
    """A tensor attribute: its values, and its dimensions unless it has one."""

    values: Sequence[float]
    dimensions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A tree's leaf."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Split:
    """A tree's split by a threshold, or by categories: `below` is its left part, `above` its right part."""

    feature: int
    below: Split | Leaf
    above: Split | Leaf
    threshold: float = 0.0
    categories: tuple[float, ...] | None = None
    is_left: bool = True


@dataclass(frozen=True)
class Node:
    """A step of a pipeline; `parts` are models in folders below it, by name."""

    operator: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tree: Split | Leaf | None = None
    parts: Mapping[str, Node] = field(default_factory=dict)
    steps: Sequence[Node] = ()


def write_bundle(folder: Path, node: Node, file_format: str = "json") -> Path:
    """Write a bundle as it is unpacked at a model's top; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {"uid": "1", "name": "test", "format": file_format, "version": "0.20.0", "timestamp": "2026"}
    (folder / "bundle.json").write_text(json.dumps(described))
    _write_node(folder / "root", "root", node, file_format)
    return folder


def pipeline(*steps: Node) -> Node:
    """A pipeline of these steps."""
    return Node("pipeline", steps=steps)


def _write_node(folder: Path, name: str, node: Node, file_format: str) -> None:
    folder.mkdir()
    attributes = dict(node.attributes)
    if node.operator == "pipeline":
        names = [f"step{number}" for number in range(len(node.steps))]
        attributes["nodes"] = names
        for step_name, step in zip(names, node.steps, strict=True):
            _write_node(folder / f"{step_name}.node", step_name, step, file_format)
    for part_name, part in node.parts.items():
        _write_node(folder / part_name, part_name, part, file_format)
    if file_format == "json":
        model = {
            "op": node.operator,
            "attributes": {key: json_value(value) for key, value in attributes.items()},
        }
        (folder / "model.json").write_text(json.dumps(model))
        shape = {"inputs": _json_sockets(node.inputs), "outputs": _json_sockets(node.outputs)}
        (folder / "node.json").write_text(json.dumps({"name": name, "shape": shape}))
        if node.tree is not None:
            (folder / "tree.json").write_text(
                "".join(json.dumps(line) + "\n" for line in _json_tree(node.tree))
            )
        return
    entries = [text(1, key) + message(2, _value(value)) for key, value in attributes.items()]
    attribute_list = b"".join(message(1, entry) for entry in entries)
    (folder / "model.pb").write_bytes(text(1, node.operator) + message(2, attribute_list))
    sockets = b"".join(message(1, text(1, port) + text(2, column)) for port, column in node.inputs.items())
    sockets += b"".join(message(2, text(1, port) + text(2, column)) for port, column in node.outputs.items())
    (folder / "node.pb").write_bytes(text(1, name) + message(2, sockets))
    if node.tree is not None:
        (folder / "tree.pb").write_bytes(
            b"".join(struct.pack(">i", len(part)) + part for part in _tree(node.tree))
        )


# JSON


def json_value(value: Any) -> dict[str, Any]:
    """An attribute's value as JSON bundles have it: a zero as an empty object."""
    if isinstance(value, Vector):
        dimensions = [{"size": size, "name": ""} for size in value.dimensions or (len(value.values),)]
        return {"double": list(value.values), "shape": {"dimensions": dimensions}, "type": "tensor"}
    if isinstance(value, list):
        if value and isinstance(value[0], Vector):
            return {"type": "list", "tensor": [json_value(item) for item in value]}
        return {"type": "list", _kind(value[0]): value} if value else {"type": "list"}
    return {_kind(value): value} if value else {}


def _kind(value: Any) -> str:
    return {bool: "boolean", int: "long", float: "double", str: "string"}[type(value)]


def _json_sockets(columns: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"port": port, "name": column} for port, column in columns.items()]


def _json_tree(tree: Split | Leaf) -> list[dict[str, Any]]:
    if isinstance(tree, Leaf):
        return [{"type": "leaf", "values": list(tree.values)}]
    split: dict[str, Any] = {"type": "continuous", "featureIndex": tree.feature, "threshold": tree.threshold}
    if tree.categories is not None:
        split = {"type": "categorical", "featureIndex": tree.feature, "categories": list(tree.categories)}
        split |= {"isLeft": tree.is_left, "numCategories": 9}
    return [{"type": "internal", "split": split}, *_json_tree(tree.below), *_json_tree(tree.above)]


# Protocol buffers


def varint(value: int) -> bytes:
    """A variable-length number."""
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def message(number: int, body: bytes) -> bytes:
    """A field with bytes: a message, packed numbers or a text."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def text(number: int, value: str) -> bytes:
    """A field with a text."""
    return message(number, value.encode())


def whole(number: int, value: int) -> bytes:
    """A field with a whole number; protocol buffers leave a zero out."""
    return varint(number << 3) + varint(value) if value else b""


def double(number: int, value: float) -> bytes:
    """A field with a double; protocol buffers leave a zero out."""
    return varint(number << 3 | 1) + struct.pack("<d", value) if value else b""


def _value(value: Any) -> bytes:
    if isinstance(value, Vector):
        return message(3, _tensor(value))
    if isinstance(value, list):
        return message(2, _list(value))
    if isinstance(value, bool):
        return message(1, whole(1, value))
    if isinstance(value, int):
        return message(1, whole(4, value))
    return message(1, double(6, value) if isinstance(value, float) else text(2, value) if value else b"")


def _list(values: list[Any]) -> bytes:
    if not values:
        return b""
    if isinstance(values[0], Vector):
        return b"".join(message(8, _tensor(value)) for value in values)
    if isinstance(values[0], str):
        return b"".join(text(2, value) for value in values)
    if isinstance(values[0], float):
        return message(6, struct.pack(f"<{len(values)}d", *values))
    return message(4, b"".join(varint(value) for value in values))


def _tensor(tensor: Vector) -> bytes:
    dimensions = tensor.dimensions or (len(tensor.values),)
    assert prod(dimensions) == len(tensor.values)
    shape = b"".join(message(1, whole(1, size)) for size in dimensions)
    return (
        whole(1, 7) + message(2, shape) + message(3, struct.pack(f">{len(tensor.values)}d", *tensor.values))
    )


def _tree(tree: Split | Leaf) -> list[bytes]:
    if isinstance(tree, Leaf):
        return [message(2, message(1, struct.pack(f"<{len(tree.values)}d", *tree.values)))]
    if tree.categories is None:
        split = message(2, whole(1, tree.feature) + double(2, tree.threshold))
    else:
        packed = struct.pack(f"<{len(tree.categories)}d", *tree.categories)
        split = message(1, whole(1, tree.feature) + whole(2, tree.is_left) + whole(3, 9) + message(4, packed))
    return [message(1, message(1, split)), *_tree(tree.below), *_tree(tree.above)]
