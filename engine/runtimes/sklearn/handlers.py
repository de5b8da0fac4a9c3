"""The four functions of script mode, from the user's script or the defaults."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from model_server import Reply
from returns import transform_reply, view_reply
from sagemaker_containers import _content_types, _encoders


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
        offer: Callable[[], Any] | None = getattr(script, "execution_parameters_fn", None)
        self.execution_parameters = None if offer is None else lambda: view_reply(offer())
        self._model = script.model_fn(model_dir)

    def transform(self, body: bytes, content_type: str, accept: str) -> Reply:
        """Answer a payload. Raises script errors."""
        data: str | bytes = body
        # As in the image: only these exact types are text, and bytes that are not UTF-8 are replaced.
        if content_type in _content_types.UTF8_TYPES:
            data = body.decode(errors="replace")
        if self._transform is not None:
            return transform_reply(self._transform(self._model, data, content_type, accept))
        prediction = self._predict(self._input(data, content_type), self._model)
        return transform_reply(self._output(prediction, accept))


def default_input(body: str | bytes, content_type: str) -> Any:
    """Parse a payload: JSON and CSV to float32, and NPY. Raises UnsupportedFormatError."""
    array = _encoders.decode(body, content_type)
    return array.astype(np.float32) if content_type in _content_types.UTF8_TYPES else array


def default_predict(data: Any, model: Any) -> Any:
    """Call the model's `predict`."""
    return model.predict(data)


def default_output(prediction: Any, accept: str) -> tuple[Any, str]:
    """Write a prediction as JSON, CSV or NPY. Raises UnsupportedFormatError."""
    return _encoders.encode(prediction, accept), accept
