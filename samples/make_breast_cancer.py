"""Makes samples/breast-cancer: trains the model and writes the data that ship with Batchdeck.

The data are scikit-learn's copy of the Breast Cancer Wisconsin (Diagnostic) data set: 569 rows, 30 features.
See README.md in this folder for how to run it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from samples.writing import write_archive, write_data, write_expected

FOLDER = Path(__file__).resolve().parent / "breast-cancer"
OBJECTS = 4
SEED = 20261121


def train(features: np.ndarray, labels: np.ndarray) -> xgboost.Booster:
    """A small classifier that gives the probability that a tumour is benign."""
    parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "seed": SEED, "nthread": 1}
    return xgboost.train(parameters, xgboost.DMatrix(features, labels), num_boost_round=40)


def csv_objects(features: np.ndarray) -> dict[str, list[str]]:
    """The rows as lines of CSV, over a few objects by name."""
    return {
        f"part-{number}.csv": [",".join(f"{value:g}" for value in row) for row in rows]
        for number, rows in enumerate(np.array_split(features, OBJECTS))
    }


def main() -> None:
    """Make everything anew."""
    dataset = load_breast_cancer()
    features, labels = dataset.data, dataset.target
    trained, _, trained_labels, _ = train_test_split(
        features, labels, test_size=0.3, random_state=SEED, stratify=labels
    )
    booster = train(trained, trained_labels)
    objects = csv_objects(features)
    write_data(FOLDER, objects)
    # As SageMaker's XGBoost training writes it.
    write_archive(FOLDER / "model.tar.gz", {"xgboost-model": bytes(booster.save_raw(raw_format="ubj"))})

    def predict(path: Path) -> list[float]:
        rows = np.loadtxt(path, delimiter=",", dtype=np.float32, ndmin=2)
        return booster.inplace_predict(rows).tolist()

    write_expected(FOLDER, list(objects), predict)
    print(f"{len(features)} rows in {OBJECTS} objects, written to {FOLDER}")


if __name__ == "__main__":
    main()
