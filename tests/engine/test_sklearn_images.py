"""Models saved by the libraries of the scikit-learn images predict as those libraries do, or are refused."""

from __future__ import annotations

import json
import math
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.serving import computed, last_words, prepared, served
from tests.engine.transforms import archive, container, transform
from tests.support.engine import CHECKOUT, EngineProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A folder for each image's tag: models saved by the image's library, and what that library answers (make_models.py).
SAVED = Path(__file__).with_name("sklearn_models") / "saved_by_images.tar.xz"
#: A tree that scikit-learn 1.2.1 saved.
TREE = SAVED.with_name("tree_of_1.2.1.joblib")
#: How many models each folder has.
COUNTS = {"1.4-2": 8, "1.2-1": 8, "1.0-1": 141, "0.23-1": 141}
#: The models that the library here is not known to predict with as the image's does.
REFUSED = {
    "1.4-2": [],
    "1.2-1": [],
    "1.0-1": ["binary-histogram", "histogram-classifier", "histogram-regressor", "independent", "pls", "poisson"],
    "0.23-1": [
        "binary-histogram", "calibrated", "histogram-classifier", "histogram-regressor", "independent", "isotonic",
        "pls", "poisson", "polynomial",
    ],
}  # fmt: skip
SCRIPT = """
import os, joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""

#: What each model of a folder answers as the runtime's own module lets it be loaded, and the classes in it.
PROGRAM = """
import json, sys, warnings
from pathlib import Path

warnings.simplefilter("ignore")
sys.path[:0] = [{runtime!r}, {tools!r}]
import joblib
from make_models import ask, inputs
from saved_models import check_models
from sklearn.base import BaseEstimator

check_models({tag!r})
classes = set()
set_state = BaseEstimator.__setstate__

def set_seen_state(estimator, state):
    classes.add(type(estimator).__name__)
    set_state(estimator, state)

BaseEstimator.__setstate__ = set_seen_state
folder, given, loaded = Path({folder!r}), inputs(), {{}}
for name, saved in json.loads((folder / "answers.json").read_text())["answers"].items():
    classes.clear()
    try:
        model = joblib.load(folder / (name + ".joblib"))
    except SystemExit as error:
        loaded[name] = {{"refused": str(error)}}
    else:
        loaded[name] = {{"says": ask(model, given[saved["input"]]), "classes": sorted(classes)}}
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of saved models, by tag."""
    folder = tmp_path_factory.mktemp("saved")
    with tarfile.open(SAVED) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def load_all(saved: Path, tag: str, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What came of loading each model of a tag in its runtime, and what the image's library answered."""
    runtime = str(CHECKOUT / "engine" / "runtimes" / "sklearn")
    program = PROGRAM.format(runtime=runtime, tools=str(SAVED.parent), folder=str(saved / tag), tag=tag)
    loaded = await computed(f"sagemaker-scikit-learn:{tag}-cpu-py3", directory, program)
    answers = json.loads((saved / tag / "answers.json").read_text())["answers"]
    return loaded, {name: answer["says"] for name, answer in answers.items()}


def values(answer: Any) -> Iterator[Any]:
    """The numbers and texts of nested lists, and how many each has."""
    if not isinstance(answer, list):
        yield answer
        return
    yield f"{len(answer)} values"
    for part in answer:
        yield from values(part)


def are_equal(answer: Any, expected: Any) -> bool:
    """Whether two answers have the same form, texts and numbers.

    Sums may differ in the last digits: they depend on the processor and on the NumPy and SciPy beside the library.
    """
    pairs = zip(values(answer), values(expected), strict=False)
    same_size = len(list(values(answer))) == len(list(values(expected)))
    return same_size and all(
        math.isclose(number, expected_number, rel_tol=1e-9, abs_tol=1e-12)
        if isinstance(number, float) and isinstance(expected_number, float)
        else number == expected_number
        for number, expected_number in pairs
    )


