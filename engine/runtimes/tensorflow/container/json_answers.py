"""Answers in TensorFlow Serving's JSON: indented by four blanks, the lists of a row on one line."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .faults import invalid
from .json_text import write_text
from .numbers import write_decimals

_INDENT = "    "
_BYTES_SUFFIX = "_bytes"
#: Outputs come in the order of a map without order. This one is that of the examples people have seen.
LAST_NAME_FIRST = True

Outputs = Mapping[str, Any]


def write_rows(outputs: Outputs) -> bytes:
    """The answer to rows: "predictions". Raises ServingFault if an output has no rows, or not as many as the others."""
    ordered = _ordered(outputs)
    rows = -1
    for name, values in ordered.items():
        if values.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if rows not in (-1, len(values)):
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(values)} expecting: {rows}")
        rows = len(values)
    if len(ordered) == 1:
        ((name, values),) = ordered.items()
        return _document("predictions", _closed(", ".join(_row_texts(name, values, 2))))
    columns = [
        [f"{write_text(name)}: {text}" for text in _row_texts(name, values, 3)]
        for name, values in ordered.items()
    ]
    objects = [f"\n{_INDENT * 2}" + _object(members, 2) for members in zip(*columns, strict=True)]
    return _document("predictions", _closed(",".join(objects)))


def write_columns(outputs: Outputs) -> bytes:
    """The answer to columns: "outputs"."""
    ordered = _ordered(outputs)
    if len(ordered) == 1:
        ((name, values),) = ordered.items()
        return _document("outputs", _spread(values.shape, _value_texts(name, values, values.ndim + 1), 1))
    members = [
        f"{write_text(name)}: {_spread(values.shape, _value_texts(name, values, values.ndim + 2), 2)}"
        for name, values in ordered.items()
    ]
    return _document("outputs", _object(members, 1))


def write_regressions(values: Any) -> bytes:
    """The answer to a regress request: a number for each example."""
    return _document("results", f"[{', '.join(write_decimals(values))}]")


def write_classifications(labels: Sequence[Sequence[bytes]], scores: Any) -> bytes:
    """The answer to a classify request: pairs of label and score for each example."""
    texts = iter(write_decimals(scores))
    rows = [
        "[" + ", ".join(f"[{_text(label)}, {next(texts)}]" for label in row_labels) + "]"
        for row_labels in labels
    ]
    return _document("results", _closed(", ".join(rows)))


def write_error(message: str) -> bytes:
    """The answer to a refused request."""
    return _document("error", write_text(message))


def _document(name: str, value: str) -> bytes:
    return f'{{\n{_INDENT}"{name}": {value}\n}}'.encode("utf-8", "surrogateescape")


def _ordered(outputs: Outputs) -> dict[str, Any]:
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    return {name: outputs[name] for name in sorted(outputs, reverse=LAST_NAME_FIRST)}


def _closed(items: str) -> str:
    """The outer list of rows, whose end has a line of its own."""
    return f"[{items}\n{_INDENT}]" if items else "[]"


def _object(members: Sequence[str], depth: int) -> str:
    indent = _INDENT * depth
    return "{" + ",".join(f"\n{indent}{_INDENT}{member}" for member in members) + f"\n{indent}}}"


def _row_texts(name: str, values: Any, depth: int) -> list[str]:
    """The text of each row, on one line."""
    texts = _value_texts(name, values, depth + values.ndim - 1)
    for axis in range(values.ndim - 1, 0, -1):
        length = values.shape[axis]
        starts = range(0, math.prod(values.shape[:axis]) * length, length) if length else ()
        texts = [f"[{', '.join(texts[start : start + length])}]" for start in starts] or ["[]"] * math.prod(
            values.shape[:axis]
        )
    return texts


def _spread(shape: Sequence[int], texts: Sequence[str], depth: int) -> str:
    """An array over several lines, from the texts of its values."""
    if not shape:
        return texts[0]
    if not shape[0]:
        return "[]"
    share = len(texts) // shape[0]
    starts = range(0, len(texts), share) if share else [0] * shape[0]
    items = [_spread(shape[1:], texts[start : start + share], depth + 1) for start in starts]
    indent = _INDENT * depth
    return "[" + ",".join(f"\n{indent}{_INDENT}{item}" for item in items) + f"\n{indent}]"


def _value_texts(name: str, values: Any, depth: int) -> list[str]:
    """The text of each value; bytes are objects at that depth."""
    kind = values.dtype.kind
    if kind == "f":
        return write_decimals(values)
    if kind in "iu":
        return list(map(str, values.reshape(-1).tolist()))
    if kind == "b":
        return ["true" if value else "false" for value in values.reshape(-1).tolist()]
    if kind == "O":
        write: Callable[[bytes], str] = _text
        if name.endswith(_BYTES_SUFFIX):
            return [_bytes(value, depth) for value in values.reshape(-1).tolist()]
        return [write(value) for value in values.reshape(-1).tolist()]
    raise invalid(f"Failed to write JSON value for tensor type: {values.dtype.name}")


def _text(value: bytes) -> str:
    return write_text(value.decode("utf-8", "surrogateescape"))


def _bytes(value: bytes, depth: int) -> str:
    return _object([f'"b64": "{base64.b64encode(value).decode()}"'], depth)
