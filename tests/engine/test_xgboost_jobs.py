"""Transform jobs on the XGBoost image: models and payloads whose numbers a careless server gets wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.serving import computed
from tests.engine.transforms import archive, container, transform
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEWER = Path(__file__).with_name("xgboost_models") / "saved_by_3.2.ubj"
FOUR = b"0\n1\n2\n3\n"

#: Small models, made with the library itself, in files by their names.
PROGRAM = """
import json
import numpy as np, xgboost

numbers = np.arange(4, dtype=np.float32).reshape(-1, 1)

def train(name, data, labels, rounds=1, **parameters):
    given = {"objective": "reg:squarederror", "min_child_weight": 0, "reg_lambda": 0, "eta": 1, "base_score": 0}
    booster = xgboost.train({**given, **parameters}, xgboost.DMatrix(data, labels), rounds)
    booster.save_model(name)
    return booster

# Trained on libsvm that counts from 1: column 0 is there, and always empty.
empty = np.nan
train("columns.json", [[empty, 1, 1], [empty, 1, 9], [empty, 9, 1], [empty, 9, 9]], [10, 20, 30, 40])
for number, label in enumerate([0, 2, 2]):
    labels = [label] * 4
    train(f"vote-{number}.json", numbers, labels, objective="multi:softmax", num_class=3, base_score=0.5)
