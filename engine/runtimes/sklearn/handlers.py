"""The four functions of script mode, from the user's script or the defaults."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

TEXT_TYPES = ("text/csv", "application/json")


class UnsupportedType(Exception):
    """The default functions do not support a content type (415) or an accept type (406)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Handlers:
    """The functions of the user's script, and its loaded model."""

    def __init__(self, script: ModuleType, model_dir: str) -> None:
        """Load the model. Raises SystemExit if `model_fn` is missing, or `transform_fn` is defined with the others."""
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
        self._execution_parameters: Callable[[], Any] | None = getattr(
            script, "execution_parameters_fn", None
        )
        self._model = script.model_fn(model_dir)

    @property
    def has_execution_parameters(self) -> bool:
        """Whether the script defines `execution_parameters_fn`."""
        return self._execution_parameters is not None

    def execution_parameters(self) -> bytes:
        """The JSON that `execution_parameters_fn` returns, as text, bytes or a dict. Raises script errors."""
        assert self._execution_parameters is not None
        result = self._execution_parameters()
        if isinstance(result, dict):
            return json.dumps(result).encode()
        return as_answer(result, "application/json")[1]

    def run(self, body: bytes, content_type: str, accept: str) -> tuple[str, bytes]:
        """Process a payload; returns the answer's content type and bytes. Raises UnsupportedType and script errors."""
        kind = content_type.partition(";")[0].strip().lower()
        # The image replaces bytes that are not UTF-8, so scripts never meet a decoding error.
        data: str | bytes = body.decode(errors="replace") if kind in TEXT_TYPES else body
        if self._transform is not None:
            return as_answer(self._transform(self._model, data, kind, accept), accept)
        prediction = self._predict(self._input(data, kind), self._model)
        return as_answer(self._output(prediction, accept), accept)


def as_answer(result: Any, accept: str) -> tuple[str, bytes]:
    """Convert an output function's result, a body or (body, content type), to (content type, bytes)."""
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
    """Parse a payload: JSON and CSV to float32, as in SageMaker's container; NPY. Raises UnsupportedType."""
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
    """Call the model's `predict`."""
    return model.predict(data)


def default_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    """Write a prediction as JSON, CSV or NPY. Raises UnsupportedType."""
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
