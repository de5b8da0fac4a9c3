"""The functions that serve where a script has none."""

from __future__ import annotations

from typing import Any, NoReturn

from sagemaker_containers import _encoders, _worker


def default_model_fn(model_dir: str) -> NoReturn:
    """There is no default. Raises NotImplementedError."""
    raise NotImplementedError("Please provide a model_fn implementation.")


def default_input_fn(input_data: Any, content_type: str) -> Any:
    """Read a body into an array."""
    return _encoders.decode(input_data, content_type)


def default_predict_fn(data: Any, model: Any) -> NoReturn:
    """There is no default. Raises NotImplementedError."""
    raise NotImplementedError("Please provide a predict_fn implementation.")


def default_output_fn(prediction: Any, accept: str) -> _worker.Response:
    """Write a prediction as an answer."""
    return _worker.Response(response=_encoders.encode(prediction, accept), mimetype=accept)
