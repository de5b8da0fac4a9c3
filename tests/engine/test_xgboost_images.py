"""Models saved by the libraries of the XGBoost images predict as those libraries do; payloads of their other forms."""

from __future__ import annotations

import json
import shutil
import struct
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.serving import Served, computed, last_words, served
from tests.support.engine import CHECKOUT

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A folder for each image's tag: models saved by the image's library, and what that library answers for some rows.
SAVED = Path(__file__).with_name("xgboost_models") / "saved_by_images.tar.gz"
NEWER = Path(__file__).with_name("xgboost_models") / "saved_by_3.2.ubj"
TAGS = ("latest", "0.90-2", "1.0-1", "1.2-1", "1.3-1", "1.5-1", "1.7-1", "3.0-5")
#: The libraries before 1.3 add the same numbers up in another order: half a unit in the last place of the largest leaf.
LAST_PLACE = {"rel": 1.3e-7, "abs": 5e-7}
#: survival:cox answers the exponential of the sum, in which its last place weighs more.
LAST_PLACE_OF_EXPONENT = {"rel": 3e-7}
OTHER_ORDER = ("latest", "0.90-2", "1.0-1", "1.2-1")


def image_of(tag: str) -> str:
    """The image of that tag; the oldest one alone is in the repository `xgboost`."""
    return f"xgboost:{tag}" if tag == "latest" else f"sagemaker-xgboost:{tag}"


#: Answers of every model of a folder, as the runtime's own modules load them for an image.
PROGRAM = """
import json, sys
from pathlib import Path
sys.path.insert(0, {runtime!r})
import numpy as np
from image_version import read_image_version
from models import load_model

folder = Path({folder!r})
saved = json.loads((folder / "answers.json").read_text())
rows = np.array([[float(cell) if cell != "" else np.nan for cell in row] for row in saved["rows"]], dtype=np.float32)
image = read_image_version({tag!r})
print(json.dumps({{name: load_model(folder / name, image).predict(rows).tolist() for name in saved["answers"]}}))
"""

#: Models of several objectives, each in a folder of its own, and what XGBoost says of two rows.
OBJECTIVES = """
import json
from pathlib import Path
import numpy as np, xgboost

data = np.array([[0, 1], [1, 0], [2, 2], [0, 3]], dtype=np.float32)
said = {}
for objective, labels, others in (
    ("binary:logistic", [0, 1, 1, 0], {}),
    ("multi:softprob", [0, 1, 2, 1], {"num_class": 3}),
    ("multi:softmax", [0, 1, 2, 1], {"num_class": 3}),
    ("reg:squarederror", [1, 2, 3, 4], {}),
    ("rank:pairwise", [0, 1, 1, 0], {}),
):
    folder = Path(objective.replace(":", "-"))
    folder.mkdir()
    parameters = {"objective": objective, "min_child_weight": 0, **others}
    booster = xgboost.train(parameters, xgboost.DMatrix(data, labels), 3)
    booster.save_model(folder / "xgboost-model.json")
    said[folder.name] = booster.predict(xgboost.DMatrix(data[:2])).tolist()
print(json.dumps(said))
"""
ROWS = b"0,1\n1,0\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of saved models, by tag."""
    folder = tmp_path_factory.mktemp("saved")
    with tarfile.open(SAVED) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def objectives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with a folder for each objective, and XGBoost's own predictions."""
    folder = tmp_path_factory.mktemp("objectives")
    return folder, await computed("xgboost", folder, OBJECTIVES)


@pytest.mark.parametrize("tag", TAGS)
async def test_models_predict_as_the_library_of_their_image(saved: Path, tmp_path: Path, tag: str) -> None:
    runtime = str(CHECKOUT / "engine" / "runtimes" / "xgboost")
    program = PROGRAM.format(runtime=runtime, folder=str(saved / tag), tag=tag)
    answers = await computed(image_of(tag), tmp_path, program)
    expected_answers = json.loads((saved / tag / "answers.json").read_text())["answers"]
    assert len(expected_answers) >= 13
    for name, predictions in expected_answers.items():
        if tag in OTHER_ORDER:
            places = LAST_PLACE_OF_EXPONENT if name.startswith("cox") else LAST_PLACE
            assert answers[name] == [pytest.approx(row, **places) for row in predictions], name
        else:
            assert answers[name] == predictions, name


