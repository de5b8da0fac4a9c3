"""ONNX model files, written as protocol buffers by their numbers in onnx.proto, so that any version can be given."""

from __future__ import annotations

import struct
from collections.abc import Sequence

FLOAT, INT64, STRING = 1, 7, 8
#: The newest versions that files of the tests have.
IR_VERSION, OPSET = 8, 13
_ROWS = "N"


def _varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def value_info(name: str, kind: int, *sizes: int) -> bytes:
    """A ValueInfoProto of so many columns behind any number of rows."""
    shape = _bytes(1, _bytes(2, _ROWS)) + b"".join(_bytes(1, _number(1, size)) for size in sizes)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))


def tensor(name: str, dims: Sequence[int], values: Sequence[float]) -> bytes:
    """A TensorProto of floats."""
    raw = struct.pack(f"<{len(values)}f", *values)
    return b"".join(_number(1, size) for size in dims) + _number(2, FLOAT) + _bytes(8, name) + _bytes(9, raw)


def node(
    kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", *attributes: bytes
) -> bytes:
    """A NodeProto."""
    ends = [_bytes(1, name) for name in inputs] + [_bytes(2, name) for name in outputs]
    parts = [*ends, _bytes(4, kind), *(_bytes(5, attribute) for attribute in attributes)]
    return b"".join([*parts, _bytes(7, domain)] if domain else parts)


def floats(name: str, values: Sequence[float]) -> bytes:
    """An AttributeProto of floats."""
    return (
        _bytes(1, name)
        + b"".join(_varint(7 << 3 | 5) + struct.pack("<f", value) for value in values)
        + _number(20, 6)
    )


def integers(name: str, values: Sequence[int]) -> bytes:
    """An AttributeProto of integers."""
    return _bytes(1, name) + b"".join(_number(8, value) for value in values) + _number(20, 7)


def model(
    nodes: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    initializers: Sequence[bytes] = (),
    ir_version: int = IR_VERSION,
    opset: int = OPSET,
) -> bytes:
    """A ModelProto, the content of a .onnx file."""
    graph = (
        b"".join(_bytes(1, item) for item in nodes)
        + _bytes(2, "graph")
        + b"".join(_bytes(5, item) for item in initializers)
        + b"".join(_bytes(11, item) for item in inputs)
        + b"".join(_bytes(12, item) for item in outputs)
    )
    opsets = _bytes(8, _bytes(1, "") + _number(2, opset)) + _bytes(8, _bytes(1, "ai.onnx.ml") + _number(2, 1))
    return _number(1, ir_version) + _bytes(7, graph) + opsets


def linear(ir_version: int = IR_VERSION, opset: int = OPSET) -> bytes:
    """price = 0.1 * size + 2 * rooms + 1, in 32 bits; inputs in one tensor `home` of two columns."""
    return model(
        [node("Gemm", ["home", "weights", "base"], ["price"])],
        [value_info("home", FLOAT, 2)],
        [value_info("price", FLOAT, 1)],
        [tensor("weights", [2, 1], [0.1, 2]), tensor("base", [1], [1])],
        ir_version,
        opset,
    )


def mixed() -> bytes:
    """An input `count` of integers and one `word` of texts; outputs `twice` and `same`."""
    return model(
        [node("Add", ["count", "count"], ["twice"]), node("Identity", ["word"], ["same"])],
        [value_info("count", INT64, 1), value_info("word", STRING, 1)],
        [value_info("twice", INT64, 1), value_info("same", STRING, 1)],
    )


def classifier() -> bytes:
    """Labels 7 and 9 of one column, with probabilities by label, as scikit-learn's classifiers are exported."""
    classes = integers("classlabels_ints", [7, 9])
    scores = node(
        "LinearClassifier",
        ["x"],
        ["label", "scores"],
        "ai.onnx.ml",
        floats("coefficients", [-1, 1]),
        floats("intercepts", [0, 0]),
        classes,
    )
    by_label = node("ZipMap", ["scores"], ["chances"], "ai.onnx.ml", integers("classlabels_int64s", [7, 9]))
    # A sequence of maps from integers to floats.
    tensor_type = _bytes(1, _number(1, FLOAT))
    maps = _bytes(1, "chances") + _bytes(
        2, _bytes(4, _bytes(1, _bytes(5, _number(1, INT64) + _bytes(2, tensor_type))))
    )
    return model([scores, by_label], [value_info("x", FLOAT, 1)], [value_info("label", INT64), maps])