stopped = train("stopped.json", numbers, [0, 1, 6, 8], rounds=2, max_depth=1)
stopped.set_attr(best_iteration="0", best_ntree_limit="1")
stopped.save_model("stopped.json")
train("a.json", numbers, [10] * 4)
train("b.json", numbers, [30] * 4)
linear = train("linear.json", numbers, [1, 3, 5, 7], 20, booster="gblinear", eta=0.5, base_score=4)
dart = train("dart.json", numbers, [1, 3, 5, 7], 6, booster="dart", rate_drop=0.5, one_drop=1, seed=1)
matrix = xgboost.DMatrix(numbers)
print(json.dumps({
    "stopped": stopped.predict(matrix, iteration_range=(0, 1)).tolist(),
    "whole": stopped.predict(matrix).tolist(),
    "linear": linear.predict(matrix).tolist(),
    "dart": dart.predict(matrix).tolist(),
}))
"""


@pytest.fixture(scope="module")
def xgboost_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with its own runtimes."""
    process = EngineProcess(tmp_path_factory.mktemp("xgboost")).start()
    yield process
    process.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder of model files, and what XGBoost says of the numbers 0 to 3."""
    folder = tmp_path_factory.mktemp("models")
    return folder, await computed("xgboost", folder, PROGRAM)


def definition(
    engine: EngineProcess, folder: Path, names: list[str], tag: str = "1.7-1", **environment: str
) -> dict[str, Any]:
    """A container of the XGBoost image with an archive of these files."""
    files = {name: (folder / name).read_bytes() for name in names}
    return {**container(engine, archive(files), **environment), "Image": f"sagemaker-xgboost:{tag}"}


def predicted(
    engine: EngineProcess,
    container_definition: Mapping[str, Any],
    body: bytes,
    content_type: str = "text/csv",
) -> list[float]:
    """The numbers that a job over one object writes."""
    job = transform(
        engine,
        {"x": body},
        containers=[dict(container_definition)],
        TransformInput={"ContentType": content_type},
    ).completed()
    return [float(line) for line in job.outputs["x.out"].split()]


Models = tuple[Path, dict[str, Any]]


async def test_columns_of_libsvm_are_as_numbered(xgboost_engine: EngineProcess, models: Models) -> None:
    image = definition(xgboost_engine, models[0], ["columns.json"])
    body = b"10 1:1 2:1\n20 1:1 2:9\n30 1:9 2:1\n40 1:9 2:9\n"
    assert predicted(xgboost_engine, image, body, "text/libsvm") == [10, 20, 30, 40]


async def test_models_of_classes_vote(xgboost_engine: EngineProcess, models: Models) -> None:
    names = [f"vote-{number}.json" for number in range(3)]
    assert predicted(xgboost_engine, definition(xgboost_engine, models[0], names), b"1\n") == [2.0]


async def test_models_of_numbers_are_averaged_unless_one_is_asked_for(
    xgboost_engine: EngineProcess, models: Models
) -> None:
    names = ["a.json", "b.json"]
    together = definition(xgboost_engine, models[0], names)
    alone = definition(xgboost_engine, models[0], names, SAGEMAKER_INFERENCE_ENSEMBLE="false")
    assert predicted(xgboost_engine, together, b"1\n") == [20]
    assert predicted(xgboost_engine, alone, b"1\n") == [10]


@pytest.mark.parametrize(("tag", "name"), [("1.7-1", "stopped"), ("1.3-1", "whole"), ("3.0-5", "whole")])
async def test_early_stopping_is_honoured_as_the_image_does(
    xgboost_engine: EngineProcess, models: Models, tag: str, name: str
) -> None:
    folder, predictions = models
    assert predictions["stopped"] != predictions["whole"]
    image = definition(xgboost_engine, folder, ["stopped.json"], tag)
    assert predicted(xgboost_engine, image, FOUR) == pytest.approx(predictions[name], rel=2e-7)


async def test_a_model_of_a_newer_library_fails_the_job_and_both_versions_are_logged(
    xgboost_engine: EngineProcess,
) -> None:
    image = definition(xgboost_engine, NEWER.parent, [NEWER.name], "3.0-5")
    job = transform(
        xgboost_engine, {"x": FOUR}, containers=[image], TransformInput={"ContentType": "text/csv"}
    )
    job.failed()
    assert "saved by XGBoost 3.2.0, which is newer than XGBoost 3.0.5" in job.log


@pytest.mark.parametrize("name", ["linear", "dart"])
async def test_boosters_that_are_no_plain_trees_predict(
    xgboost_engine: EngineProcess, models: Models, name: str
) -> None:
    folder, predictions = models
    image = definition(xgboost_engine, folder, [f"{name}.json"])
    assert predicted(xgboost_engine, image, FOUR) == predictions[name]


async def test_an_infinite_cell_fails_the_job(xgboost_engine: EngineProcess, models: Models) -> None:
    image = definition(xgboost_engine, models[0], ["a.json"])
    job = transform(
        xgboost_engine, {"x": b"1\ninf\n"}, containers=[image], TransformInput={"ContentType": "text/csv"}
    )
    job.failed()
    assert "Input data contains `inf` or `nan` (row 2 of the payload, column 1)" in job.data_log


async def test_a_job_without_a_content_type_fails_and_says_what_to_set(
    xgboost_engine: EngineProcess, models: Models
) -> None:
    job = transform(
        xgboost_engine, {"x": b"1\n"}, containers=[definition(xgboost_engine, models[0], ["a.json"])]
    )
    job.failed()
    assert "Loading libsvm data failed" in job.data_log
    assert "set ContentType, for instance text/csv" in job.data_log


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("csv", b"1\n"), ("text/csv; charset=utf-8", b"1\n"), ("libsvm", b"0:1\n"), ("text/x-libsvm", b"0:1\n")],
)
async def test_content_types_go_by_each_of_their_names(
    xgboost_engine: EngineProcess, models: Models, content_type: str, body: bytes
) -> None:
    image = definition(xgboost_engine, models[0], ["a.json"])
    assert predicted(xgboost_engine, image, body, content_type) == [10]


async def test_a_tag_whose_numbers_are_not_known_is_refused(
    xgboost_engine: EngineProcess, models: Models
) -> None:
    image = definition(xgboost_engine, models[0], ["a.json"], "0.80-1")
    job = transform(xgboost_engine, {"x": b"1\n"}, containers=[image])
    assert "no library that gives the numbers of image sagemaker-xgboost:0.80-1" in job.failed()
