"""The four functions of script mode, the user's or the defaults, and how one payload goes through them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

TEXT_TYPES = ("text/csv", "application/json")


class UnsupportedType(Exception):
    """A content type (415) or an accept type (406) that the default functions do not know."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Handlers:
    """The user's script with its model loaded."""

    def __init__(self, script: ModuleType, model_dir: str) -> None:
        """Load the model. Raises SystemExit when `model_fn` is missing or transform_fn stands beside the others."""
        if not hasattr(script, "model_fn"):
            raise SystemExit("The script must define model_fn(model_dir), which returns the loaded model")
        self._transform: Callable[..., Any] | None = getattr(script, "transform_fn", None)
        other_functions = [name for name in ("input_fn", "predict_fn", "output_fn") if hasattr(script, name)]
        if self._transform is not None and other_functions:
            raise SystemExit(
                f"transform_fn stands in place of {', '.join(other_functions)}: define one or the others"
            )
        self._input: Callable[..., Any] = getattr(script, "input_fn", default_input)
        self._predict: Callable[..., Any] = getattr(script, "predict_fn", default_predict)
        self._output: Callable[..., Any] = getattr(script, "output_fn", default_output)
        self._model = script.model_fn(model_dir)

    def run(self, body: bytes, content_type: str, accept: str) -> tuple[str, bytes]:
        """One payload: the answer's content type and bytes. Raises UnsupportedType, or what the script raises."""
        kind = content_type.partition(";")[0].strip().lower()
        data: str | bytes = body.decode() if kind in TEXT_TYPES else body
        if self._transform is not None:
            return as_answer(self._transform(self._model, data, kind, accept), accept)
        prediction = self._predict(self._input(data, kind), self._model)
        return as_answer(self._output(prediction, accept), accept)


def as_answer(result: Any, accept: str) -> tuple[str, bytes]:
    """What an output function may return: a body, or a body and its content type."""
    if isinstance(result, tuple):
        body, content_type = result
    else:
        body, content_type = result, accept
    if isinstance(body, str):
        return content_type, body.encode()
    if isinstance(body, bytes | bytearray):
        return content_type, bytes(body)
    raise TypeError(f"output_fn must return text or bytes, not {type(body).__name__}")


def default_input(body: str | bytes, content_type: str) -> Any:
    """Payload to array: JSON and CSV as float32, as the container has it, NPY as it is. Raises UnsupportedType."""
    if content_type == "application/json":
        return np.array(json.loads(body), dtype=np.float32)
    if content_type == "text/csv":
        assert isinstance(body, str)
        return np.genfromtxt(io.StringIO(body), delimiter=",", dtype=np.float32, ndmin=2)
    if content_type == "application/x-npy":
        assert isinstance(body, bytes)
        return np.load(io.BytesIO(body), allow_pickle=False)
    raise UnsupportedType(415, f"Content type {content_type} is not supported; define input_fn to read it")


def default_predict(data: Any, model: Any) -> Any:
    """The model's own predict."""
    return model.predict(data)


def default_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    """Array to answer: JSON, CSV or NPY. Raises UnsupportedType."""
    kind = accept.partition(";")[0].strip().lower()
    values = np.asarray(prediction)
    if kind == "application/json":
        return json.dumps(values.tolist()).encode(), kind
    if kind == "text/csv":
        rows = values.tolist() if values.ndim > 1 else [[value] for value in values.tolist()]
        return "".join(",".join(map(str, row)) + "\n" for row in rows).encode(), kind
    if kind == "application/x-npy":
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        return buffer.getvalue(), kind
    raise UnsupportedType(406, f"Accept type {kind} is not supported; define output_fn to write it")
