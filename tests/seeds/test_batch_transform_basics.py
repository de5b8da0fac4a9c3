"""batch-transform-basics.md: its request and its SDK demo on an XGBoost model, through every client."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloud import Cloud, Script
from tests.engine.resources import refused
from tests.seeds.models import XGBOOST_LATEST, pack
from tests.support.engine import EngineProcess
from tests.support.polling import until

#: One worker, so that the scripts are run once.
pytestmark = [pytest.mark.xdist_group("seeds"), pytest.mark.timeout(1800)]

SCRIPTS = Path(__file__).with_name("batch_transform_basics")
#: The rows of each object of the data.
PARTS = {"part-0": slice(0, 20), "part-1": slice(20, 30)}
#: XGBoost 0.72 adds the same numbers up in another order.
LAST_PLACE = {"rel": 1.3e-7, "abs": 5e-7}
MODEL = "target-model-for-inference"


@pytest.fixture(scope="module")
def bucket(cloud: Cloud, housing: dict[str, Any]) -> str:
    """The bucket with the document's data in two formats, and its model, which is created too."""
    name, s3 = "mybucket", cloud.client("s3")
    s3.create_bucket(Bucket=name)
    for part, rows in PARTS.items():
        csv = "".join(",".join(map(str, row)) + "\n" for row in housing["rows"][rows])
        libsvm = "".join(
            " ".join(["0", *(f"{column}:{cell}" for column, cell in enumerate(row))]) + "\n"
            for row in housing["rows"][rows]
        )
        s3.put_object(Bucket=name, Key=f"csv/{part}.csv", Body=csv.encode())
        s3.put_object(Bucket=name, Key=f"inputfolder/{part}.libsvm", Body=libsvm.encode())
    archive = pack({"xgboost-model": housing["folder"] / "xgboost-model"})
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=archive)
    cloud.client("sagemaker").create_model(
        ModelName=MODEL,
        PrimaryContainer={"Image": XGBOOST_LATEST, "ModelDataUrl": f"s3://{name}/model.tar.gz"},
        ExecutionRoleArn=cloud.role,
    )
    return name


@pytest.fixture(scope="module")
def running(
    cloud: Cloud, bucket: str, sdk2_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Script]]:
    """The document's code by client, started together."""
    commands: dict[str, list[str | Path]] = {
        "sdk2": [sdk2_python, SCRIPTS / "sdk2.py", bucket, cloud.role, "latest"],
        "sdk3": [sys.executable, SCRIPTS / "sdk3.py", bucket, cloud.role, "latest"],
        "cli": ["sh", "-eu", SCRIPTS / "cli.sh", bucket, cloud.role, XGBOOST_LATEST],
    }
    started = {name: cloud.run(tmp_path_factory.mktemp(name), command) for name, command in commands.items()}
    yield started
    for script in started.values():
        script.end()


def expected(housing: dict[str, Any], folder: str, ending: str) -> dict[str, Any]:
    """The predictions of each output object by its key."""
    return {
        f"{folder}/{part}.{ending}.out": pytest.approx(housing["predictions"][rows], **LAST_PLACE)
        for part, rows in PARTS.items()
    }


def outputs(lines: list[str]) -> dict[str, list[float]]:
    """Of each line `KEY.out: LINES` that a script printed: the key and the numbers."""
    printed_lines = [line.partition(": ") for line in lines if ".out: [" in line]
    return {key: [float(line) for line in ast.literal_eval(printed)] for key, _, printed in printed_lines}


def test_the_document_runs_from_top_to_bottom(
    running: dict[str, Script], housing: dict[str, Any], documents_engine: EngineProcess
) -> None:
    lines = running["sdk2"].lines()
    assert f"image: {XGBOOST_LATEST}" in lines
    assert outputs(lines) == {
        **expected(housing, "outputpath", "libsvm"),
        **expected(housing, "sdk2-latest", "csv"),
    }
    job = documents_engine.client("sagemaker").describe_transform_job(TransformJobName="my-job")
    assert job["TransformJobStatus"] == "Completed"
    assert "ContentType" not in job["TransformInput"]
    assert (job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]) == ("Line", "Line")


