"""Makes samples/breast-cancer: trains the model and writes the data that ship with Batchdeck.

The data are scikit-learn's copy of the Breast Cancer Wisconsin (Diagnostic) data set: 569 rows, 30 features.
See README.md in this folder for how to run it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

from samples.writing import write_archive, write_data, write_expected

FOLDER = Path(__file__).resolve().parent / "breast-cancer"
OBJECTS = 4
SEED = 20261121


def train(features: np.ndarray, labels: np.ndarray, *, depth: int = 3, trees: int = 40) -> xgboost.Booster:
    """A small classifier that gives the probability that a tumour is benign."""
    parameters = {"objective": "binary:logistic", "max_depth": depth, "eta": 0.3, "seed": SEED, "nthread": 1}
    return xgboost.train(parameters, xgboost.DMatrix(features, labels), num_boost_round=trees)


def write_version(name: str, booster: xgboost.Booster, features: np.ndarray, labels: np.ndarray) -> None:
    """Write a model's archive as SageMaker's XGBoost training does, and print its metrics on rows it has not seen."""
    write_archive(FOLDER / name, {"xgboost-model": bytes(booster.save_raw(raw_format="ubj"))})
    predictions = booster.inplace_predict(features.astype(np.float32))
    auc, accuracy = roc_auc_score(labels, predictions), accuracy_score(labels, predictions > 0.5)
    print(f"{name}: auc {auc:.4f}, accuracy {accuracy:.4f}; copy them into sample.json")


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
    trained, tested, trained_labels, tested_labels = train_test_split(
        features, labels, test_size=0.3, random_state=SEED, stratify=labels
    )
    booster = train(trained, trained_labels)
    objects = csv_objects(features)
    write_data(FOLDER, objects)
    first_booster = train(trained, trained_labels, depth=1, trees=5)
    write_version("first-model.tar.gz", first_booster, tested, tested_labels)
    write_version("model.tar.gz", booster, tested, tested_labels)

    def predict(path: Path) -> list[float]:
        rows = np.loadtxt(path, delimiter=",", dtype=np.float32, ndmin=2)
        return booster.inplace_predict(rows).tolist()

    write_expected(FOLDER, list(objects), predict)
    print(f"{len(features)} rows in {OBJECTS} objects, written to {FOLDER}")


if __name__ == "__main__":
    main()
