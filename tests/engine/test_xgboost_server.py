"""The XGBoost runtime answers as the container in algorithm mode does; predictions are held against XGBoost itself."""

from __future__ import annotations

import asyncio
import json
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.serving import Models, Served, computed, last_words, served
from tests.support.engine import CHECKOUT

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLE = CHECKOUT / "samples" / "breast-cancer"
CSV = "".join((SAMPLE / "data" / "part-0.csv").read_text().splitlines(keepends=True)[:5]).encode()
#: The same rows with nothing in their last ten cells.
GAPS = b"".join(b",".join([*row.split(b",")[:20], *[b""] * 10]) + b"\n" for row in CSV.splitlines())

#: Models in every form in which one comes, each in a folder of its own, and what XGBoost says of some rows.
PROGRAM = """
import json, pickle
from pathlib import Path
import numpy as np, xgboost

def rows(name):
    cells = [line.split(",") for line in Path(name).read_text().splitlines()]
    return np.array([[float(cell or "nan") for cell in row] for row in cells], dtype=np.float32)

def predict(model, data):
    return model.predict(xgboost.DMatrix(data), validate_features=False).tolist()

def folder(name):
    Path(name).mkdir()
    return Path(name)

booster = xgboost.Booster(model_file="native/xgboost-model")
data, gaps = rows("rows.csv"), rows("gaps.csv")
(folder("pickle") / "xgboost-model").write_bytes(pickle.dumps(booster))
(folder("old") / "xgboost-model").write_bytes(booster.save_raw(raw_format="deprecated"))
(folder("json") / "xgboost-model.json").write_bytes(booster.save_raw(raw_format="json"))
def train(labels, **parameters):
    return xgboost.train({"min_child_weight": 0, **parameters}, xgboost.DMatrix(data, labels), 5)

classes = train([0, 1, 2, 0, 1], objective="multi:softprob", num_class=3)
classes.save_model(folder("classes") / "model.ubj")
other = train([0, 1, 0, 1, 1], objective="binary:logistic")
both = folder("ensemble")
booster.save_model(both / "a.ubj")
other.save_model(both / "b.ubj")
print(json.dumps({
    "rows": predict(booster, data),
    "gaps": predict(booster, gaps),
    "empty": predict(booster, np.full((1, 30), np.nan))[0],
    "classes": predict(classes, data),
    "other": predict(other, data),
}))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The sample's model in all its forms, and others."""
    folder = tmp_path_factory.mktemp("models")
    with tarfile.open(SAMPLE / "model.tar.gz") as archive:
        archive.extractall(folder / "native", filter="data")
    (folder / "rows.csv").write_bytes(CSV)
    (folder / "gaps.csv").write_bytes(GAPS)
    return Models(folder, await computed("xgboost", folder, PROGRAM))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def single(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The sample's model served as for an endpoint."""
    async with served("xgboost", tmp_path_factory.mktemp("single"), models.folder / "native") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def batch(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The sample's model served as for a batch transform job."""
    folder = tmp_path_factory.mktemp("batch")
    async with served("xgboost", folder, models.folder / "native", SAGEMAKER_BATCH="true") as server:
        yield server


def lines(body: bytes) -> list[float]:
    """The numbers of an answer that has one a line, the last line ended too."""
    assert body.endswith(b"\n")
    return [float(line) for line in body.decode().splitlines()]


def libsvm(rows: bytes, first: int, label: str = "") -> bytes:
    """CSV rows in libsvm's form, indices from `first`."""
    texts = [
        label + " ".join(f"{first + column}:{cell}" for column, cell in enumerate(row.split(",")) if cell)
        for row in rows.decode().splitlines()
    ]
    return ("\n".join(texts) + "\n").encode()


async def test_it_is_healthy_and_offers_a_call_for_each_processor(single: Served) -> None:
    assert (await single.get("/ping")).status == 200
    offered = await single.get("/execution-parameters")
    assert json.loads(offered.body) == {
        "MaxConcurrentTransforms": os.cpu_count(),
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 6,
    }
    assert (await single.get("/elsewhere")).status == 404


async def test_in_batch_predictions_are_lines_whatever_is_accepted(models: Models, batch: Served) -> None:
    for accept in (None, "text/csv", "application/json", "image/png"):
        answer = await batch.post(CSV, "text/csv", accept)
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/csv"
        assert lines(answer.body) == models.says["rows"]


async def test_one_call_at_a_time_predictions_are_joined_by_commas(models: Models, single: Served) -> None:
    answer = await single.post(CSV, "text/csv")
    assert answer.headers["content-type"] == "text/csv"
    assert [float(cell) for cell in answer.body.decode().split(",")] == models.says["rows"]


async def test_a_payload_without_a_content_type_is_refused_as_libsvm(batch: Served) -> None:
    answer = await batch.post(CSV)
    assert answer.status == 415
    assert answer.body.decode().startswith(
        "Loading libsvm data failed with Exception, please ensure data is in"
    )
    assert "The request has no ContentType" in answer.body.decode()


@pytest.mark.parametrize(
    "content_type",
    [
        "csv",
        "text/csv",
        "TEXT/CSV",
        "text/csv; charset=utf-8",
        "text/csv;label_size = 1",
        "text/csv; header=absent",
    ],
)
async def test_csv_goes_by_each_of_its_names(models: Models, batch: Served, content_type: str) -> None:
    assert lines((await batch.post(CSV, content_type)).body) == models.says["rows"]


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("application/json", "application/json is not an accepted ContentType: csv, libsvm, parquet, "),
        ("label_size=1; text/csv", "label_size=1; text/csv is not an accepted ContentType: csv, libsvm, "),
        ("text/csv; label_size=5", "Optional parameter label_size must be equal to 1"),
        ("application/x-parquet", "Content-type application/x-parquet is not supported."),
    ],
)
async def test_other_content_types_are_refused_in_the_images_words(
    batch: Served, content_type: str, text: str
) -> None:
    answer = await batch.post(CSV, content_type)
    assert answer.status == 415
    assert text in answer.body.decode()