def test_the_sdk_3_runs_both(running: dict[str, Script], housing: dict[str, Any]) -> None:
    assert outputs(running["sdk3"].lines()) == {
        **expected(housing, "request-sdk3", "libsvm"),
        **expected(housing, "demo-sdk3", "csv"),
    }


def test_the_aws_cli_runs_both(running: dict[str, Script], housing: dict[str, Any]) -> None:
    assert running["cli"].lines().count("Completed") == 2
    folder = running["cli"].output.parent
    outputs_by_name = {
        str(path.relative_to(folder)): [float(line) for line in path.read_text().splitlines()]
        for path in folder.rglob("*.out")
    }
    assert outputs_by_name == {**expected(housing, "request", "libsvm"), **expected(housing, "demo", "csv")}


def request(bucket: str, **more: Any) -> dict[str, Any]:
    """The document's request with other members."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/csv"}
    return {
        "ModelName": MODEL,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/outputpath", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1},
        **more,
    }


def finished(engine: EngineProcess, name: str) -> dict[str, Any]:
    """DescribeTransformJob's answer once the job has ended."""
    sagemaker = engine.client("sagemaker")

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] != "InProgress" else None

    return until(ended, f"the end of {name}", 120)


def test_the_names_that_the_document_prints_are_refused(bucket: str, documents_engine: EngineProcess) -> None:
    sagemaker = documents_engine.client("sagemaker")
    with refused("ValidationException", "transformJobName"):
        sagemaker.create_transform_job(TransformJobName="my_job", **request(bucket))
    with refused("ValidationException", "modelName"):
        named = {**request(bucket), "ModelName": "target_model_for_inference"}
        sagemaker.create_transform_job(TransformJobName="my-named-job", **named)


def test_only_a_model_made_by_create_model_is_transformed_with(
    bucket: str, documents_engine: EngineProcess
) -> None:
    with refused("ValidationException", "Could not find model"):
        documents_engine.client("sagemaker").create_transform_job(
            TransformJobName="my-unmade-job", **request(bucket, ModelName="never-made")
        )


def test_each_object_may_have_an_instance_of_its_own(
    bucket: str, housing: dict[str, Any], documents_engine: EngineProcess
) -> None:
    name = "my-parallel-job"
    documents_engine.client("sagemaker").create_transform_job(
        TransformJobName=name,
        **request(
            bucket,
            TransformOutput={"S3OutputPath": f"s3://{bucket}/parallel", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m4.xlarge", "InstanceCount": 2},
        ),
    )
    assert finished(documents_engine, name)["TransformJobStatus"] == "Completed"
    s3, logs = documents_engine.client("s3"), documents_engine.client("logs")
    outputs_by_key = {
        item["Key"]: [
            float(line)
            for line in s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode().splitlines()
        ]
        for item in s3.list_objects_v2(Bucket=bucket, Prefix="parallel/")["Contents"]
    }
    assert outputs_by_key == expected(housing, "parallel", "csv")
    streams = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    instances = {stream["logStreamName"].removesuffix("/data-log") for stream in streams}
    assert len(instances) == 2


def test_rows_are_joined_with_their_inferences(
    bucket: str, housing: dict[str, Any], documents_engine: EngineProcess
) -> None:
    name = "my-joined-job"
    documents_engine.client("sagemaker").create_transform_job(
        TransformJobName=name,
        **request(
            bucket,
            TransformOutput={
                "S3OutputPath": f"s3://{bucket}/joined",
                "AssembleWith": "Line",
                "Accept": "text/csv",
            },
            DataProcessing={"JoinSource": "Input", "OutputFilter": "$[1:]"},
        ),
    )
    assert finished(documents_engine, name)["TransformJobStatus"] == "Completed"
    s3 = documents_engine.client("s3")
    lines = s3.get_object(Bucket=bucket, Key="joined/part-1.csv.out")["Body"].read().decode().splitlines()
    rows = PARTS["part-1"]
    assert [[float(cell) for cell in line.split(",")] for line in lines] == [
        [*row[1:], pytest.approx(prediction, rel=1e-7)]
        for row, prediction in zip(housing["rows"][rows], housing["predictions"][rows], strict=True)
    ]
