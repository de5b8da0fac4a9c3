"""Predictions for few rows: a call of XGBoost's library costs as much as a hundred rows, one of treelite far less.

Treelite only finds each tree's leaf. The leaves are added up here in XGBoost's order and precision, so that the
predictions are equal to the last bit; a model for which they are not is left to XGBoost.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import treelite
import xgboost
from treelite.core import _LIB, _check_call
from treelite.gtil.gtil import GTILConfig

#: Nodes that a call may visit, and rows that it may have. A call of XGBoost takes longer to start, and less time at
#: each node.
_MOST_NODES, _MOST_ROWS = 20_000, 100
#: Rows with which a model's predictions are compared with XGBoost's, and the share of missing values in them.
_PROBES, _MISSING = 256, 0.1
#: XGBoost's bound for the exponent in a sigmoid, which would overflow above it.
_LARGEST_EXPONENT = float(np.float32(88.7))

_NO_CHILD = -1


def _float_function(name: str) -> Callable[[float], float]:
    """The C library's function, which XGBoost calls too; NumPy's differ in the last bit."""
    function = ctypes.CDLL(None)[name]
    function.argtypes, function.restype = (ctypes.c_float,), ctypes.c_float
    return function


_exp, _log = _float_function("expf"), _float_function("logf")


def _exponential(margins: Any) -> Any:
    return np.array([_exp(margin) for margin in margins.tolist()], dtype=np.float32)


def _sigmoid(margins: Any) -> Any:
    powers = [_exp(min(-margin, _LARGEST_EXPONENT)) for margin in margins.tolist()]
    return np.float32(1) / (np.array(powers, dtype=np.float32) + np.float32(1))


def _identity(value: Any) -> Any:
    return value


def _logit(score: Any) -> Any:
    return np.float32(-_log(np.float32(1) / score - np.float32(1)))


def _logarithm(score: Any) -> Any:
    return np.float32(_log(score))


#: How each objective makes predictions from the sums of leaves, and the number with which these begin from the model's
#: base score.
_TRANSFORMS = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), (_sigmoid, _logit)),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), (_exponential, _logarithm)),
    **dict.fromkeys(
        ("binary:logitraw", "reg:squarederror", "reg:absoluteerror", "rank:pairwise", "rank:ndcg"),
        (_identity, _identity),
    ),
}

_predict_by_trees = _LIB["TreeliteGTILPredict"]
_predict_by_trees.argtypes = (
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p),
)


class FewRowsPredictor:
    """Predicts a few rows in one call."""

    def __init__(self, document: Any, learner: Any, rounds: int) -> None:
        """`document` is XGBoost's JSON, `learner` that part of the configuration. `rounds` 0 means all.

        Raises KeyError for an objective that is not known here, TreeliteError for a model that it cannot read.
        """
        booster = document["learner"]["gradient_booster"]["model"]
        self.trees = booster["trees"]
        parameters = learner["learner_model_param"]
        self._transform, start = _TRANSFORMS[learner["objective"]["name"]]
        _add_to_leaves(self.trees[0], start(np.float32(parameters["base_score"])))
        self._model = treelite.frontend.from_xgboost_json(orjson.dumps(document))
        self._options = GTILConfig(predict_type="score_per_tree", nthread=1)
        self._used_trees = booster["iteration_indptr"][rounds] if rounds else len(self.trees)
        nodes = sum(len(tree["left_children"]).bit_length() for tree in self.trees)
        self.most_rows = min(_MOST_NODES // nodes, _MOST_ROWS)
        # Made once: an array's address takes as long to find as several trees' leaves.
        self._rows = np.empty((self.most_rows, int(parameters["num_feature"])), dtype=np.float32)
        self._leaves = np.empty((self.most_rows, len(self.trees)), dtype=np.float32)
        self._addresses = self._rows.ctypes.data, self._leaves.ctypes.data

    def predict(self, rows: Any) -> Any:
        """The prediction for each row; at most `most_rows`."""
        count = len(rows)
        self._rows[:count] = rows
        rows_address, leaves_address = self._addresses
        _check_call(
            _predict_by_trees(
                self._model.handle, rows_address, b"float32", count, leaves_address, self._options.handle
            )
        )
        leaves = self._leaves[:count, : self._used_trees]
        return self._transform(np.add.accumulate(leaves, axis=1)[:, -1])


def _add_to_leaves(tree: Any, start: Any) -> None:
    """Begin the sum of all trees' leaves with that number."""
    conditions = tree["split_conditions"]
    for node, child in enumerate(tree["left_children"]):
        if child == _NO_CHILD:
            conditions[node] = float(start + np.float32(conditions[node]))


def _adds_numbers(trees: Any) -> bool:
    """Whether each tree compares numbers and has one number in a leaf."""
    return all(
        not tree["categories_nodes"] and int(tree["tree_param"]["size_leaf_vector"]) <= 1 for tree in trees
    )


def _probes(trees: Any, columns: int, count: int) -> Any:
    """Rows at and right below the numbers with which the trees compare, some values missing."""
    chance = np.random.default_rng(seed=0)
    rows = np.zeros((count, columns), dtype=np.float32)
    limits = _limits(trees)
    for column in np.unique(limits["column"]):
        values = chance.choice(limits["value"][limits["column"] == column], count)
        rows[:, column] = np.where(
            chance.random(count) < 0.5, values, np.nextafter(values, np.float32("-inf"))
        )
    rows[chance.random(rows.shape) < _MISSING] = np.nan
    return rows


def _limits(trees: Any) -> Any:
    """The column and the number of each comparison."""
    limits = [
        (column, value)
        for tree in trees
        for column, value, child in zip(
            tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True
        )
        if child != _NO_CHILD
    ]
    return np.array(limits, dtype=[("column", np.int32), ("value", np.float32)])


def make_few_rows_predictor(
    booster: xgboost.Booster, learner: Any, rounds: int, predict: Callable[[Any], Any]
) -> FewRowsPredictor | None:
    """The predictor of a model; None if it could predict other numbers than `predict`, which is XGBoost's."""
    try:
        document = orjson.loads(bytes(booster.save_raw("json")))
    except ValueError:  # A number of the model is infinite.
        return None
    if not _adds_numbers(document["learner"]["gradient_booster"]["model"]["trees"]):
        return None
    try:
        predictor = FewRowsPredictor(document, learner, rounds)
    except (LookupError, treelite.TreeliteError):
        return None
    if predictor.most_rows == 0:
        return None
    rows = _probes(predictor.trees, int(booster.num_features()), _PROBES)
    parts = [rows[start : start + predictor.most_rows] for start in range(0, _PROBES, predictor.most_rows)]
    predictions = predict(rows)
    few_predictions = np.concatenate([predictor.predict(part) for part in parts])
    return predictor if few_predictions.tobytes() == predictions.tobytes() else None
