"""An ONNX graph: its inputs from rows, and its outputs as columns of rows."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from rows import Feeds, Input, read_rows

#: NumPy's types by those of ONNX's tensors.
_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    **{f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "tensor(bool)": "bool",
    "tensor(string)": "str",
}


class UnfitGraph(Exception):
    """The graph has inputs or outputs that rows cannot be made of. The message names them."""


class Graph:
    """A loaded graph. `run` may be called from several threads."""

    def __init__(self, path: Path, outputs: str) -> None:
        """`outputs` are names of outputs with commas between them; all if it is empty.

        Raises UnfitGraph, and what ONNX Runtime raises for a file that it cannot load.
        """
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._inputs = [
            Input(item.name, _type_of(item), tuple(item.shape)) for item in self._session.get_inputs()
        ]
        names = [item.name for item in self._session.get_outputs()]
        self._outputs = [name.strip() for name in outputs.split(",") if name.strip()] or names
        for name in self._outputs:
            if name not in names:
                raise UnfitGraph(f"ONNX_OUTPUTS names {name!r}; the model has {', '.join(names)}")

    def __str__(self) -> str:
        inputs = ", ".join(str(item) for item in self._inputs)
        return f"inputs {inputs}; outputs {', '.join(self._outputs)}"

    def run(self, body: bytes, kind: str) -> dict[str, list[Any]]:
        """The outputs for a payload of that content type: by name, a value for each row.

        Numbers with 32 bits have the digits that they need. Raises BadRows, ONNX Runtime's InvalidArgument for shapes
        that do not fit, and UnfitGraph.
        """
        feeds: Feeds = read_rows(body, kind, self._inputs)
        values = self._session.run(self._outputs, feeds.arrays)
        columns = {name: _column(value) for name, value in zip(self._outputs, values, strict=True)}
        for name, column in columns.items():
            if len(column) != feeds.count:
                raise UnfitGraph(
                    f"Output {name} has {len(column)} rows for {feeds.count} rows of input; name others in ONNX_OUTPUTS"
                )
        return columns


def _type_of(item: Any) -> str:
    if item.type not in _TYPES:
        raise UnfitGraph(f"input {item.name} has the type {item.type}; rows can be {', '.join(_TYPES)}")
    return _TYPES[item.type]


def _column(value: Any) -> list[Any]:
    """A value for each row: a number, a text, a list, or an object by label, as classifiers have probabilities."""
    if isinstance(value, np.ndarray):
        return _plain(value) if value.ndim else []
    return [_plain_item(item) for item in value]


def _plain(array: np.ndarray[Any, Any]) -> list[Any]:
    if array.dtype in (np.float32, np.float16):
        # By way of the shortest text, so that 0.1 stays 0.1 and does not become 0.10000000149011612.
        array = array.astype(str).astype(np.float64)
    values: list[Any] = array.tolist()
    return values


def _plain_item(item: Any) -> Any:
    if isinstance(item, dict):
        return {str(key): _plain(np.asarray(value, np.float32)) for key, value in item.items()}
    return _plain(np.asarray(item))
