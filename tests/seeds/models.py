"""The documents' models, trained by XGBoost itself, and the SparkML pipeline in front of one of them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from tests.engine.sparkml.bundles import Node, pipeline, write_bundle

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"

#: Columns of the abalone data, of which the rings are to be predicted.
MEASURES = (
    "length",
    "diameter",
    "height",
    "whole_weight",
    "shucked_weight",
    "viscera_weight",
    "shell_weight",
)
#: The sexes in the order of their indices.
SEXES = ("M", "F", "I")

#: Trains on abalone-like rows whose sex is encoded by hand; prints the rows and XGBoost's predictions of them.
ABALONE = """
import json
import numpy
import xgboost
chance = numpy.random.default_rng(4)
sexes = chance.choice(list("MFI"), 200)
measures = chance.uniform(0.05, 1.0, (200, 7)).round(3)
encoded = numpy.column_stack([sexes == "M", sexes == "F", measures]).astype(float)
rings = 5 + 10 * measures[:, 6] + 3 * (sexes == "F") + chance.normal(0, 0.1, 200)
settings = {"objective": "reg:squarederror", "max_depth": 4, "seed": 4}
booster = xgboost.train(settings, xgboost.DMatrix(encoded, label=rings), 20)
booster.save_model("xgboost-model")
predictions = booster.predict(xgboost.DMatrix(encoded[:25]))
rows = [[sex, *map(str, row)] for sex, row in zip(sexes[:25].tolist(), measures[:25].tolist())]
print(json.dumps({"rows": rows, "predictions": predictions.tolist()}))
"""

#: A pickled model that XGBoost 0.72.1 trained on rows like those of a housing data set, as its image saves it, and what
#: that library predicts of 30 rows.
HOUSING_MODEL = Path(__file__).with_name("housing_model.tar.gz")
#: What image_uris.retrieve answers for version "latest": XGBoost 0.72.
XGBOOST_LATEST = "433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest"

#: SAGEMAKER_SPARKML_SCHEMA of the abalone pipeline.
SCHEMA = json.dumps(
    {
        "input": [
            {"name": "sex", "type": "string"},
            *({"name": name, "type": "double"} for name in MEASURES),
        ],
        "output": {"name": "features", "type": "double", "struct": "vector"},
    }
)


def pack(files: dict[str, Path]) -> bytes:
    """A model.tar.gz of files and folders by their names in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, path in files.items():
            archive.add(path, name)
    return out.getvalue()


def pack_abalone_pipeline(folder: Path) -> bytes:
    """The model.tar.gz of the SparkML container: sex to index to vector, and everything into one vector."""
    bundle = write_bundle(
        folder,
        pipeline(
            Node("string_indexer", {"labels": list(SEXES)}, {"input": "sex"}, {"output": "indexed_sex"}),
            Node(
                "one_hot_encoder",
                {"category_sizes": [len(SEXES)], "drop_last": True, "handle_invalid": "error"},
                {"input0": "indexed_sex"},
                {"output0": "sex_vec"},
            ),
            Node(
                "vector_assembler",
                {},
                {f"input{number}": name for number, name in enumerate(("sex_vec", *MEASURES))},
                {"output": "features"},
            ),
        ),
    )
    return pack({name: bundle / name for name in ("bundle.json", "root")})
