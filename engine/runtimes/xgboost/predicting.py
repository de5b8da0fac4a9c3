"""Fast predictions of XGBoost models."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import ctypes
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from xgboost.core import _LIB, _check_call, c_bst_ulong

if TYPE_CHECKING:
    from few_rows import FewRowsPredictor

#: A call of the library costs as much as 100 rows, so smaller payloads are collected.
_SMALL_PAYLOAD_ROWS = 100
#: After this number of small payloads, preparing the model for more of them pays.
_PAYLOADS_BEFORE_PREPARING = 100

#: Options of XGBoosterPredictFromDense: normal predictions.
_PREDICT_OPTIONS = {
    "type": 0,
    "training": False,
    "iteration_begin": 0,
    "missing": float("nan"),
    "strict_shape": False,
    "cache_id": 0,
}
#: Objectives that predict classes: several models vote.
_VOTING = ("multi:softmax", "binary:hinge")


class Model:
    """A booster. Calls the C library directly: for a few rows, `Booster.inplace_predict` costs more than the call."""

    def __init__(self, booster: xgboost.Booster, learner: Any, rounds: int) -> None:
        """`learner` is that part of the booster's configuration. Predicts with `rounds` rounds; 0 means all."""
        self.features = int(booster.num_features())
        self.objective = str(learner["objective"]["name"])
        self.classes = str(learner["learner_model_param"].get("num_class", ""))
        self._booster = booster
        self._rounds = rounds
        # Linear boosters cannot predict in place, and DART sums its trees in another order there.
        self._in_place = learner["gradient_booster"]["name"] == "gbtree"
        self._options = json.dumps({**_PREDICT_OPTIONS, "iteration_end": rounds}).encode()
        self._learner = learner
        self._few_rows: FewRowsPredictor | None = None
        #: Up to this number of dense rows are predicted fast.
        self.most_few_rows = 0

    def prepare_few_rows(self) -> None:
        """Make predictions of few dense rows fast, where that is possible. Takes some 50 ms."""
        if self._in_place:
            # Imported late: most jobs have large payloads only.
            from few_rows import make_few_rows_predictor

            self._few_rows = make_few_rows_predictor(
                self._booster, self._learner, self._rounds, self._predict_in_place
            )
            self.most_few_rows = self._few_rows.most_rows if self._few_rows is not None else 0

    def predict(self, rows: Any) -> Any:
        """The prediction, or list of class predictions, for each row of a float32 or sparse matrix.

        A sparse matrix may have fewer columns than the model; the other columns are missing values. Raises
        XGBoostError.
        """
        if self._in_place and isinstance(rows, np.ndarray):
            if self._few_rows is not None and len(rows) <= self.most_few_rows:
                return self._few_rows.predict(rows)
            return self._predict_in_place(np.ascontiguousarray(rows, dtype=np.float32))
        return self._booster.predict(
            xgboost.DMatrix(rows, nthread=1), iteration_range=(0, self._rounds), validate_features=False
        )

    def _predict_in_place(self, rows: Any) -> Any:
        shape, dimensions = ctypes.POINTER(c_bst_ulong)(), c_bst_ulong()
        values = ctypes.POINTER(ctypes.c_float)()
        _check_call(
            _LIB.XGBoosterPredictFromDense(
                self._booster.handle,
                _described(rows),
                self._options,
                None,
                ctypes.byref(shape),
                ctypes.byref(dimensions),
                ctypes.byref(values),
            )
        )
        sizes = shape[: dimensions.value]
        # Copied, since the library reuses the memory in the next call.
        count = int(np.prod(sizes))
        return np.frombuffer(ctypes.string_at(values, 4 * count), dtype=np.float32).reshape(sizes)


class Ensemble:
    """Several models: they vote on classes, the smallest class winning ties; other predictions are averaged."""

    def __init__(self, models: list[Model]) -> None:
        first = models[0]
        self.features, self.objective, self.classes = first.features, first.objective, first.classes
        self._models = models
        #: Up to this number of dense rows are predicted fast.
        self.most_few_rows = 0

    def prepare_few_rows(self) -> None:
        """Make predictions of few dense rows fast, where that is possible."""
        for model in self._models:
            model.prepare_few_rows()
        self.most_few_rows = min(model.most_few_rows for model in self._models)

    def predict(self, rows: Any) -> Any:
        """The combined prediction for each row. Raises XGBoostError; ValueError if models predict different shapes."""
        if len(self._models) == 1:
            return self._models[0].predict(rows)
        predictions = [model.predict(rows) for model in self._models]
        if self.objective not in _VOTING:
            return np.mean(predictions, axis=0)
        votes = np.stack(predictions)
        labels = np.unique(votes)
        counts = np.stack([(votes == label).sum(axis=0) for label in labels])
        return labels[counts.argmax(axis=0)]


def _described(rows: Any) -> bytes:
    """The matrix as JSON of NumPy's array interface, for the library."""
    return b'{"data":[%d,true],"shape":[%d,%d],"typestr":"<f4","version":3}' % (
        rows.__array_interface__["data"][0],
        *rows.shape,
    )


class PredictionBatcher:
    """Combines requests with few rows into one prediction, unless few rows are predicted fast."""

    def __init__(self, ensemble: Ensemble, predict: Callable[[Any], Any]) -> None:
        """`predict` calls that of the ensemble."""
        self._ensemble = ensemble
        self._predict = predict
        self._small_payloads = 0
        self._waiting: list[tuple[Any, asyncio.Future[Any]]] = []

    async def predict(self, rows: Any) -> Any:
        """Predict these rows. Raises what `predict` raises for them."""
        if len(rows) >= _SMALL_PAYLOAD_ROWS or len(rows) <= self._ensemble.most_few_rows:
            return self._predict(rows)
        self._small_payloads += 1
        if self._small_payloads == _PAYLOADS_BEFORE_PREPARING:
            self._ensemble.prepare_few_rows()
        loop = asyncio.get_running_loop()
        prediction = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._predict_waiting)
        self._waiting.append((rows, prediction))
        return await prediction

    def _predict_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            predictions = self._predict(np.concatenate([rows for rows, _ in waiting]))
        except Exception as error:
            if len(waiting) > 1:
                # One of the requests is bad, so each is predicted separately.
                for request in waiting:
                    self._waiting = [request]
                    self._predict_waiting()
            elif not waiting[0][1].done():
                waiting[0][1].set_exception(error)
            return
        start = 0
        for rows, prediction in waiting:
            if not prediction.done():
                prediction.set_result(predictions[start : start + len(rows)])
            start += len(rows)