@pytest.mark.parametrize(
    ("tag", "name", "words"),
    [
        ("0.90-2", "hinge.bin", "the objective binary:hinge"),
        ("0.90-2", "hinge.pkl", "the objective binary:hinge"),
        ("latest", "dart.bin", "the booster dart"),
        ("latest", "dart.pkl", "the booster dart"),
    ],
)
async def test_what_an_old_library_computes_otherwise_is_refused(
    saved: Path, tmp_path: Path, tag: str, name: str, words: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(saved / tag / name, model / "xgboost-model")
    status, text = await last_words(image_of(tag), tmp_path / "home", model)
    assert status == 1
    assert (
        f"Model xgboost-model has {words}, for which the XGBoost of image {tag} gives other numbers" in text
    )


@pytest.mark.parametrize("name", ["logistic.pkl", "softmax.json"])
async def test_an_image_before_1_0_refuses_a_model_of_a_later_library(
    saved: Path, tmp_path: Path, name: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(saved / "1.0-1" / name, model / "xgboost-model")
    status, text = await last_words("sagemaker-xgboost:0.90-1", tmp_path / "home", model)
    assert status == 1
    assert "was saved by XGBoost 1.0.1, which is newer than XGBoost 0.90 of image 0.90-1" in text


async def test_a_pickle_of_before_1_0_is_refused_by_later_images_as_their_library_does(
    saved: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(saved / "0.90-2" / "logistic.pkl", model / "xgboost-model")
    status, text = await last_words("sagemaker-xgboost:1.7-1", tmp_path / "home", model)
    assert status == 1
    assert "If you are loading a serialized model (like pickle in Python" in text


async def test_early_stopping_counts_only_where_the_image_reads_it(saved: Path) -> None:
    answers = {
        tag: json.loads((saved / tag / "answers.json").read_text())["answers"] for tag in ("1.3-1", "1.7-1")
    }
    assert answers["1.3-1"]["early-stopping.pkl"] != answers["1.3-1"]["early-stopping.bin"]
    assert answers["1.7-1"]["early-stopping.pkl"] == answers["1.7-1"]["early-stopping.bin"]


@pytest.mark.parametrize(("tag", "library"), [("1.7-1", "2.1.4"), ("3.0-5", "3.0.5")], ids=["1.7-1", "3.0-5"])
async def test_a_model_of_a_newer_library_is_refused_with_both_versions(
    tmp_path: Path, tag: str, library: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(NEWER, model / "xgboost-model")
    status, text = await last_words(f"sagemaker-xgboost:{tag}", tmp_path / "home", model)
    assert status == 1
    assert text.startswith(
        f"Model xgboost-model was saved by XGBoost 3.2.0, which is newer than XGBoost {library}, the library that "
        f"serves image {tag}: "
    )


@pytest.mark.parametrize("name", ["early-stopping.pkl", "early-stopping.ubj", "early-stopping.json"])
async def test_a_newer_model_is_recognised_in_each_form(saved: Path, tmp_path: Path, name: str) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(saved / "3.0-5" / name, model)
    status, text = await last_words("sagemaker-xgboost:1.7-1", tmp_path / "home", model)
    assert status == 1
    assert "was saved by XGBoost 3.0.5, which is newer than XGBoost 2.1.4" in text


async def test_a_model_of_another_library_is_named(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.txt").write_text("tree\nversion=v4\nnum_class=1\n")
    status, text = await last_words("xgboost", tmp_path / "home", model)
    assert (status, text) == (
        1,
        "Model model.txt is a file of LightGBM, not an XGBoost model: the XGBoost image cannot load it. Use an image "
        "with that library.",
    )


async def test_the_newest_image_shifts_libsvm_that_counts_from_one(
    objectives: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, expected_answers = objectives
    model = folder / "reg-squarederror"
    async with served("sagemaker-xgboost:3.0-5", tmp_path, model, SAGEMAKER_BATCH="true") as server:
        answer = await server.post(b"9 1:0 2:1\n9 1:1 2:0\n", "text/libsvm")
    assert [float(line) for line in answer.body.split()] == expected_answers["reg-squarederror"]


def tensor(values: list[float], keys: list[int], width: int) -> bytes:
    """A Value with a Float32Tensor; with keys it is sparse."""
    packed = struct.pack(f"<{len(values)}f", *values)
    content = b"\x0a" + bytes([len(packed)]) + packed
    if keys:
        content += b"\x12" + bytes([len(keys), *keys]) + b"\x1a" + bytes([1, width])
    return b"\x12" + bytes([len(content)]) + content


def recordio(*values: bytes) -> bytes:
    """Records with a feature "values" each, in their frames."""
    frames = []
    for value in values:
        entry = b"\x0a\x06values\x12" + bytes([len(value)]) + value
        record = b"\x0a" + bytes([len(entry)]) + entry
        frames.append(struct.pack("<II", 0xCED7230A, len(record)) + record + b"\0" * (-len(record) % 4))
    return b"".join(frames)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def regression(
    objectives: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """The regression model served as for a batch transform job."""
    model = objectives[0] / "reg-squarederror"
    async with served(
        "xgboost", tmp_path_factory.mktemp("regression"), model, SAGEMAKER_BATCH="true"
    ) as server:
        yield server


@pytest.mark.parametrize("content_type", ["application/x-recordio-protobuf", "recordio-protobuf"])
async def test_recordio_protobuf_is_read_dense_and_sparse(
    objectives: tuple[Path, dict[str, Any]], regression: Served, content_type: str
) -> None:
    predictions = objectives[1]["reg-squarederror"]
    dense = await regression.post(recordio(tensor([0, 1], [], 2), tensor([1, 0], [], 2)), content_type)
    assert [float(line) for line in dense.body.split()] == predictions
    sparse = await regression.post(
        recordio(tensor([0, 1], [0, 1], 2), tensor([1, 0], [0, 1], 2)), content_type
    )
    assert [float(line) for line in sparse.body.split()] == predictions


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"no records", "Invalid RecordIO magic at offset 0"),
        (struct.pack("<II", 0xCED7230A, 99), "Truncated record at offset 8"),
        (struct.pack("<II", 0xCED7230A, 4) + b"\x0a\xff\xff\xff", "A record is cut off"),
        (recordio(), "No records found in RecordIO-Protobuf data"),
    ],
)
async def test_a_broken_record_is_refused(regression: Served, payload: bytes, reason: str) -> None:
    answer = await regression.post(payload or b"\x00", "application/x-recordio-protobuf")
    assert answer.status == 415
    assert answer.body.decode().startswith(
        "Loading recordio-protobuf data failed with Exception, please ensure"
    )
    assert reason in answer.body.decode() or not payload


@pytest.mark.parametrize(
    ("model", "keys", "accept", "content"),
    [
        ("binary-logistic", "predicted_label, Probability", "text/csv", "{label},{score}\n"),
        ("binary-logistic", "labels", "text/csv", '"[0, 1]"\n'),
        ("binary-logistic", "probabilities,score", "text/csv", '"{scores}",nan\n'),
        (
            "binary-logistic",
            "raw_score,predicted_label,unknown",
            "application/jsonlines",
            '{{"predicted_label": {label}, "raw_score": {score}, "unknown": NaN}}\n',
        ),
        ("reg-squarederror", "predicted_score,probability", "text/csv", "{score},nan\n"),
    ],
)
async def test_selected_output_of_one_number_a_row(
    objectives: tuple[Path, dict[str, Any]], tmp_path: Path, model: str, keys: str, accept: str, content: str
) -> None:
    folder, expected_answers = objectives
    variables = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_INFERENCE_OUTPUT": keys}
    async with served("xgboost", tmp_path, folder / model, **variables) as server:
        answer = await server.post(ROWS, "text/csv", accept)
    assert (answer.status, answer.headers["content-type"]) == (200, accept)
    assert answer.body.decode() == "".join(
        content.format(label=int(score > 0.5), score=score, scores=[1.0 - score, score])
        for score in expected_answers[model]
    )


async def test_selected_output_of_several_classes_in_every_form(
    objectives: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, expected_answers = objectives
    keys = "predicted_label,labels,probability,probabilities"
    variables = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_INFERENCE_OUTPUT": keys}
    rows = expected_answers["multi-softprob"]
    async with served("xgboost", tmp_path, folder / "multi-softprob", **variables) as server:
        as_json = await server.post(ROWS, "text/csv", "application/json")
        as_csv = await server.post(ROWS, "text/csv")
        as_records = await server.post(ROWS, "text/csv", "application/x-recordio-protobuf")
        refused = await server.post(ROWS, "text/csv", "image/png")
    rows_of_answer = [
        {
            "predicted_label": row.index(max(row)),
            "labels": [0, 1, 2],
            "probability": max(row),
            "probabilities": row,
        }
        for row in rows
    ]
    assert json.loads(as_json.body) == {"predictions": rows_of_answer}
    assert as_csv.body.decode() == "".join(
        f'{row["predicted_label"]},"{row["labels"]}",{row["probability"]},"{row["probabilities"]}"\n'
        for row in rows_of_answer
    )
    magic, length = struct.unpack_from("<II", as_records.body)
    assert magic == 0xCED7230A
    assert struct.pack("<3f", *rows[0]) in as_records.body[8 : 8 + length]
    assert refused.status == 406


async def test_an_objective_without_selectable_output_is_a_500(
    objectives: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    variables = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"}
    async with served("xgboost", tmp_path, objectives[0] / "rank-pairwise", **variables) as server:
        answer = await server.post(ROWS, "text/csv")
    assert (answer.status, answer.body.decode()) == (
        500,
        "Objective `rank:pairwise` unsupported for selectable inference predictions.",
    )
