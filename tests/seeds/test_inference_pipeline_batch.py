"""inference-pipeline-batch.md: its job over SparkML and XGBoost, through every client."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloud import Cloud, Script
from tests.seeds.models import SCHEMA, pack, pack_abalone_pipeline
from tests.support.engine import REGION, EngineProcess

#: One worker, so that the scripts are run once.
pytestmark = [pytest.mark.xdist_group("seeds"), pytest.mark.timeout(1800)]

SCRIPTS = Path(__file__).with_name("inference_pipeline_batch")
CLIENTS = ("boto3", "cli", "sdk2", "sdk3")


@pytest.fixture(scope="module")
def buckets(
    cloud: Cloud, abalone: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A bucket for each client, with the document's data at key/file_name and the archives of both models.

    The document writes key/file_name.out, whose name begins with that of its input: a second job over key/file_name
    would read it too.
    """
    s3 = cloud.client("s3")
    rows = "".join(",".join(row) + "\n" for row in abalone["rows"])
    bodies = {
        "key/file_name": rows.encode(),
        "sparkml/model.tar.gz": pack_abalone_pipeline(tmp_path_factory.mktemp("bundle")),
        "xgboost/model.tar.gz": pack({"xgboost-model": abalone["folder"] / "xgboost-model"}),
    }
    buckets = {client: f"inference-pipeline-{client}" for client in CLIENTS}
    for bucket in buckets.values():
        s3.create_bucket(Bucket=bucket)
        for key, body in bodies.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    return buckets


@pytest.fixture(scope="module")
def running(
    cloud: Cloud, buckets: dict[str, str], sdk2_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Script]]:
    """The document's code by client, started together."""
    programs: dict[str, list[str | Path]] = {
        "boto3": [sys.executable, SCRIPTS / "with_boto3.py"],
        "cli": ["sh", "-eu", SCRIPTS / "cli.sh"],
        "sdk2": [sdk2_python, SCRIPTS / "sdk2.py"],
        "sdk3": [sys.executable, SCRIPTS / "sdk3.py"],
    }
    started = {
        client: cloud.run(
            tmp_path_factory.mktemp(client), [*program, buckets[client], cloud.role, REGION, SCHEMA]
        )
        for client, program in programs.items()
    }
    yield started
    for script in started.values():
        script.end()


def predictions(lines: list[str]) -> list[float]:
    """The numbers of the lines `prediction: NUMBER`."""
    return [float(line.removeprefix("prediction: ")) for line in lines if line.startswith("prediction: ")]


def text_behind(lines: list[str], word: str) -> str:
    """What a script printed behind `WORD: `."""
    [line] = [line for line in lines if line.startswith(f"{word}: ")]
    return line.removeprefix(f"{word}: ")


def value(lines: list[str], word: str) -> Any:
    """The same, a value as Python writes it."""
    return ast.literal_eval(text_behind(lines, word))


def test_the_document_runs_from_top_to_bottom(
    running: dict[str, Script],
    buckets: dict[str, str],
    abalone: dict[str, Any],
    documents_engine: EngineProcess,
) -> None:
    lines, bucket = running["sdk2"].lines(), buckets["sdk2"]
    assert predictions(lines) == pytest.approx(abalone["predictions"], rel=1e-7)
    assert value(lines, "files") == [f"s3://{bucket}/key/{name}" for name in ("file_name", "file_name.out")]
    name = text_behind(lines, "job")
    assert name.startswith("inference-pipelines-batch-")
    job = documents_engine.client("sagemaker").describe_transform_job(TransformJobName=name)
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/key/file_name"}
    assert {key: job[key] for key in ("TransformJobStatus", "ModelName", "BatchStrategy")} == {
        "TransformJobStatus": "Completed",
        "ModelName": "inference-pipeline-sdk2",
        "BatchStrategy": "SingleRecord",
    }
    assert job["TransformResources"] == {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1}
    assert job["TransformInput"] == {
        "DataSource": {"S3DataSource": source},
        "ContentType": "text/csv",
        "CompressionType": "None",
        "SplitType": "Line",
    }
    assert job["TransformOutput"] == {
        "S3OutputPath": f"s3://{bucket}/key",
        "Accept": "text/csv",
        "AssembleWith": "Line",
        "KmsKeyId": "",
    }


def test_the_job_has_a_log_of_each_container(
    running: dict[str, Script], documents_engine: EngineProcess
) -> None:
    name = text_behind(running["sdk2"].lines(), "job")
    streams = documents_engine.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    endings = sorted(stream["logStreamName"].rpartition("/")[2] for stream in streams)
    assert endings == ["container-1", "container-2", "data-log"]


def test_the_sdk_3_has_the_same_transformer(
    running: dict[str, Script], buckets: dict[str, str], abalone: dict[str, Any]
) -> None:
    lines = running["sdk3"].lines()
    assert predictions(lines) == pytest.approx(abalone["predictions"], rel=1e-7)
    assert value(lines, "files") == [
        f"s3://{buckets['sdk3']}/key/{name}" for name in ("file_name", "file_name.out")
    ]


def test_the_aws_cli_starts_the_same_job(running: dict[str, Script], abalone: dict[str, Any]) -> None:
    lines = running["cli"].lines()
    assert predictions(lines) == pytest.approx(abalone["predictions"], rel=1e-7)
    assert "Completed" in lines
    assert [line.split()[-1] for line in lines if "file_name" in line.split()[-1]] == [
        "file_name",
        "file_name.out",
    ]


def test_boto3_starts_the_same_job_and_joins_rows_with_their_predictions(
    running: dict[str, Script], abalone: dict[str, Any]
) -> None:
    lines = running["boto3"].lines()
    alone = value(lines, "inference-pipelines-batch-boto3/file_name.out")
    assert [float(line) for line in alone] == pytest.approx(abalone["predictions"], rel=1e-7)
    joined = [f"{','.join(row)},{line}" for row, line in zip(abalone["rows"], alone, strict=True)]
    assert value(lines, "inference-pipelines-joined/file_name.out") == joined
    filtered = [f"{row[0]},{line}" for row, line in zip(abalone["rows"], alone, strict=True)]
    assert value(lines, "inference-pipelines-filtered/file_name.out") == filtered