@pytest.mark.parametrize("tag", list(COUNTS))
async def test_models_predict_as_the_library_of_their_image(saved: Path, tmp_path: Path, tag: str) -> None:
    loaded, expected_answers = await load_all(saved, tag, tmp_path)
    assert len(expected_answers) == COUNTS[tag]
    assert sorted(name for name, model in loaded.items() if "refused" in model) == REFUSED[tag]
    for name, model in loaded.items():
        if "refused" in model:
            assert f"stands in for the library of image {tag} " in model["refused"]
            continue
        assert list(model["says"]) == list(expected_answers[name]), name
        for method, answer in model["says"].items():
            assert are_equal(answer, expected_answers[name][method]), name


@pytest.mark.parametrize(
    ("tag", "tables"),
    [("1.0-1", ["COMPARED", "COMPARED_WITH_1_0"]), ("0.23-1", ["COMPARED"])],
    ids=["1.0-1", "0.23-1"],
)
async def test_each_class_that_is_let_through_has_been_compared(
    saved: Path, tmp_path: Path, tag: str, tables: list[str]
) -> None:
    loaded, _ = await load_all(saved, tag, tmp_path)
    compared = {name for model in loaded.values() for name in model.get("classes", [])}
    runtime = str(CHECKOUT / "engine" / "runtimes" / "sklearn")
    union = " | ".join(f"saved_models.{table}" for table in tables)
    program = (
        f"import json, sys\nsys.path.insert(0, {runtime!r})\nimport saved_models\n"
        f"print(json.dumps(sorted({union})))"
    )
    assert await computed(f"sagemaker-scikit-learn:{tag}", tmp_path, program) == sorted(compared)


def model_folder(directory: Path, model: Path) -> Path:
    """A model folder with that model and the plainest script."""
    (directory / "code").mkdir(parents=True)
    (directory / "code" / "inference.py").write_text(SCRIPT)
    shutil.copy(model, directory / "model.joblib")
    return directory


async def test_a_tree_of_the_image_s_own_version_predicts(tmp_path: Path) -> None:
    model = model_folder(tmp_path / "model", TREE)
    async with served("sagemaker-scikit-learn:1.2-1-cpu-py3", tmp_path / "home", model) as server:
        answer = await server.post(b"[[0], [1]]", "application/json")
    assert (answer.status, json.loads(answer.body)) == (200, [0, 1])


@pytest.mark.parametrize(
    ("tag", "folder", "library"),
    [("1.2-1", "1.4-2", "1.2.1"), ("0.23-1", "1.2-1", "1.1.3")],
    ids=["1.2-1", "0.23-1"],
)
async def test_a_model_of_a_later_version_is_refused_with_both(
    saved: Path, tmp_path: Path, tag: str, folder: str, library: str
) -> None:
    model = model_folder(tmp_path / "model", saved / folder / "words.joblib")
    status, text = await last_words(f"sagemaker-scikit-learn:{tag}", tmp_path / "home", model)
    assert status == 1
    later = json.loads((saved / folder / "answers.json").read_text())["version"]
    assert (
        f"saved by scikit-learn {later}, which is newer than scikit-learn {library}, the library that serves"
        in text
    )
    assert f"image {tag}: " in text


async def test_a_tree_of_a_later_version_fails_the_job_with_both(saved: Path, tmp_path: Path) -> None:
    await prepared("sagemaker-scikit-learn:1.2-1", tmp_path)
    engine = EngineProcess(tmp_path / "engine").start()
    try:
        files = {
            "code/inference.py": SCRIPT.encode(),
            "model.joblib": (saved / "1.4-2" / "tree-classifier.joblib").read_bytes(),
        }
        definition = {**container(engine, archive(files)), "Image": "sagemaker-scikit-learn:1.2-1"}
        reason = transform(engine, {"x": b"1\n"}, containers=[definition]).failed()
    finally:
        engine.stop()
    assert reason.startswith(
        "ClientError: model.joblib was saved by scikit-learn 1.4.2, which is newer than scikit-learn 1.2.1, the "
        "library that serves image 1.2-1: "
    )
