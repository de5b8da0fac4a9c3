"""tensorflow-serving-batch.md with the SDK 2, on photographs and the classifier of the sample "Classify pictures"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloud import Cloud
from tests.support.classifier import EXPECTED, LABELS, PHOTOGRAPHS, write_classifier
from tests.support.examples import picture_example
from tests.support.framing import tfrecord_bytes

pytestmark = [pytest.mark.xdist_group("tensorflow"), pytest.mark.timeout(1800)]

DOCUMENT = Path(__file__).with_name("tensorflow_serving_batch")
#: The photographs of each TFRecord file.
SHARDS = {"train-00000-of-00002": slice(0, 7), "train-00001-of-00002": slice(7, None)}
BUCKET = "photographs-data-bucket"


@pytest.fixture(scope="module")
def photographs_cloud(cloud: Cloud) -> Cloud:
    """The engine with the photographs in a bucket, as JPEG objects and in TFRecord files."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for path in PHOTOGRAPHS:
        s3.upload_file(str(path), BUCKET, f"photographs-jpeg/{path.name}")
    for name, part in SHARDS.items():
        body = tfrecord_bytes(picture_example(path.read_bytes()) for path in PHOTOGRAPHS[part])
        s3.put_object(Bucket=BUCKET, Key=f"photographs-tfrecord/{name}", Body=body)
    return cloud


@pytest.fixture(scope="module")
def outputs(
    photographs_cloud: Cloud, sdk2_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, bytes]]:
    """What the document's two jobs write, by the kind of input and the name of the object."""
    scripts = {}
    for kind in ("jpeg", "tfrecord"):
        folder = tmp_path_factory.mktemp(kind)
        script = (DOCUMENT / f"inference_{kind}.txt").read_bytes()
        write_classifier(folder / "model.tar.gz", script)
        command = [sdk2_python, DOCUMENT / "sdk2.py", BUCKET, photographs_cloud.role, kind]
        scripts[kind] = photographs_cloud.run(folder, command)
    s3 = photographs_cloud.client("s3")
    written: dict[str, dict[str, bytes]] = {}
    for kind, script in scripts.items():
        # The SDK's name for the image that the document's command line has as sagemaker-tensorflow-serving.
        assert script.lines()[-1].endswith("/tensorflow-inference:1.13-gpu")
        prefix = f"sdk2-{kind}-output/"
        written[kind] = {
            item["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
            for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
        }
    return written


def prediction(answer: bytes) -> Any:
    """The one prediction of an answer."""
    [only] = json.loads(answer)["predictions"]
    return only


def test_each_photograph_gets_its_label(outputs: dict[str, dict[str, bytes]]) -> None:
    assert list(outputs["jpeg"]) == [f"{path.name}.out" for path in PHOTOGRAPHS]
    for name, answer in outputs["jpeg"].items():
        expected, answered_prediction = EXPECTED[name.removesuffix(".out")], prediction(answer)
        assert LABELS[answered_prediction["classes"]] == expected["label"]
        assert len(answered_prediction["probabilities"]) == len(LABELS) == 1001
        assert answered_prediction["probabilities"][answered_prediction["classes"]] == pytest.approx(
            expected["score"], abs=1e-3
        )
        assert sum(answered_prediction["probabilities"]) == pytest.approx(1, abs=1e-4)


def test_a_line_of_the_batched_tfrecord_run_is_the_answer_to_the_same_photograph(
    outputs: dict[str, dict[str, bytes]],
) -> None:
    assert list(outputs["tfrecord"]) == [f"{name}.out" for name in SHARDS]
    lines = b"".join(outputs["tfrecord"].values()).splitlines()
    for line, answer in zip(lines, outputs["jpeg"].values(), strict=True):
        batched, alone = prediction(line), prediction(answer)
        assert batched["classes"] == alone["classes"]
        # A matrix of several rows is multiplied in another order than one row.
        assert batched["probabilities"] == pytest.approx(alone["probabilities"], rel=1e-4, abs=1e-7)