async def test_json_and_json_lines_hold_scores(models: Models, single: Served) -> None:
    scores = [{"score": score} for score in models.says["rows"]]
    as_json = await single.post(CSV, "text/csv", "application/json")
    assert (as_json.headers["content-type"], json.loads(as_json.body)) == (
        "application/json",
        {"predictions": scores},
    )
    as_lines = await single.post(CSV, "text/csv", "application/jsonlines")
    assert [json.loads(line) for line in as_lines.body.splitlines()] == scores


@pytest.mark.parametrize("label", ["", "1 "], ids=["bare", "label"])
@pytest.mark.parametrize("content_type", ["libsvm", "text/libsvm", "text/x-libsvm"])
async def test_index_n_of_libsvm_is_column_n(
    models: Models, batch: Served, content_type: str, label: str
) -> None:
    answer = await batch.post(libsvm(CSV, 0, label), content_type)
    assert lines(answer.body) == models.says["rows"]


async def test_an_index_behind_the_models_columns_is_refused(batch: Served) -> None:
    answer = await batch.post(libsvm(CSV, 1), "text/libsvm")
    assert (answer.status, answer.body.decode()) == (
        400,
        "Unable to evaluate payload provided: Feature size of libsvm inference data 31 is larger than feature size "
        "of trained model 30.",
    )


async def test_a_row_of_libsvm_without_cells_is_one_of_missing_values(models: Models, batch: Served) -> None:
    rows = libsvm(CSV, 0).splitlines(keepends=True)
    answer = await batch.post(rows[0] + b"1\n\n" + rows[1], "text/libsvm")
    first, *empty, last = lines(answer.body)
    assert [first, last] == models.says["rows"][:2]
    assert empty == [models.says["empty"]] * 2


async def test_an_empty_cell_is_a_missing_value(models: Models, batch: Served) -> None:
    assert models.says["gaps"] != models.says["rows"]
    assert lines((await batch.post(GAPS, "text/csv")).body) == models.says["gaps"]
    assert lines((await batch.post(libsvm(GAPS, 0), "text/libsvm")).body) == models.says["gaps"]


@pytest.mark.parametrize("delimiter", [b";", b"\t", b" ", b":"])
async def test_cells_may_be_separated_otherwise(models: Models, batch: Served, delimiter: bytes) -> None:
    answer = await batch.post(CSV.replace(b",", delimiter), "text/csv; charset=utf-8")
    assert lines(answer.body) == models.says["rows"]


async def test_the_delimiter_is_the_one_that_the_image_guesses(batch: Served) -> None:
    # The commonest character of the first row, where no usual delimiter is: here a digit, which stands for a comma.
    answer = await batch.post(CSV.replace(b",", b"|"), "text/csv")
    assert answer.status == 415
    assert "could not convert string to float" in answer.body.decode()


async def test_quoted_cells_are_refused(batch: Served) -> None:
    quoted = b"".join(b'"' + row.replace(b",", b'","') + b'"\n' for row in CSV.splitlines())
    answer = await batch.post(quoted, "text/csv")
    assert answer.status == 415
    assert "could not convert string to float" in answer.body.decode()


