"""Arrays from and to JSON, CSV and NPY, as the images read and write them when a script does not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from sagemaker_containers import _content_types, _errors

_DIALECT: dict[str, Any] = {"delimiter": ",", "quotechar": '"', "doublequote": True, "strict": True}


def array_to_npy(array_like: Any) -> bytes:
    """Write an array as NPY."""
    buffer = io.BytesIO()
    np.save(buffer, array_like)
    return buffer.getvalue()


def npy_to_numpy(npy_array: bytes) -> Any:
    """Read an NPY file. Unlike in the image it cannot hold pickled objects, which would run code of the data."""
    return np.load(io.BytesIO(npy_array), allow_pickle=False)


def array_to_json(array_like: Any) -> str:
    """Write an array, or a list or dict with arrays in it, as JSON."""
    return json.dumps(array_like, default=_as_list)


def json_to_numpy(string_like: str | bytes, dtype: Any = None) -> Any:
    """Read JSON into an array."""
    return np.array(json.loads(string_like), dtype=dtype)


def csv_to_numpy(string_like: str, dtype: Any = None) -> Any:
    """Read CSV into an array of numbers, or of texts if a cell is no number and `dtype` is None.

    Axes of length one are dropped, as in the image: a single row, or a single column, has one axis. Raises ClientError.
    """
    try:
        array = np.array(list(csv.reader(io.StringIO(string_like), **_DIALECT))).squeeze()
    except (csv.Error, ValueError) as error:
        raise _errors.ClientError(f"Error while decoding csv: {error}") from error
    try:
        return array.astype(dtype)
    except ValueError as error:
        if dtype is not None:
            raise _errors.ClientError(
                f"Error while writing numpy array: {error}. dtype is: {dtype}"
            ) from error
        return array


def array_to_csv(array_like: Any) -> str:
    """Write an array as CSV, one with one axis as a column. Raises ClientError."""
    array = np.array(array_like)
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    stream = io.StringIO()
    # Only NumPy prints the digits of its shorter floats; of other types Python prints the same, faster.
    rows = array if array.dtype in (np.float32, np.float16) else array.tolist()
    try:
        csv.writer(stream, lineterminator="\n", **_DIALECT).writerows(rows)
    except csv.Error as error:
        raise _errors.ClientError(f"Error while encoding csv: {error}") from error
    return stream.getvalue()


def decode(obj: Any, content_type: str) -> Any:
    """Read a body of that content type into an array. Raises UnsupportedFormatError and ClientError."""
    decoder = _DECODERS.get(content_type)
    if decoder is None:
        raise _errors.UnsupportedFormatError(content_type)
    return decoder(obj)


def encode(array_like: Any, content_type: str) -> Any:
    """Write an array as a body of that content type. Raises UnsupportedFormatError and ClientError."""
    encoder = _ENCODERS.get(content_type)
    if encoder is None:
        raise _errors.UnsupportedFormatError(content_type, "Accept type", "output_fn to write it")
    return encoder(array_like)


def _as_list(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_DECODERS: dict[str, Callable[[Any], Any]] = {
    _content_types.NPY: npy_to_numpy,
    _content_types.CSV: csv_to_numpy,
    _content_types.JSON: json_to_numpy,
}
_ENCODERS: dict[str, Callable[[Any], Any]] = {
    _content_types.NPY: array_to_npy,
    _content_types.CSV: array_to_csv,
    _content_types.JSON: array_to_json,
}
