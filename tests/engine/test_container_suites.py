"""The inputs that the public test suites of the XGBoost and scikit-learn images give them, on models made anew.

The values are theirs; what is right is what XGBoost and scikit-learn say of them themselves.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from tests.engine.serving import Served, computed, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A model for each number of columns, and what XGBoost says of rows; None is a missing value.
XGBOOST = """
import json
import numpy
import xgboost
says = {}
ROWS = {
    1: [[42], [6], [9]],
    3: [[42, 6, 9], [1, 2, 3]],
    5: [[1 if column == row else None for column in range(5)] for row in range(5)]
    + [[None] * 5, [1] * 5, [2, 4, 6, 8, 10]],
    6: [[1, None, None, None, None, 1], [0, 0, 0, 0, 0, 0]],
}
chance = numpy.random.default_rng(3)
for columns, rows in ROWS.items():
    data = chance.choice([numpy.nan, 0, 1, 3, 6, 9, 42], (200, columns))
    label = numpy.nan_to_num(data, nan=-5) @ numpy.arange(1, columns + 1)
    booster = xgboost.train({"max_depth": 4}, xgboost.DMatrix(data, label=label), 10)
    import os
    os.makedirs(str(columns))
    booster.save_model(f"{columns}/xgboost-model.json")
    says[columns] = booster.predict(xgboost.DMatrix(numpy.array(rows, dtype=float))).tolist()
print(json.dumps(says))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def boosters(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[dict[int, Served], dict[int, list[float]]]]:
    """A server for each number of columns, and XGBoost's own predictions."""
    folder = tmp_path_factory.mktemp("boosters")
    predictions = {
        int(columns): numbers for columns, numbers in (await computed("xgboost", folder, XGBOOST)).items()
    }
    async with AsyncExitStack() as stack:
        servers = {
            columns: await stack.enter_async_context(
                served(
                    "xgboost",
                    tmp_path_factory.mktemp("server"),
                    folder / str(columns),
                    SAGEMAKER_BATCH="true",
                )
            )
            for columns in predictions
        }
        yield servers, predictions


def numbers(body: bytes) -> list[float]:
    """The predictions of an answer."""
    return [float(line) for line in body.split()]


@pytest.mark.parametrize(
    ("payload", "columns", "rows"),
    [("42,6,9", 3, 1), ("42.0,6.0,9.0", 3, 1), ("42\n6\n9\n", 1, 3), ("42,6,9\n1,2,3", 3, 2)],
)
async def test_csv_of_the_xgboost_suite(boosters: Any, payload: str, columns: int, rows: int) -> None:
    servers, predictions = boosters
    answer = await servers[columns].post(payload.encode(), "text/csv; charset=UTF-8")
    assert (answer.status, numbers(answer.body)) == (200, predictions[columns][:rows])


@pytest.mark.parametrize(
    "payload",
    [
        "1,2,3,12:12:12", "1,2,3,2019-1-1", "1,2,3,2019-1-1 12:12:12", "1,2,3,2019-1-1 12:12:12+00",
        "1,2,3,-14 days", "1,2,3\n1,2,c",
    ],
)  # fmt: skip
async def test_cells_that_the_xgboost_suite_refuses(boosters: Any, payload: str) -> None:
    servers, _ = boosters
    answer = await servers[3].post(payload.encode(), "text/csv")
    assert answer.status == 415
    assert b"Loading csv data failed with Exception" in answer.body


@pytest.mark.parametrize(
    "content_type",
    ["incorrect_format", "text/csv; label_size=5", "text/csv; label_size=1=1", "text/csv; label_size=1; label_size=2",
     "label_size=1; text/csv"],
)  # fmt: skip
async def test_content_types_that_the_xgboost_suite_refuses(boosters: Any, content_type: str) -> None:
    servers, _ = boosters
    assert (await servers[3].post(b"42,6,9", content_type)).status == 415


@pytest.mark.parametrize("payload", ["0 0:1 5:1", "0:1 5:1"])
async def test_libsvm_of_the_xgboost_suite(boosters: Any, payload: str) -> None:
    servers, predictions = boosters
    answer = await servers[6].post(payload.encode(), "text/x-libsvm")
    assert numbers(answer.body) == predictions[6][:1]


def field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer with bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


#: The number of each kind of tensor in a Value, and how it writes its numbers.
KINDS = {
    "float32": (2, lambda values: struct.pack(f"<{len(values)}f", *values)),
    "float64": (3, lambda values: struct.pack(f"<{len(values)}d", *values)),
    "int32": (7, bytes),
}


def record(kind: str, values: list[float], keys: list[int] | None = None, width: int = 0) -> bytes:
    """A framed record with one row; with `keys` it is sparse."""
    number, pack = KINDS[kind]
    tensor = field(1, pack([int(value) for value in values] if kind == "int32" else values))
    if keys is not None:
        tensor += field(2, bytes(keys)) + field(3, bytes([width]))
    body = field(1, field(1, b"values") + field(2, field(number, tensor)))
    return struct.pack("<II", 0xCED7230A, len(body)) + body + bytes(-len(body) % 4)


