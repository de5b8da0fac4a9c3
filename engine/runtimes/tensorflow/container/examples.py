"""The JSON of classify and regress requests: examples with named features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from .faults import ServingFault, invalid
from .json_text import read_json, show_json, type_name
from .predict_request import read_signature_name
from .tensors_from_json import decode_bytes, is_bytes

_LARGEST_FLOAT = 3.4028234663852886e38
_KINDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


@dataclass(frozen=True, slots=True)
class ExamplesRequest:
    """The serialised examples of a request, each with the request's context."""

    signature_name: str
    examples: list[bytes]


def read_examples(body: bytes) -> ExamplesRequest:
    """Read the body. Raises ServingFault."""
    document = read_json(body)
    signature_name = read_signature_name(document)
    context = _serialised(document["context"]) if "context" in document else b""
    if "examples" not in document:
        raise invalid(
            f"JSON Value: {show_json(document)} When method is classify, key 'examples' is expected and was not found"
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(f"JSON Value: {show_json(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(f"JSON Value: {show_json(document)} 'examples' value is an empty array")
    # Messages behind one another are read as one: features of the example come after those of the context.
    return ExamplesRequest(signature_name, [context + _serialised(example) for example in examples])


def _serialised(value: Any) -> bytes:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {type_name(value)}")
    example = tf.train.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for item in content if isinstance(content, list) else [content]:
            _add(feature, name, item)
    serialised: bytes = example.SerializeToString()
    return serialised


def _add(feature: Any, name: str, value: Any) -> None:
    """Add a value to a feature, all of whose values are of one kind."""
    if isinstance(value, bool):
        _values(feature, name, "int64_list").append(int(value))
    elif isinstance(value, str):
        _values(feature, name, "bytes_list").append(value.encode("utf-8", "surrogateescape"))
    elif is_bytes(value):
        _values(feature, name, "bytes_list").append(decode_bytes(value))
    elif isinstance(value, int) and -(2**63) <= value < 2**64:
        values = _values(feature, name, "int64_list")
        if value >= 2**63:
            raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
        values.append(value)
    elif isinstance(value, int | float):
        values = _values(feature, name, "float_list")
        values.append(_float(value))
    else:
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")


def _float(value: float) -> float:
    number = float(value)
    if _LARGEST_FLOAT < abs(number) < float("inf"):
        raise invalid(f"Cannot convert JSON value: {show_json(value)} to float without loss of precision.")
    return number


def _values(feature: Any, name: str, kind: str) -> Any:
    present = feature.WhichOneof("kind")
    if present not in (None, kind):
        raise _mixed(name, present)
    return getattr(feature, kind).value


def _mixed(name: str, present: str) -> ServingFault:
    return invalid(f"Unexpected element type in feature: {name} expecting type: {_KINDS[present]}")
