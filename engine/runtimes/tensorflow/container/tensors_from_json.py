"""Tensors from the JSON of a request, by TensorFlow Serving's rules."""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np

from .faults import ServingFault, invalid
from .json_text import show_json, type_name

_BYTES_KEY = "b64"

#: NumPy's types of the tensors that JSON can hold.
NUMPY_TYPES: dict[str, Any] = {
    "float": np.float32,
    "double": np.float64,
    "int32": np.int32,
    "int16": np.int16,
    "int8": np.int8,
    "uint8": np.uint8,
    "int64": np.int64,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "bool": np.bool_,
    "string": object,
}
#: The Python types of acceptable JSON values.
_PYTHON_TYPES: dict[str, frozenset[type]] = {
    **dict.fromkeys(("float", "double"), frozenset({int, float})),
    **dict.fromkeys(("int32", "int16", "int8", "uint8", "int64", "uint32", "uint64"), frozenset({int})),
    "bool": frozenset({bool}),
    "string": frozenset({str}),
}
_INT32 = (-(2**31), 2**31 - 1)
#: The whole numbers that are accepted. Smaller types take what an int32 holds, and keep its last bits.
_WHOLE = {
    **dict.fromkeys(("int32", "int16", "int8", "uint8"), _INT32),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
#: Largest whole number and largest number of the floating-point types.
_FLOATING = {
    "float": (2**24 - 1, float(np.finfo(np.float32).max)),
    "double": (2**53 - 1, float(np.finfo(np.float64).max)),
}


def is_bytes(value: Any) -> bool:
    """Whether a JSON value is {"b64": text}, which holds bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(_BYTES_KEY), str)


def decode_bytes(value: Any) -> bytes:
    """The bytes of {"b64": text}. Raises ServingFault."""
    if not is_bytes(value):
        raise invalid(f"JSON Value: {show_json(value)} not formatted correctly for base64 data")
    text: str = value[_BYTES_KEY]
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        compact = "".join(text.split())
        if compact != text:
            return decode_bytes({_BYTES_KEY: compact})
        raise invalid("Unable to base64 decode") from error


def read_tensor(value: Any, dtype: str) -> Any:
    """The array of a JSON value: a scalar, or lists of equal lengths. Raises ServingFault."""
    shape = dense_shape(value)
    leaves: list[Any] = []
    _collect(value, 0, shape, dtype, leaves)
    if dtype == "string":
        texts = np.empty(len(leaves), dtype=object)
        texts[:] = leaves
        return texts.reshape(shape)
    wide = np.int64 if dtype in ("int16", "int8", "uint8") else NUMPY_TYPES.get(dtype, np.float32)
    return np.array(leaves, dtype=wide).astype(NUMPY_TYPES.get(dtype, np.float32), copy=False).reshape(shape)


def dense_shape(value: Any) -> tuple[int, ...]:
    """The lengths of the lists, by the first of each."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _collect(value: Any, level: int, shape: tuple[int, ...], dtype: str, leaves: list[Any]) -> None:
    rank = len(shape)
    if not isinstance(value, list):
        if level != rank:
            raise invalid(
                f"JSON Value: {show_json(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {rank}"
            )
        leaves.append(_leaf(value, dtype))
        return
    if level >= rank:
        raise invalid(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    if level == rank - 1 and _are_leaves(value, dtype):
        leaves.extend(value)
        return
    for item in value:
        _collect(item, level + 1, shape, dtype, leaves)


def _are_leaves(values: list[Any], dtype: str) -> bool:
    """Whether all values are surely acceptable as they are, so that they need not be looked at singly."""
    if not values or dtype == "string" or not set(map(type, values)) <= _PYTHON_TYPES.get(dtype, frozenset()):
        return False
    if dtype == "bool":
        return True
    # The comparisons are False for NaN, which then is looked at singly.
    least, most = _WHOLE.get(dtype, (-(2**24) + 1, 2**24 - 1))
    return bool(min(values) >= least and max(values) <= most)


def _leaf(value: Any, dtype: str) -> Any:
    if isinstance(value, dict):
        if dtype == "string":
            return decode_bytes(value)
        raise _wrong_type(value, dtype)
    if dtype not in NUMPY_TYPES:
        raise ServingFault(501, f"Conversion of JSON Value: {show_json(value)} to type: {dtype}")
    if type(value) not in _PYTHON_TYPES[dtype]:
        raise _wrong_type(value, dtype)
    if dtype in _FLOATING:
        return _floating(value, dtype)
    if dtype in _WHOLE and not _WHOLE[dtype][0] <= value <= _WHOLE[dtype][1]:
        raise _wrong_type(value, dtype)
    return _encoded(value) if dtype == "string" else value


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error


def _floating(value: float, dtype: str) -> float:
    most_whole, most = _FLOATING[dtype]
    # A whole number beyond 64 bits is read as a floating-point number.
    if type(value) is int and -(2**63) <= value < 2**64:
        if abs(value) > most_whole:
            raise _lossy(value, dtype)
        return value
    try:
        number = float(value)
    except OverflowError as error:
        raise invalid("JSON Parse error: Number too big to be stored in double.") from error
    if np.isfinite(number) and abs(number) > most:
        raise _lossy(value, dtype)
    return number


def _lossy(value: float, dtype: str) -> ServingFault:
    return invalid(f"Cannot convert JSON value: {show_json(value)} to {dtype} without loss of precision.")


def _wrong_type(value: Any, dtype: str) -> ServingFault:
    return invalid(
        f"JSON Value: {show_json(value)} Type: {type_name(value)} is not of expected type: {dtype}"
    )
