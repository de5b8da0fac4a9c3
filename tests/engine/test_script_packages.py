"""Scripts that bring LightGBM and ONNX Runtime by their requirements.txt answer with these libraries' own numbers.

The packages come from the package index, once for all tests here. With SCRIPT_PACKAGES=catboost CatBoost is tested too,
whose wheel has 100 MB.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.serving import prepared, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = [[0.1, 1.5, 3.0], [2.2, 0.3, 7.25], [9.75, 4.125, 0.7], [1.0, 1.0, 2.0]]
CSV = "".join(",".join(map(str, row)) + "\n" for row in ROWS).encode()

#: Trains and saves a model with each library, and prints what the library itself predicts.
PROGRAM = f"""
import json
import numpy as np

rows = np.array({ROWS}, dtype=np.float32)
random = np.random.default_rng(1)
data = random.random((200, 3)) * 10
target = data @ [1.0, -2.0, 0.5] + data[:, 0] ** 2
predictions = {{}}

def lightgbm_model():
    import lightgbm
    options = {{"objective": "regression", "num_leaves": 7, "verbose": -1, "num_threads": 1}}
    model = lightgbm.train(options, lightgbm.Dataset(data, target), 20)
    model.save_model("model.lightgbm")
    return model.predict(rows)

def onnxruntime_model():
    import onnx, onnxruntime
    from onnx import TensorProto, helper
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 1], [1.5, -2.0, 0.25])
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Sigmoid", ["y"], ["z"])]
    value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
    graph = helper.make_graph(nodes, "g", [value("x", 3)], [value("z", 1)], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, "model.onnxruntime")
    return onnxruntime.InferenceSession("model.onnxruntime").run(None, {{"x": rows}})[0][:, 0]

def catboost_model():
    import catboost
    model = catboost.CatBoostRegressor(iterations=20, depth=3, verbose=False, allow_writing_files=False)
    model.fit(data, target)
    model.save_model("model.catboost")
    return model.predict(rows)
"""

SCRIPTS = {
    "lightgbm": """
import lightgbm
def model_fn(model_dir):
    return lightgbm.Booster(model_file=f"{model_dir}/model.lightgbm")
""",
    "onnxruntime": """
import onnxruntime
def model_fn(model_dir):
    return onnxruntime.InferenceSession(f"{model_dir}/model.onnxruntime")
def predict_fn(rows, session):
    return session.run(None, {"x": rows})[0][:, 0]
""",
    "catboost": """
import catboost
def model_fn(model_dir):
    return catboost.CatBoostRegressor().load_model(f"{model_dir}/model.catboost")
""",
}
#: The requirements.txt of all of them, so that there is one layer.
LIBRARIES = ["lightgbm", "onnxruntime", *filter(None, [os.environ.get("SCRIPT_PACKAGES")])]
REQUIREMENTS = "\n".join([*LIBRARIES, "onnx", "scikit-learn==0.1", ""])


@dataclass(frozen=True, slots=True)
class Models:
    """The folder of a model with all files, what the libraries predict, and the lines about the installation."""

    folder: Path
    predictions: dict[str, Any]
    news: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Models made in the layer of the requirements."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "code").mkdir()
    (folder / "code" / "requirements.txt").write_text(REQUIREMENTS)
    (folder / "code" / "inference.py").write_text("")
    runtimes, runtime = await prepared("sklearn", folder)
    news: list[str] = []
    with ExitStack() as held:
        layered = await runtimes.add_requirements(runtime, folder, {}, news.append, held)
    calls = "".join(f"predictions[{name!r}] = {name}_model().tolist()\n" for name in LIBRARIES)
    process = await asyncio.create_subprocess_exec(
        *(layered.python, "-c", f"{PROGRAM}\n{calls}\nprint(json.dumps(predictions))"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return Models(folder, json.loads(printed.splitlines()[-1]), news)


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_script_predicts_as_the_library_that_it_brings(
    models: Models, tmp_path: Path, library: str
) -> None:
    (models.folder / "code" / f"{library}_script.py").write_text(SCRIPTS[library])
    async with served("sklearn", tmp_path, models.folder, SAGEMAKER_PROGRAM=f"{library}_script.py") as server:
        answer = await server.post(CSV, "text/csv", "application/json")
    assert answer.status == 200
    assert json.loads(answer.body) == pytest.approx(models.predictions[library], rel=1e-6)


async def test_the_framework_stays_and_the_log_says_so(models: Models) -> None:
    assert models.news[0].startswith(
        "scikit-learn==0.1 in code/requirements.txt is passed over: the image's environment has scikit-learn 1."
    )
