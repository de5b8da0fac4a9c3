"""Makes samples/breast-cancer: trains the model and writes the data that ship with Batchdeck.

The data are scikit-learn's copy of the Breast Cancer Wisconsin (Diagnostic) data set: 569 rows, 30 features.
See README.md in this folder for how to run it.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).resolve().parent / "breast-cancer"
OBJECTS = 4
SEED = 20261121


def train(features: np.ndarray, labels: np.ndarray) -> xgboost.Booster:
    """A small classifier that gives the probability that a tumour is benign."""
    parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "seed": SEED, "nthread": 1}
    return xgboost.train(parameters, xgboost.DMatrix(features, labels), num_boost_round=40)


def write_model(booster: xgboost.Booster) -> None:
    """model.tar.gz as SageMaker's XGBoost training writes it: one file, xgboost-model; the same bytes each time."""
    model = booster.save_raw(raw_format="ubj")
    member = tarfile.TarInfo("xgboost-model")
    member.size = len(model)
    with (
        (FOLDER / "model.tar.gz").open("wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        tar.addfile(member, io.BytesIO(bytes(model)))


def write_data(features: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The rows as CSV without a header, over a few objects; returns each object's name and rows."""
    (FOLDER / "data").mkdir(parents=True, exist_ok=True)
    parts = [(f"part-{n}.csv", rows) for n, rows in enumerate(np.array_split(features, OBJECTS))]
    for name, rows in parts:
        text = "".join(",".join(f"{value:g}" for value in row) + "\n" for row in rows)
        (FOLDER / "data" / name).write_text(text)
    return parts


def write_expected(booster: xgboost.Booster, parts: list[tuple[str, np.ndarray]]) -> None:
    """Predictions of each object's first and last row, by XGBoost alone: what a job must give."""
    expected = {}
    for name, _ in parts:
        rows = np.loadtxt(FOLDER / "data" / name, delimiter=",", dtype=np.float32, ndmin=2)
        predictions = booster.inplace_predict(rows).tolist()
        expected[name] = {"rows": len(predictions), "first": predictions[0], "last": predictions[-1]}
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


def main() -> None:
    """Make everything anew."""
    dataset = load_breast_cancer()
    features, labels = dataset.data, dataset.target
    trained, _, trained_labels, _ = train_test_split(
        features, labels, test_size=0.3, random_state=SEED, stratify=labels
    )
    FOLDER.mkdir(exist_ok=True)
    booster = train(trained, trained_labels)
    write_model(booster)
    write_expected(booster, write_data(features))
    print(f"{len(features)} rows in {OBJECTS} objects, written to {FOLDER}")


if __name__ == "__main__":
    main()
