"""tensorflow-serving-batch.md: pictures as JPEG objects and in TFRecords, with the document's scripts and commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from string import whitespace

import pytest

from tests.contract.cloud import Cloud
from tests.engine.tensorflow.saved_models import SavedModels

pytestmark = [pytest.mark.xdist_group("tensorflow"), pytest.mark.timeout(1800)]

#: The document's text, in files: its commands, and its two versions of inference.py letter by letter, with the
#: indentation that the page has lost.
DOCUMENT = Path(__file__).with_name("tensorflow_serving_batch")
BUCKET = "sagemaker-data-bucket"
REQUIREMENTS = {"jpeg": "", "tfrecord": "tensorflow==1.13.1\n"}


@pytest.fixture(scope="module")
def pictures_cloud(cloud: Cloud, saved_models: SavedModels) -> Cloud:
    """The engine with the pictures in a bucket, as objects and in TFRecord files."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for kind, paths in (("jpeg", saved_models.pictures), ("tfrecord", saved_models.records)):
        for path in paths:
            s3.upload_file(str(path), BUCKET, f"{kind}-images/{path.name}")
    return cloud


def packed(folder: Path, saved_models: SavedModels, kind: str) -> Path:
    """The folder as the document has it before `tar`: the code, and the SavedModel in a folder of its own."""
    (folder / "code").mkdir()
    shutil.copy(DOCUMENT / f"inference_{kind}.txt", folder / "code" / "inference.py")
    (folder / "code" / "requirements.txt").write_text(REQUIREMENTS[kind])
    shutil.copytree(saved_models.folder / "pictures", folder / "resnet_v2_fp32_savedmodel_NCHW_jpg")
    return folder


def run(cloud: Cloud, folder: Path, kind: str) -> dict[str, bytes]:
    """What the document's job writes, by the names of the objects."""
    script = cloud.run(folder, ["bash", "-eu", DOCUMENT / "cli.sh", BUCKET, cloud.role, kind])
    lines = script.lines()
    assert lines[-1] == "Completed", "\n".join([*lines, *log(cloud)])
    s3 = cloud.client("s3")
    prefix = f"{kind}-output/"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    return {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
        for item in listed
    }


def log(cloud: Cloud, job: str = "") -> list[str]:
    """The lines that the jobs whose names begin so have logged."""
    group = "/aws/sagemaker/TransformJobs"
    prefix = {"logStreamNamePrefix": job} if job else {}
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **prefix)
    return [event["message"] for page in pages for event in page["events"]]


@pytest.fixture(scope="module")
def jpeg_outputs(
    pictures_cloud: Cloud, saved_models: SavedModels, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The answers to the JPEG objects."""
    return run(pictures_cloud, packed(tmp_path_factory.mktemp("jpeg"), saved_models, "jpeg"), "jpeg")


@pytest.fixture(scope="module")
def tfrecord_outputs(
    pictures_cloud: Cloud, saved_models: SavedModels, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The answers to the TFRecord files, with requests batched."""
    return run(
        pictures_cloud, packed(tmp_path_factory.mktemp("tfrecord"), saved_models, "tfrecord"), "tfrecord"
    )


def test_each_picture_gets_the_prediction_of_its_model(
    saved_models: SavedModels, jpeg_outputs: dict[str, bytes]
) -> None:
    assert len({prediction["classes"] for prediction in saved_models.predictions}) > 2
    assert list(jpeg_outputs) == [f"{path.name}.out" for path in saved_models.pictures]
    for answer, expected in zip(jpeg_outputs.values(), saved_models.predictions, strict=True):
        [prediction] = json.loads(answer)["predictions"]
        assert prediction["classes"] == expected["classes"]
        assert prediction["probabilities"] == pytest.approx(expected["probabilities"], rel=1e-5)


def test_an_answer_looks_as_in_the_document(jpeg_outputs: dict[str, bytes]) -> None:
    head = b'{\n    "predictions": [\n        {\n            "probabilities": ['
    assert all(answer.startswith(head) for answer in jpeg_outputs.values())


def test_a_line_of_the_tfrecord_run_is_the_answer_to_the_same_picture(
    saved_models: SavedModels, jpeg_outputs: dict[str, bytes], tfrecord_outputs: dict[str, bytes]
) -> None:
    assert list(tfrecord_outputs) == [f"{path.name}.out" for path in saved_models.records]
    lines = b"".join(tfrecord_outputs.values()).decode().splitlines()
    without_space = dict.fromkeys(map(ord, whitespace))
    assert lines == [answer.decode().translate(without_space) for answer in jpeg_outputs.values()]


def test_a_picture_that_cannot_be_decoded_fails_alone(
    pictures_cloud: Cloud, saved_models: SavedModels, jpeg_outputs: dict[str, bytes]
) -> None:
    s3, sagemaker = pictures_cloud.client("s3"), pictures_cloud.client("sagemaker")
    s3.upload_file(str(saved_models.pictures[0]), BUCKET, "broken/a.jpg")
    s3.put_object(Bucket=BUCKET, Key="broken/b.jpg", Body=b"This is no picture.")
    [model] = sagemaker.list_models(NameContains="image-classification-tfs-jpeg")["Models"]
    job = "pictures-one-of-them-broken"
    sagemaker.create_transform_job(
        TransformJobName=job,
        ModelName=model["ModelName"],
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/broken/"}},
            "ContentType": "application/x-image",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/broken-output"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    with pytest.raises(Exception, match="terminal failure state"):
        waiter.wait(TransformJobName=job, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    log_text = "\n".join(log(pictures_cloud, job))
    assert f"{BUCKET}/broken/b.jpg" in log_text
    assert "Error: 400" in log_text
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="broken-output/")["Contents"]
    assert [item["Key"] for item in listed] == ["broken-output/a.jpg.out"]
    answer = s3.get_object(Bucket=BUCKET, Key="broken-output/a.jpg.out")["Body"].read()
    assert answer == next(iter(jpeg_outputs.values()))
