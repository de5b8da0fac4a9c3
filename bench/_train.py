"""Trains the benchmarks' model; run by the XGBoost runtime's own Python: `_train.py ROWS.csv LABELS MODEL`.

100 trees of depth 5. One label in ten is wrong on purpose, so that the trees have something to grow on.
"""

from __future__ import annotations

import sys

import numpy as np
import xgboost


def main() -> None:
    """Read rows and the name of the model that labels them, write the trained model."""
    rows_file, teacher_file, model_file = sys.argv[1:]
    rows = np.loadtxt(rows_file, delimiter=",", dtype=np.float32)
    teacher = xgboost.Booster(model_file=teacher_file)
    wrong = np.random.default_rng(1).random(len(rows)) < 0.1
    labels = (teacher.inplace_predict(rows) > 0.5) ^ wrong
    parameters = {"objective": "binary:logistic", "max_depth": 5, "nthread": 1}
    model = xgboost.train(parameters, xgboost.DMatrix(rows, labels), num_boost_round=100)
    model.save_model(model_file)


if __name__ == "__main__":
    main()