@pytest.mark.parametrize("cell", [b"inf", b"-Infinity", b"1e39", b"1e400"])
async def test_an_infinite_cell_is_refused_with_its_place(batch: Served, cell: bytes) -> None:
    rows = CSV.splitlines(keepends=True)
    answer = await batch.post(rows[0] + cell + rows[1][rows[1].index(b",") :], "text/csv")
    assert answer.status == 415
    assert answer.body.decode() == (
        "Loading csv data failed with Exception, please ensure data is in csv format:\n"
        " <class 'xgboost.core.XGBoostError'>\n"
        " Check failed: valid: Input data contains `inf` or `nan` (row 2 of the payload, column 1)"
    )


async def test_nan_is_a_missing_value(models: Models, batch: Served) -> None:
    written = GAPS.replace(b",,", b",nan,").replace(b",,", b",NaN,").replace(b",\n", b",nan\n")
    assert lines((await batch.post(written, "text/csv")).body) == models.says["gaps"]


async def test_crlf_and_a_missing_last_newline_change_nothing(models: Models, batch: Served) -> None:
    for body in (CSV.replace(b"\n", b"\r\n"), CSV.rstrip(b"\n")):
        assert lines((await batch.post(body, "text/csv")).body) == models.says["rows"]


async def test_a_number_means_the_same_however_it_and_its_neighbours_are_written(tmp_path: Path) -> None:
    program = f"""
import json, random, sys
sys.path.insert(0, {str(CHECKOUT / "engine" / "runtimes" / "xgboost")!r})
import numpy as np
from formats import read_csv

source = random.Random(1)
ways = repr, "{{:.9g}}".format, "{{:e}}".format
written = [way(source.uniform(-10, 10) * 10.0 ** source.randint(-40, 40)) for way in ways for _ in range(2000)]
written += ["0", "-0.0", "7", "007", "+1.5", ".5", "5.", " 3 ", "1E5", "18446744073709551616", "0.1", "16777217"]
written += ["12345678901234567890123", "-9223372036854775809"]
wanted = np.array([float(number) for number in written], dtype=np.float32)
alone = np.array([read_csv(f"{{number}}\\n".encode())[0, 0] for number in written])
together = read_csv(",".join(written).encode() + b"\\r\\n")[0]
plain = read_csv("\\n".join(written[:6000]).encode())[:, 0]
print(json.dumps([bool(np.array_equal(found, wanted[:len(found)])) for found in (alone, together, plain)]))
"""
    assert await computed("xgboost", tmp_path, program) == [True, True, True]


async def test_many_predictions_are_written_as_few_are(tmp_path: Path) -> None:
    program = f"""
import json, random, sys
sys.path.insert(0, {str(CHECKOUT / "engine" / "runtimes" / "xgboost")!r})
import numpy as np
from formats import write_lines

source = random.Random(1)
numbers = [source.uniform(-10, 10) * 10.0 ** source.randint(-46, 37) for _ in range(20000)]
numbers += [0.0, -0.0, 1e-3, 1e-4, 1e-5, 1e15, 1e16, 1.0, 0.5, float("nan"), float("inf"), -float("inf")]
many = np.array(numbers, dtype=np.float32)
few = many[-12:]

def told(predictions):
    return "".join(str(number) + chr(10) for number in predictions.tolist()).encode()

print(json.dumps([write_lines(predictions) == told(predictions) for predictions in (many, few)]))
"""
    assert await computed("xgboost", tmp_path, program) == [True, True]


@pytest.mark.parametrize("payload", [b"1,2\n3\n4,5,6\n", b"1,2\n3,4,5\n", b"1,2,3\n4,5\n", b"1,2\n\n3\n"])
async def test_rows_of_different_lengths_are_refused(batch: Served, payload: bytes) -> None:
    answer = await batch.post(payload, "text/csv")
    assert answer.status == 415


async def test_requests_at_the_same_time_get_each_its_own_answer(models: Models, batch: Served) -> None:
    rows = [*CSV.splitlines(keepends=True), b"1,2\n", CSV]
    answers = await asyncio.gather(*(batch.post(rows[number % 7], "text/csv") for number in range(70)))
    for number, answer in enumerate(answers):
        if number % 7 == 5:
            assert answer.status == 400
        else:
            expected = models.says["rows"] if number % 7 == 6 else [models.says["rows"][number % 7]]
            assert lines(answer.body) == expected


