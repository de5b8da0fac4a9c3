"""SAGEMAKER_INFERENCE_OUTPUT: what is answered for each row instead of the bare prediction."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from recordio import write_records

_CLASSES = ("predicted_label", "labels", "raw_score", "raw_scores")
_PROBABILITIES = ("predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores")
#: The keys that each objective can answer; others are answered with NaN.
_KEYS = {
    "reg:squarederror": ("predicted_score",),
    "reg:logistic": ("predicted_score",),
    "reg:gamma": ("predicted_score",),
    "reg:absoluteerror": ("predicted_score",),
    "reg:tweedie": ("predicted_score",),
    "binary:logistic": _PROBABILITIES,
    "binary:logitraw": _CLASSES,
    "binary:hinge": _CLASSES,
    "multi:softmax": _CLASSES,
    "multi:softprob": _PROBABILITIES,
}
#: The order of the keys in an answer as JSON.
_ORDER = (*_PROBABILITIES, "predicted_score")

Row = dict[str, Any]


class BadSelection(ValueError):
    """The model's objective, or the form of the answer, has no selectable output; the message is the image's."""


class Selection:
    """The keys that are asked for, answered from a model's predictions."""

    def __init__(self, keys: str, objective: str, classes: str, *, batch: bool) -> None:
        """`keys` is the variable's value, `classes` the model's num_class, `batch` whether SAGEMAKER_BATCH is set."""
        self._keys = keys.replace(" ", "").lower().split(",")
        self._objective = objective
        self._classes = classes
        self._batch = batch

    def write(self, predictions: Any, accept: str) -> bytes:
        """The answer in one of the forms that the image knows. Raises BadSelection."""
        rows = self._rows(predictions)
        if accept == "application/json":
            return json.dumps({"predictions": rows}).encode()
        if accept == "application/jsonlines":
            return "".join(json.dumps(row) + "\n" for row in rows).encode()
        if accept == "application/x-recordio-protobuf":
            records: bytes = write_records(rows)
            return records
        if accept == "text/csv":
            lines = "\n".join(",".join(_cell(row[key]) for key in self._keys) for row in rows)
            return (lines + "\n" if self._batch else lines).encode()
        raise BadSelection(f"Cannot encode selected predictions into accept type '{accept}'.")

    def _rows(self, predictions: Any) -> list[Row]:
        valid = _KEYS.get(self._objective)
        if valid is None:
            raise BadSelection(
                f"Objective `{self._objective}` unsupported for selectable inference predictions."
            )
        answered = [key for key in _ORDER if key in self._keys and key in valid]
        unanswered = dict.fromkeys((key for key in self._keys if key not in valid), math.nan)
        return [
            {**{key: _VALUES[key](self, prediction) for key in answered}, **unanswered}
            for prediction in predictions
        ]

    def _label(self, prediction: Any) -> float | int:
        if self._objective in ("binary:hinge", "multi:softmax"):
            return float(prediction)
        if self._objective == "multi:softprob":
            return int(np.argmax(prediction))
        return int(prediction > (0.5 if self._objective == "binary:logistic" else 0))

    def _labels(self, _: Any) -> list[int]:
        return [0, 1] if self._objective.startswith("binary:") else list(range(int(self._classes)))

    def _score(self, prediction: Any) -> float:
        return float(max(prediction)) if self._objective == "multi:softprob" else float(prediction)

    def _scores(self, prediction: Any) -> list[float]:
        if self._objective == "multi:softprob":
            return [float(score) for score in prediction]
        # So for classes and raw scores too, where it means nothing: the image does.
        return [1.0 - float(prediction), float(prediction)]


_VALUES: dict[str, Callable[[Selection, Any], Any]] = {
    "predicted_label": Selection._label,
    "labels": Selection._labels,
    "probability": Selection._score,
    "probabilities": Selection._scores,
    "raw_score": Selection._score,
    "raw_scores": Selection._scores,
    "predicted_score": Selection._score,
}


def _cell(value: float | Sequence[float]) -> str:
    return f'"{value}"' if isinstance(value, list) else str(value)
