"""MLflow's pyfunc models: saved by MLflow itself, scored in each of its forms, refused when a later one saved them."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from engine.errors import CannotRun
from tests.engine.serving import Served, last_words, make_readable, prepared, served
from tests.engine.transforms import archive, put, transform
from tests.support.engine import EngineProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("mlflow")]

IMAGE = "mlflow-pyfunc"
#: What the model needs. MLflow's own server and its versions are the runtime's.
REQUIREMENTS = "mlflow==3.17.0\nscikit-learn==1.9.0\nskops\n"
#: Saves a model of scikit-learn, y = 2 a + b, with and without a signature, and prints what it predicts.
SAVE = """
import json
import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression
rows = pandas.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 0.0, 1.0]})
model = LinearRegression().fit(rows, 2 * rows.a + rows.b)
signature = infer_signature(rows, model.predict(rows))
options = {"pip_requirements": "requirements.txt"}
mlflow.sklearn.save_model(model, "signed", signature=signature, **options)
mlflow.sklearn.save_model(model, "unsigned", **options)
print(json.dumps(model.predict(pandas.DataFrame({"a": [10.0, 0.5], "b": [1.0, 2.0]})).tolist()))
"""


class Models:
    """Folders of models, and what the library predicts for a=10, b=1 and a=0.5, b=2."""

    def __init__(self, folder: Path, predictions: list[float]) -> None:
        self.folder = folder
        self.predictions = predictions


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The models, saved by MLflow in the environment that serves them."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    runtimes, runtime = await prepared(IMAGE, folder)
    with ExitStack() as held:
        layered = await runtimes.add_requirements(runtime, folder, {}, lambda _: None, held)
        process = await asyncio.create_subprocess_exec(
            layered.python,
            "-c",
            SAVE,
            cwd=folder,
            env={"MLFLOW_DISABLE_TELEMETRY": "true", "HOME": str(folder), "PATH": ""},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
    assert process.returncode == 0
    for name in ("signed", "unsigned"):
        # The same file for all, so that one layer serves them.
        (folder / name / "requirements.txt").write_text(REQUIREMENTS)
    return Models(folder, json.loads(printed))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server of the model with a signature."""
    async with served(IMAGE, tmp_path_factory.mktemp("served"), models.folder / "signed") as running:
        yield running


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a,b\n10,1\n0.5,2\n", "text/csv"),
        (b'{"dataframe_split": {"columns": ["b", "a"], "data": [[1, 10], [2, 0.5]]}}', "application/json"),
        (b'{"dataframe_records": [{"a": 10, "b": 1}, {"a": 0.5, "b": 2}]}', "application/json"),
        (b'{"instances": [{"a": 10, "b": 1}, {"a": 0.5, "b": 2}]}', "application/json; charset=utf-8"),
        (b'{"inputs": {"a": [10, 0.5], "b": [1, 2]}}', "application/json"),
        (b'{"dataframe_records": [{"a": 10, "b": 1}, {"a": 0.5, "b": 2}]}', None),
    ],
)
async def test_each_form_of_mlflow_gives_the_librarys_predictions(
    models: Models, server: Served, body: bytes, content_type: str | None
) -> None:
    got = await server.post(body, content_type)
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert json.loads(got.body) == {"predictions": models.predictions}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"),
    [
        (b"10,1\n0.5,2\n", "text/csv", 400, "Model is missing inputs ['a', 'b']"),
        (b"[[10, 1]]", "application/json", 400, "Received a list"),
        (b'{"rows": []}', "application/json", 400, "Received dictionary with input fields: []"),
        (b"{", "application/json", 400, "valid JSON formatted string"),
        (b"\xff", "text/csv", 400, "valid UTF-8"),
        (b"10,1", "application/x-npy", 415, "only supports the following content types"),
    ],
)
async def test_a_payload_that_does_not_fit_is_refused_in_mlflows_words(
    server: Served, body: bytes, content_type: str, status: int, words: str
) -> None:
    got = await server.post(body, content_type)
    assert got.status == status
    assert words in got.body.decode()


async def test_a_model_without_a_signature_is_served_too(models: Models, tmp_path: Path) -> None:
    async with served(IMAGE, tmp_path, models.folder / "unsigned") as running:
        got = await running.post(b"a,b\n10,1\n0.5,2\n", "text/csv")
    assert json.loads(got.body) == {"predictions": models.predictions}


async def test_a_job_on_an_archive_answers_each_object(models: Models, serving_engine: EngineProcess) -> None:
    files = {
        str(path.relative_to(models.folder / "signed")): path.read_bytes()
        for path in (models.folder / "signed").rglob("*")
        if path.is_file()
    }
    data = put(serving_engine, "models/mlflow.tar.gz", archive(files))
    definition = {
        "Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlflow-pyfunc:3.17.0",
        "ModelDataUrl": data,
    }
    job = transform(
        serving_engine,
        {"rows.csv": b"a,b\n10,1\n0.5,2\n"},
        containers=[definition],
        TransformInput={"ContentType": "text/csv", "SplitType": "None"},
    )
    await asyncio.to_thread(job.completed)
    assert json.loads(job.outputs["rows.csv.out"]) == {"predictions": models.predictions}
    assert "mlflow==3.17.0" not in job.log, "MLflow itself is the runtime's, of the same version"


async def test_a_model_that_a_later_mlflow_saved_is_refused_by_name(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models.folder / "signed", folder)
    description = folder / "MLmodel"
    description.write_text(description.read_text().replace("mlflow_version: 3.17.0", "mlflow_version: 4.2.0"))
    status, output = await last_words(IMAGE, tmp_path, folder)
    assert status == 1
    assert "MLflow 4.2.0 saved the model, which MLflow 3.17.0 of this runtime may not read" in output


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "There is no MLmodel at the top of the model archive: pack the folder's content"),
        ({"MLmodel": "flavors: {sklearn: {}}"}, "MLmodel has no flavor python_function"),
        ({"MLmodel": "flavors: ["}, "MLmodel cannot be read"),
    ],
)
async def test_an_archive_that_is_no_pyfunc_model_is_refused_with_the_reason(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    status, output = await last_words(IMAGE, tmp_path, folder)
    assert status == 1
    assert words in output


async def test_requirements_that_cannot_be_installed_name_the_line_of_the_models_file(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "requirements.txt").write_text("-e .\n")
    make_readable(folder)
    runtimes, runtime = await prepared(IMAGE, tmp_path)
    with ExitStack() as held, pytest.raises(CannotRun) as refused:
        await runtimes.add_requirements(runtime, folder, {}, lambda _: None, held)
    assert str(refused.value).startswith("requirements.txt has the line '-e .', which the engine refuses.")