async def test_recordio_of_the_xgboost_suite(boosters: Any) -> None:
    servers, predictions = boosters
    for kind in KINDS:
        dense = await servers[3].post(record(kind, [42, 6, 9]), "application/x-recordio-protobuf")
        assert (kind, numbers(dense.body)) == (kind, predictions[3][:1])
    sparse = await servers[6].post(record("int32", [1, 1], [0, 5], 6), "application/x-recordio-protobuf")
    assert numbers(sparse.body) == predictions[6][:1]


@pytest.mark.parametrize("kind", list(KINDS))
async def test_sparse_records_at_the_edges_of_the_xgboost_suite(boosters: Any, kind: str) -> None:
    servers, predictions = boosters
    # A diagonal, one value at each place in turn; then nothing at all, and rows that are full.
    rows = [([1.0], [place]) for place in range(5)]
    rows += [([], []), ([1.0] * 5, [0, 1, 2, 3, 4]), ([2.0, 4.0, 6.0, 8.0, 10.0], [0, 1, 2, 3, 4])]
    payload = b"".join(record(kind, values, keys, 5) for values, keys in rows)
    answer = await servers[5].post(payload, "application/x-recordio-protobuf")
    assert numbers(answer.body) == predictions[5]


#: A pickled estimator of six features, and a script that answers its input; prints what scikit-learn says of zeros.
SKLEARN = """
import json
import pathlib
import joblib
import numpy
from sklearn.linear_model import LinearRegression
SCRIPT = '''
import os, joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "sklearn-model"))
'''
ECHO = SCRIPT + '''
def predict_fn(rows, model):
    return rows
'''
data = numpy.random.default_rng(9).uniform(0, 50, (40, 6))
estimator = LinearRegression().fit(data, data @ numpy.arange(1, 7) + 4)
for name, script in (("six", SCRIPT), ("echo", ECHO)):
    folder = pathlib.Path(name)
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "inference.py").write_text(script)
    joblib.dump(estimator, folder / "sklearn-model")
print(json.dumps(estimator.predict(numpy.zeros((1, 6))).tolist()))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def estimators(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[dict[str, Served], list[float]]]:
    """Servers of both models, and scikit-learn's own prediction."""
    folder = tmp_path_factory.mktemp("estimators")
    prediction = await computed("sklearn", folder, SKLEARN)
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(
                served("sklearn", tmp_path_factory.mktemp("server"), folder / name)
            )
            for name in ("six", "echo")
        }
        yield servers, prediction


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        ("[42, 6, 9]", "application/json"),
        ("[42.0, 6.0, 9.0]", "application/json"),
        ('["42", "6", "9"]', "application/json"),
        ("42\n6\n9\n", "text/csv"),
        ("42.0\n6.0\n9.0\n", "text/csv"),
    ],
)
async def test_texts_of_the_scikit_learn_suite_are_read_as_numbers(
    estimators: Any, payload: str, content_type: str
) -> None:
    servers, _ = estimators
    answer = await servers["echo"].post(payload.encode(), content_type, "application/json")
    assert np.ravel(json.loads(answer.body)).tolist() == [42.0, 6.0, 9.0]


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
async def test_arrays_of_the_scikit_learn_suite_keep_their_type(estimators: Any, dtype: str) -> None:
    servers, _ = estimators
    array = io.BytesIO()
    np.save(array, np.array([42, 6, 9], dtype=dtype))
    answer = await servers["echo"].post(array.getvalue(), "application/x-npy", "application/x-npy")
    assert answer.headers["content-type"] == "application/x-npy"
    answered = np.load(io.BytesIO(answer.body))
    assert (answered.dtype, np.ravel(answered).tolist()) == (np.dtype(dtype), [42, 6, 9])


async def test_ones_in_each_accept_of_the_scikit_learn_suite(estimators: Any) -> None:
    servers, _ = estimators
    csv_of_ones = b"1,1\n1,1\n"
    as_csv = await servers["echo"].post(csv_of_ones, "text/csv", "text/csv")
    assert (as_csv.body, as_csv.headers["content-type"].partition(";")[0]) == (
        b"1.0,1.0\n1.0,1.0\n",
        "text/csv",
    )
    as_json = await servers["echo"].post(csv_of_ones, "text/csv", "application/json")
    assert json.loads(as_json.body) == [[1.0, 1.0], [1.0, 1.0]]
    for content_type, accept in (
        ("text/csv", "application/not_supported"),
        ("application/not_supported", "text/csv"),
    ):
        refused = await servers["echo"].post(csv_of_ones, content_type, accept)
        assert refused.status >= 400
        assert b"application/not_supported is not supported by this framework" in refused.body


async def test_rows_of_zeros_on_the_pickled_model_of_the_scikit_learn_suite(estimators: Any) -> None:
    servers, prediction = estimators
    row = b"0.0, 0.0, 0.0, 0.0, 0.0, 0.0\n"
    answer = await servers["six"].post(2 * row, "text/csv", "application/json")
    assert json.loads(answer.body) == pytest.approx(2 * prediction)
    # The suite gives its multi-model server one row. Behind a transform job it has one dimension, which is refused.
    assert (await servers["six"].post(row, "text/csv", "application/json")).status == 500
