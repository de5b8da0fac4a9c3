"""TensorFlow Serving jobs with something wrong in their input or model: it is named, and the rest is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.serving import computed
from tests.engine.tensorflow.saved_models import ARTICLE, SavedModels
from tests.engine.transforms import Transform, archive, put, transform
from tests.support.engine import CHECKOUT, EngineProcess
from tests.support.examples import picture_example
from tests.support.framing import tfrecord_bytes

pytestmark = [pytest.mark.xdist_group("tensorflow"), pytest.mark.timeout(1200)]

SCRIPTS = CHECKOUT / "tests" / "seeds" / "tensorflow_serving_batch"
PICTURES, EXAMPLES = {"ContentType": "application/x-image"}, {"ContentType": "application/x-tfexample"}


def started(
    engine: EngineProcess,
    model: Path,
    kind: str,
    inputs: dict[str, bytes],
    more: dict[str, str] | None = None,
) -> Transform:
    """A job of the article's script for that kind of input, on the version folder `model`."""
    files = {
        f"{model.name}/{path.relative_to(model).as_posix()}": path.read_bytes()
        for path in model.rglob("*")
        if path.is_file()
    }
    files["code/inference.py"] = (SCRIPTS / f"inference_{kind}.txt").read_bytes()
    data = put(engine, f"models/{model.parent.name}-{kind}.tar.gz", archive(files))
    content = PICTURES if kind == "jpeg" else EXAMPLES
    return transform(
        engine,
        inputs,
        containers=[{"Image": ARTICLE, "ModelDataUrl": data}],
        BatchStrategy="SingleRecord",
        TransformInput={**content, **(more or {})},
        TransformOutput={"AssembleWith": "Line"} if more else {},
    )


@pytest.fixture(scope="module")
def jobs(engine: EngineProcess, saved_models: SavedModels) -> dict[str, Transform]:
    """Three jobs, started together."""
    whole = saved_models.records[0].read_bytes()
    records = {
        "cut": whole[:-20],
        "no-picture": tfrecord_bytes([picture_example(b"This is no picture.")]),
        "whole": whole,
    }
    folder, picture = saved_models.folder, {"a.jpg": saved_models.pictures[0].read_bytes()}
    return {
        "records": started(
            engine, folder / "pictures" / "1538687370", "tfrecord", records, {"SplitType": "TFRecord"}
        ),
        "signature": started(engine, folder / "tables" / "half_plus_three" / "00000124", "jpeg", picture),
        "operator": started(engine, folder / "broken" / "half" / "7", "jpeg", picture),
    }


def test_a_cut_tfrecord_and_a_record_that_is_no_picture_fail_alone(
    jobs: dict[str, Transform], saved_models: SavedModels
) -> None:
    job = jobs["records"]
    assert job.ended(400)["TransformJobStatus"] == "Failed"
    assert "/cut: ClientError: The TFRecord record at byte " in job.data_log
    assert "is not whole: it ends at byte " in job.data_log
    assert "/no-picture: " in job.data_log
    assert "Error: 400" in job.data_log
    # The whole file is answered, as if it were alone.
    assert list(job.outputs) == ["whole.out"]
    lines = job.outputs["whole.out"].splitlines()
    classes = [json.loads(line)["predictions"][0]["classes"] for line in lines]
    assert classes == [row["classes"] for row in saved_models.predictions[: len(classes)]]
    assert len(classes) == len(saved_models.pictures) // len(saved_models.records)


def test_a_picture_for_a_model_that_takes_numbers_is_refused_with_the_type(
    jobs: dict[str, Transform],
) -> None:
    job = jobs["signature"]
    assert job.ended(400)["TransformJobStatus"] == "Failed"
    assert "/a.jpg: " in job.data_log
    assert "is not of expected type: float" in job.data_log
    assert job.outputs == {}


def test_an_operator_that_tensorflow_lacks_is_named_in_the_failure_reason(jobs: dict[str, Transform]) -> None:
    ended = jobs["operator"].ended(400)
    assert ended["TransformJobStatus"] == "Failed"
    assert "NoSuchOperator" in ended["FailureReason"]


async def test_first_requests_that_come_at_once_share_one_optimised_graph(
    saved_models: SavedModels, tmp_path: Path
) -> None:
    program = f"""
import json, sys, threading
sys.path.insert(0, {str(CHECKOUT / "engine" / "runtimes" / "tensorflow")!r})
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from container.graphs import load_version
folder = Path({str(saved_models.folder / "pictures" / "1538687370")!r})
signature = load_version("pictures", 1538687370, folder, 0, 0)["serving_default"]
at_once = threading.Barrier(16)
def first(_):
    at_once.wait()
    return id(signature.callable_for(("image_bytes",), ("classes", "probabilities")))
with ThreadPoolExecutor(16) as threads:
    print(json.dumps(len(set(threads.map(first, range(16))))))
"""
    assert await computed(ARTICLE, tmp_path, program) == 1
