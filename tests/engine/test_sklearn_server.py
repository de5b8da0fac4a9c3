"""The scikit-learn runtime's default functions read, predict and write as those of its container do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.serving import Models, Served, computed, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = [[0.1, 1.5, 3.0], [2.2, 0.3, 7.25], [9.75, 4.125, 0.7], [1.0, 1.0, 2.0]]
CSV = "".join(",".join(map(str, row)) + "\n" for row in ROWS).encode()

#: A regression and a classifier, each with the plainest script, and what scikit-learn says of the rows.
PROGRAM = f"""
import json
from pathlib import Path
import joblib, numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

SCRIPT = '''
import os, joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
'''
data = np.array({ROWS})
models = {{
    "regression": LinearRegression().fit(data, [1.5, 2.5, 9.0, 1.0]),
    "classifier": LogisticRegression().fit(data, ["low", "low", "high", "low"]),
    "two-targets": LinearRegression().fit(data, [[1, 2], [3, 4], [7, 9], [0, 1]]),
}}
for name, model in models.items():
    Path(name, "code").mkdir(parents=True)
    Path(name, "code", "inference.py").write_text(SCRIPT)
    joblib.dump(model, Path(name, "model.joblib"))
np.save("rows.npy", data)
says = {{name: model.predict(data.astype(np.float32)).tolist() for name, model in models.items()}}
# The last digit may depend on how many rows are predicted together.
says["second-row"] = models["regression"].predict(data[1:2].astype(np.float32)).tolist()
says["exactly"] = models["regression"].predict(data).tolist()
print(json.dumps(says))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Models made in the runtime's own environment."""
    folder = tmp_path_factory.mktemp("models")
    return Models(folder, await computed("sklearn", folder, PROGRAM))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def regression(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A regression whose script has model_fn alone."""
    folder = tmp_path_factory.mktemp("regression")
    async with served("sklearn", folder, models.folder / "regression") as server:
        yield server


def script(model: Path, text: str, name: str = "code/inference.py") -> Path:
    """A model folder with that script."""
    path = model / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return model


# model_fn alone


async def test_it_is_healthy_and_offers_no_execution_parameters(regression: Served) -> None:
    assert (await regression.get("/ping")).status == 200
    assert (await regression.get("/execution-parameters")).status == 404
    assert regression.log == ["inference.py: model loaded"]


async def test_json_comes_and_goes_when_nothing_else_is_said(models: Models, regression: Served) -> None:
    for content_type in (None, "application/json"):
        answer = await regression.post(json.dumps(ROWS).encode(), content_type)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert json.loads(answer.body) == models.says["regression"]


async def test_csv_comes_and_goes_a_row_a_line(models: Models, regression: Served) -> None:
    answer = await regression.post(CSV, "text/csv", "text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.body.endswith(b"\n")
    assert [float(line) for line in answer.body.splitlines()] == models.says["regression"]


async def test_a_single_row_of_csv_loses_its_rows_axis_as_in_the_image(regression: Served) -> None:
    answer = await regression.post(CSV.splitlines()[1], "text/csv")
    assert answer.status == 500
    assert b"Expected 2D array, got 1D array instead" in answer.body


async def test_a_single_row_of_json_is_a_row(models: Models, regression: Served) -> None:
    answer = await regression.post(json.dumps(ROWS[1:2]).encode(), "application/json")
    assert json.loads(answer.body) == models.says["second-row"]


@pytest.mark.parametrize("cell", ["", "abc", "n/a"])
async def test_a_cell_of_csv_that_is_no_number_is_refused_not_taken_as_missing(
    regression: Served, cell: str
) -> None:
    answer = await regression.post(f"1,2,3\n4,{cell},6\n".encode(), "text/csv")
    assert answer.status == 500
    assert b"ValueError: could not convert string to float" in answer.body


async def test_floats_of_32_bits_have_their_own_digits_in_csv(tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef predict_fn(rows, model): return rows\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        assert (await server.post(b"0.1,2\n3,1e-7\n", "text/csv", "text/csv")).body == b"0.1,2.0\n3.0,1e-07\n"


async def test_npy_keeps_its_numbers_as_they_are(models: Models, regression: Served) -> None:
    body = (models.folder / "rows.npy").read_bytes()
    answer = await regression.post(body, "application/x-npy")
    assert json.loads(answer.body) == models.says["exactly"]


async def test_npy_is_answered_when_it_is_accepted(
    models: Models, regression: Served, tmp_path: Path
) -> None:
    answer = await regression.post(CSV, "text/csv", "application/x-npy")
    (tmp_path / "answer.npy").write_bytes(answer.body)
    read = "import json, numpy; print(json.dumps(numpy.load('answer.npy').tolist()))"
    assert await computed("sklearn", tmp_path, read) == models.says["regression"]


async def test_several_targets_are_the_columns_of_a_row(models: Models, tmp_path: Path) -> None:
    async with served("sklearn", tmp_path, models.folder / "two-targets") as server:
        answer = await server.post(CSV, "text/csv", "text/csv")
    rows = [[float(cell) for cell in line.split(",")] for line in answer.body.decode().splitlines()]
    assert rows == models.says["two-targets"]


async def test_labels_may_be_words(models: Models, tmp_path: Path) -> None:
    folder = models.folder / "classifier"
    async with served("sklearn", tmp_path, folder, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv") as server:
        answer = await server.post(CSV, "text/csv")
    assert answer.body.decode().splitlines() == models.says["classifier"]


async def test_types_that_the_default_functions_do_not_know_are_named(regression: Served) -> None:
    # A type with parameters is another type, and 500 is the image's answer to each.
    for kind in ("image/png", "text/csv; charset=utf-8"):
        unread = await regression.post(CSV, kind)
        assert unread.status == 500
        assert (
            f"Content type {kind} is not supported by this framework; define input_fn" in unread.body.decode()
        )
    unwritten = await regression.post(CSV, "text/csv", "image/png")
    assert unwritten.status == 500
    assert b"Accept type image/png is not supported by this framework; define output_fn" in unwritten.body


async def test_what_the_model_raises_is_a_500_with_its_traceback_in_the_log(regression: Served) -> None:
    answer = await regression.post(b"1,2\n3,4\n", "text/csv")
    assert answer.status == 500
    assert "Traceback" in answer.body.decode()
    assert "X has 2 features, but LinearRegression is expecting 3 features" in answer.body.decode()
    assert (await regression.post(CSV, "text/csv")).status == 200
    assert any("X has 2 features" in line for line in regression.log)
