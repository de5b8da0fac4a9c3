"""Makes samples/used-cars: an inference pipeline of two containers, and the data that ship with Batchdeck.

The first container (SparkML) turns a car's texts into numbers, the second (XGBoost) predicts its price. The cars are
made up by `made_up_cars`. See README.md in this folder for how to run it.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder

from samples.writing import write_archive, write_data, write_expected
from tests.engine.sparkml.bundles import Node, pipeline, write_bundle

FOLDER = Path(__file__).resolve().parent / "used-cars"
SEED = 20261130
OBJECTS = {"dealer-north.csv": 140, "dealer-south.csv": 120, "dealer-west.csv": 100}

#: Each category with its share of the cars and what it adds to the price of a new car, in euros.
FUELS = {"petrol": (0.48, 0), "diesel": (0.28, 1_500), "hybrid": (0.15, 4_000), "electric": (0.09, 9_000)}
GEARBOXES = {"manual": (0.62, 0), "automatic": (0.38, 2_000)}
BODIES = {
    "hatchback": (0.34, 0), "estate": (0.24, 2_500), "suv": (0.22, 5_000), "saloon": (0.14, 3_500), "van": (0.06, 4_500)
}  # fmt: skip
TEXTS = {"fuel": FUELS, "gearbox": GEARBOXES, "body": BODIES}
NUMBERS = ["power_kw", "age_years", "mileage_km"]

#: A car: three texts and three numbers, in the order of the columns.
Car = tuple[str, str, str, float, float, float]


def made_up_cars(count: int, generator: np.random.Generator) -> tuple[list[Car], np.ndarray]:
    """Cars and their prices in euros: what the car cost new, less its age and mileage, and some luck."""
    cars: list[Car] = []
    prices = []
    for _ in range(count):
        chosen = [
            str(generator.choice(list(options), p=[share for share, _ in options.values()]))
            for options in TEXTS.values()
        ]
        if chosen[0] == "electric":
            chosen[1] = "automatic"
        power = round(float(np.clip(generator.normal(100, 30), 45, 260)))
        age = round(float(generator.uniform(0.5, 16)), 1)
        mileage = int(round(age * float(np.clip(generator.normal(14_000, 4_500), 3_000, 35_000)), -2))
        extra = sum(options[choice][1] for options, choice in zip(TEXTS.values(), chosen, strict=True))
        new_price = 7_000 + 145 * power + extra
        price = new_price * 0.87**age * (1 - 0.15 * mileage / 200_000) * generator.normal(1, 0.05)
        cars.append((*chosen, power, age, mileage))
        prices.append(max(price, 400))
    return cars, np.array(prices)


def labels_by_count(cars: list[Car]) -> list[list[str]]:
    """The labels of each text, the most frequent first, as Spark's StringIndexer orders them."""
    columns = list(zip(*cars, strict=True))[: len(TEXTS)]
    return [[label for label, _ in Counter(sorted(column)).most_common()] for column in columns]


def feature_step(labels: list[list[str]]) -> Node:
    """The pipeline that Spark would have fitted: an index for each text, a vector of each index, one vector of all."""
    indexers = [
        Node("string_indexer", {"labels": labels_of_column}, {"input": name}, {"output": f"{name}_index"})
        for name, labels_of_column in zip(TEXTS, labels, strict=True)
    ]
    encoder = Node(
        "one_hot_encoder",
        {"category_sizes": [len(labels_of_column) for labels_of_column in labels], "drop_last": True},
        {f"input{number}": f"{name}_index" for number, name in enumerate(TEXTS)},
        {f"output{number}": f"{name}_vector" for number, name in enumerate(TEXTS)},
    )
    columns = [*(f"{name}_vector" for name in TEXTS), *NUMBERS]
    ports = {f"input{number}": column for number, column in enumerate(columns)}
    return pipeline(*indexers, encoder, Node("vector_assembler", {}, ports, {"output": "features"}))


def bundle_files(step: Node) -> dict[str, bytes]:
    """The files of the MLeap bundle, by their names in the archive."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_bundle(Path(name) / "bundle", step)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def schema() -> dict[str, object]:
    """SAGEMAKER_SPARKML_SCHEMA: the columns of a row, and the column that the first container answers."""
    columns = [(name, "string") for name in TEXTS] + [(name, "double") for name in NUMBERS]
    return {
        "input": [{"name": name, "type": column_type} for name, column_type in columns],
        "output": {"name": "features", "type": "double", "struct": "vector"},
    }


def describe() -> None:
    """Write the schema into sample.json, which says all else already."""
    path = FOLDER / "sample.json"
    described = json.loads(path.read_text())
    described["containers"][0]["env"]["SAGEMAKER_SPARKML_SCHEMA"] = json.dumps(
        schema(), separators=(",", ":")
    )
    path.write_text(json.dumps(described, indent=2) + "\n")


def main() -> None:
    """Make everything anew."""
    generator = np.random.default_rng(SEED)
    known_cars, prices = made_up_cars(3_000, generator)
    labels = labels_by_count(known_cars)
    # The same features as those of the bundle, by another program.
    encoder = OneHotEncoder(
        categories=labels, drop=[labels_of_column[-1] for labels_of_column in labels], sparse_output=False
    )
    texts, numbers = [0, 1, 2], [3, 4, 5]
    features = make_column_transformer((encoder, texts), ("passthrough", numbers)).fit(
        np.array(known_cars, dtype=object)
    )

    def features_of(cars: list[Car]) -> np.ndarray:
        return features.transform(np.array(cars, dtype=object)).astype(np.float32)

    parameters = {"objective": "reg:squarederror", "max_depth": 4, "eta": 0.15, "seed": SEED, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(features_of(known_cars), prices), num_boost_round=80)

    objects = {}
    for name, count in OBJECTS.items():
        cars, _ = made_up_cars(count, generator)
        objects[name] = [",".join(f"{cell}" for cell in car) for car in cars]
    write_data(FOLDER, objects)
    write_archive(FOLDER / "features.tar.gz", bundle_files(feature_step(labels)))
    write_archive(FOLDER / "price.tar.gz", {"xgboost-model": bytes(booster.save_raw(raw_format="ubj"))})
    describe()

    def predict(path: Path) -> list[float]:
        rows = [(*row[:3], *map(float, row[3:])) for row in csv.reader(path.read_text().splitlines())]
        return booster.inplace_predict(features_of(rows)).tolist()

    write_expected(FOLDER, list(objects), predict)
    print(f"{sum(OBJECTS.values())} rows in {len(OBJECTS)} objects, written to {FOLDER}")


if __name__ == "__main__":
    main()
