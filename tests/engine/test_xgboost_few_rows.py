"""Few rows, which the XGBoost runtime predicts without XGBoost, get XGBoost's numbers to the last bit."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.engine.serving import computed, served
from tests.support.engine import CHECKOUT

RUNTIME = CHECKOUT / "engine" / "runtimes" / "xgboost"
SAVED = Path(__file__).with_name("xgboost_models") / "saved_by_images.tar.gz"
SAMPLE = CHECKOUT / "samples" / "breast-cancer"
TAGS = ("1.0-1", "1.2-1", "1.3-1", "1.5-1", "1.7-1", "3.0-5")

#: What the programs below have in common: whether payloads of each size have the same answers after the preparation.
START = """
import json, sys
from pathlib import Path
sys.path.insert(0, {runtime!r})
import numpy as np, xgboost
import few_rows
from models import load_model
from image_version import read_image_version

def compare(model, rows):
    before = model.predict(rows)
    model.prepare_few_rows()
    sizes = [size for size in (1, 2, 7, model.most_few_rows) if 0 < size <= model.most_few_rows]
    return [model.most_few_rows, all(
        b"".join(model.predict(rows[at : at + size]).tobytes() for at in range(0, len(rows), size))
        == before.tobytes() for size in sizes
    )]
"""
#: Every model of a folder.
SAVED_MODELS = """
folder = Path({folder!r})
saved = json.loads((folder / "answers.json").read_text())
rows = np.array([[float(cell) if cell != "" else np.nan for cell in row] for row in saved["rows"]], dtype=np.float32)
chance = np.random.default_rng(5)
rows = np.concatenate([rows, chance.normal(scale=3, size=(500, rows.shape[1])).astype(np.float32)])
image = read_image_version({tag!r})
print(json.dumps({{name: compare(load_model(folder / name, image), rows) for name in saved["answers"]}}))
"""
#: Models with what the saved ones lack: sums that overflow a sigmoid, forests, deep trees, missing values, categories,
#: leaves without a tree above, several targets; and one of which XGBoost would say otherwise.
TRAINED_MODELS = """
chance = np.random.default_rng(7)
data = chance.normal(size=(400, 4)).astype(np.float32)
data[chance.random(data.shape) < 0.2] = np.nan
sums = np.nan_to_num(data).sum(axis=1)
labels = (sums > 0).astype(np.float32)
rows = chance.normal(scale=2, size=(300, 4)).astype(np.float32)
rows[chance.random(rows.shape) < 0.2] = np.nan
rows[:3] = [[np.inf] * 4, [-np.inf] * 4, [np.nan] * 4]
said = {{}}

def train(name, labels=labels, data=data, rounds=6, types=None, **parameters):
    matrix = xgboost.DMatrix(data, labels, feature_types=types, enable_categorical=types is not None, nthread=1)
    parameters = {{"min_child_weight": 0, "lambda": 0, "nthread": 1, **parameters}}
    xgboost.train(parameters, matrix, rounds).save_model(name + ".ubj")
    said[name] = compare(load_model(Path(name + ".ubj"), read_image_version("1.7-1")), rows)

train("logistic", objective="binary:logistic")
train("large sums", objective="binary:logistic", eta=300)
train("base score", objective="binary:logistic", base_score=0.9)
train("forest", objective="reg:logistic", num_parallel_tree=4, subsample=0.5)
train("deep", labels=sums, objective="reg:squarederror", max_depth=12, rounds=20)
train("leafwise", labels=sums, grow_policy="lossguide", tree_method="hist", max_leaves=60, max_depth=0)
train("raw", objective="binary:logitraw")
train("absolute", labels=sums, objective="reg:absoluteerror")
train("counts", labels=np.abs(sums).round(), objective="count:poisson")
train("large counts", labels=np.abs(sums) * 1e30, objective="reg:tweedie", eta=1)
train("gamma", labels=np.abs(sums) + 1, objective="reg:gamma")
train("ranks", labels=labels, objective="rank:pairwise")
train("stumps", labels=np.ones(400), objective="binary:logistic", base_score=0.5, gamma=1000)
train("categories", data=np.abs(data).round(), types=["c"] * 4, objective="binary:logistic", tree_method="hist")
train("classes", labels=np.arange(400) % 3, objective="multi:softprob", num_class=3)
train("targets", labels=np.stack([sums, labels], axis=1), multi_strategy="multi_output_tree", tree_method="hist")
few_rows._MOST_NODES = 10
train("too many nodes", objective="binary:logistic")
model = load_model(Path("logistic.ubj"), read_image_version("1.7-1"))
wrong = lambda rows: np.nextafter(model.predict(rows), np.float32(1))
said["wrong"] = few_rows.make_few_rows_predictor(model._booster, model._learner, 0, wrong) is None
print(json.dumps(said))
"""
#: The trained models that are left to XGBoost.
LEFT_TO_XGBOOST = {"too many nodes", "categories", "classes", "targets"}


@pytest.mark.parametrize("tag", TAGS)
async def test_models_of_all_images_predict_few_rows_to_the_last_bit(tag: str, tmp_path: Path) -> None:
    """Boosted trees with one number for a row are predicted fast; others as before."""
    with tarfile.open(SAVED) as archive:
        archive.extractall(tmp_path, filter="data")
    program = START.format(runtime=str(RUNTIME))
    program += SAVED_MODELS.format(folder=str(tmp_path / tag), tag=tag)
    results = await computed(f"sagemaker-xgboost:{tag}", tmp_path, program)
    assert {name: equal for name, (_, equal) in results.items()} == dict.fromkeys(results, True)
    slow_boosters = ("dart", "gblinear", "softmax", "softprob")
    assert {name: most > 0 for name, (most, _) in results.items()} == {
        name: not name.startswith(slow_boosters) for name in results
    }


@pytest.mark.parametrize("image", ["sagemaker-xgboost:1.7-1", "sagemaker-xgboost:3.0-5"])
async def test_what_cannot_be_equal_is_left_to_xgboost(image: str, tmp_path: Path) -> None:
    """Sums that overflow, forests and deep trees are equal too."""
    program = START.format(runtime=str(RUNTIME)) + TRAINED_MODELS.format()
    results = await computed(image, tmp_path, program)
    assert results.pop("wrong")
    assert {name: equal for name, (_, equal) in results.items()} == dict.fromkeys(results, True)
    assert {name for name, (most, _) in results.items() if most == 0} == LEFT_TO_XGBOOST


async def test_a_server_answers_equally_after_many_small_payloads(tmp_path: Path) -> None:
    """It prepares itself for more of them meanwhile."""
    with tarfile.open(SAMPLE / "model.tar.gz") as archive:
        archive.extractall(tmp_path / "model", filter="data")
    rows = (SAMPLE / "data" / "part-0.csv").read_bytes().splitlines(keepends=True)[:40]
    async with served("xgboost", tmp_path / "server", tmp_path / "model", SAGEMAKER_BATCH="true") as server:
        whole = (await server.post(b"".join(rows), "text/csv")).body.splitlines(keepends=True)
        for _ in range(5):
            answers: list[Any] = await asyncio.gather(*(server.post(row, "text/csv") for row in rows))
            assert [answer.body for answer in answers] == whole