async def test_an_empty_payload_has_no_answer(batch: Served) -> None:
    answer = await batch.post(b"", "text/csv")
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"1,two,3\n", "text/csv", "Loading csv data failed with Exception, please ensure data is in"),
        (b"1,2\n3\n", "text/csv", "Loading csv data failed with Exception"),
        (b'"a",1\n', "text/csv", "Loading csv data failed with Exception"),
        (b"true,1\n", "text/csv", "Loading csv data failed with Exception"),
        (b"x" * 200_000, "text/csv", "Loading csv data failed with Exception"),
        (b"\xff\xfe\n", "text/csv", "Loading csv data failed with Exception"),
        (b"1:one\n", "text/libsvm", "Loading libsvm data failed with Exception"),
        (b"one:1\n", "text/libsvm", "invalid literal for int() with base 10: 'one'"),
    ],
    ids=[
        "word",
        "ragged",
        "quoted word",
        "word of JSON",
        "long word",
        "not text",
        "libsvm word",
        "libsvm index",
    ],
)
async def test_a_payload_that_cannot_be_read_is_a_415(
    batch: Served, body: bytes, content_type: str, text: str
) -> None:
    answer = await batch.post(body, content_type)
    assert answer.status == 415
    assert text in answer.body.decode()


async def test_an_answer_in_an_unknown_form_is_a_406(single: Served) -> None:
    answer = await single.post(CSV, "text/csv", "image/png")
    assert answer.status == 406
    assert "Accept type image/png is not supported" in answer.body.decode()
    assert "'application/json', 'application/jsonlines', 'application/x-recordio-protobuf', 'text/csv'" in (
        answer.body.decode()
    )


@pytest.mark.parametrize("columns", [29, 31])
async def test_a_wrong_number_of_columns_is_a_400_that_names_both(batch: Served, columns: int) -> None:
    body = b"".join(b",".join([*row.split(b","), b"1"][:columns]) + b"\n" for row in CSV.splitlines())
    answer = await batch.post(body, "text/csv")
    assert (answer.status, answer.body.decode()) == (
        400,
        f"Unable to evaluate payload provided: Feature size of csv inference data {columns} is not consistent with "
        "feature size of trained model 30.",
    )


@pytest.mark.parametrize("form", ["pickle", "old", "json"])
async def test_a_model_may_come_in_any_form(models: Models, tmp_path: Path, form: str) -> None:
    async with served("xgboost", tmp_path, models.folder / form, SAGEMAKER_BATCH="true") as server:
        assert lines((await server.post(CSV, "text/csv")).body) == models.says["rows"]
        assert any("1 model(s) loaded" in line for line in server.log)


async def test_several_model_files_are_an_ensemble(models: Models, tmp_path: Path) -> None:
    (models.folder / "ensemble" / ".hidden").write_bytes(b"no model")
    async with served("xgboost", tmp_path, models.folder / "ensemble", SAGEMAKER_BATCH="true") as server:
        predictions = lines((await server.post(CSV, "text/csv")).body)
    pairs = zip(models.says["rows"], models.says["other"], strict=True)
    assert predictions == pytest.approx([sum(pair) / 2 for pair in pairs], rel=1e-6)


async def test_the_answer_for_each_row_of_several_classes_is_a_list(models: Models, tmp_path: Path) -> None:
    async with served("xgboost", tmp_path, models.folder / "classes", SAGEMAKER_BATCH="true") as server:
        body = (await server.post(CSV, "text/csv")).body
    assert [json.loads(line) for line in body.splitlines()] == models.says["classes"]


async def test_a_corrupt_model_ends_the_program_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "xgboost-model").write_bytes(b"this is no model")
    status, output = await last_words("xgboost", tmp_path / "home", tmp_path)
    assert status == 1
    assert "Model xgboost-model cannot be loaded: " in output


async def test_a_pickle_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"\x80\x04N.")
    status, output = await last_words("xgboost", tmp_path / "home", tmp_path)
    assert (status, output) == (1, "Model model is a NoneType of builtins, not an XGBoost model")


async def test_an_archive_without_a_model_says_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    status, output = await last_words("xgboost", tmp_path / "home", tmp_path / "model")
    assert status == 1
    assert "put the file xgboost-model at the archive's top" in output


async def test_a_script_of_one_s_own_is_refused_rather_than_passed_over(
    tmp_path: Path, models: Models
) -> None:
    folder = models.folder / "native"
    status, output = await last_words("xgboost", tmp_path, folder, SAGEMAKER_PROGRAM="inference.py")
    assert status == 1
    assert "SAGEMAKER_PROGRAM is inference.py, but a script of one's own is not run here" in output
