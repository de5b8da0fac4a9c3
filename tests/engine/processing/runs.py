"""Running processing jobs whose scripts are written in the tests, and looking at what came of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.resources import ROLE, unique
from tests.support.engine import EngineProcess
from tests.support.polling import until

IMAGES = Path(__file__).with_name("images")
IMAGE = "plain"
GROUP = "/aws/sagemaker/ProcessingJobs"
BUCKET = "processing"
CODE = "/opt/ml/processing/input/code"


@dataclass(frozen=True)
class ProcessingRun:
    """A job that was created; its input is under `<name>/in/`, its output under `<name>/out/`."""

    engine: EngineProcess
    name: str

    def describe(self) -> dict[str, Any]:
        """DescribeProcessingJob's answer."""
        return dict(self.engine.client("sagemaker").describe_processing_job(ProcessingJobName=self.name))

    @property
    def status(self) -> str:
        return str(self.describe()["ProcessingJobStatus"])

    def ended(self, seconds: float = 120) -> dict[str, Any]:
        """DescribeProcessingJob's answer once the job is final."""

        def final() -> dict[str, Any] | None:
            job = self.describe()
            return job if job["ProcessingJobStatus"] not in ("InProgress", "Stopping") else None

        return until(final, f"the end of {self.name}", seconds)

    def completed(self) -> ProcessingRun:
        """This, once it is Completed."""
        job = self.ended()
        assert job["ProcessingJobStatus"] == "Completed", (job.get("FailureReason"), self.log)
        return self

    def failed(self) -> str:
        """The reason it failed for."""
        job = self.ended()
        assert job["ProcessingJobStatus"] == "Failed", self.log
        return str(job["FailureReason"])

    def stop(self) -> None:
        """Ask for its end."""
        self.engine.client("sagemaker").stop_processing_job(ProcessingJobName=self.name)

    @property
    def outputs(self) -> dict[str, bytes]:
        """What it wrote, by the names under its output path."""
        return objects_below(self.engine, f"{self.name}/out/")

    @property
    def streams(self) -> list[str]:
        """Its log streams."""
        logs = self.engine.client("logs")
        try:
            answer = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{self.name}/")
        except logs.exceptions.ResourceNotFoundException:
            return []  # No job of this engine has said anything yet.
        return [stream["logStreamName"] for stream in answer["logStreams"]]

    @property
    def log(self) -> str:
        """What its containers printed."""
        logs = self.engine.client("logs")
        return "\n".join(
            event["message"]
            for stream in self.streams
            for event in logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)[
                "events"
            ]
        )


def objects_below(engine: EngineProcess, prefix: str) -> dict[str, bytes]:
    """The objects of the tests' bucket below a prefix, by the rest of their keys."""
    s3 = engine.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key.removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def put(engine: EngineProcess, key: str, body: bytes) -> str:
    """Store an object; returns its S3 URI."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def source(uri: str, local_path: str, name: str = "data", **changes: Any) -> dict[str, Any]:
    """A ProcessingInput."""
    s3_input = {"S3Uri": uri, "LocalPath": local_path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": {**s3_input, **changes}}


def target(
    uri: str, local_path: str = "/opt/ml/processing/out", name: str = "out", mode: str = "EndOfJob"
) -> Any:
    """An entry of ProcessingOutputConfig.Outputs."""
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": local_path, "S3UploadMode": mode}}


def request(
    engine: EngineProcess,
    script: str,
    *,
    name: str = "",
    arguments: Sequence[str] = (),
    inputs: Sequence[Any] = (),
    instances: int = 1,
    mode: str = "EndOfJob",
    **changes: Any,
) -> dict[str, Any]:
    """A request for a job that runs the script with Python; its output is the folder /opt/ml/processing/out."""
    name = name or unique("processing")
    code = put(engine, f"{name}/code/script.py", textwrap.dedent(script).encode())
    specification: dict[str, Any] = {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["python3", f"{CODE}/script.py"],
        **({"ContainerArguments": list(arguments)} if arguments else {}),
    }
    cluster = {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": specification,
        "ProcessingResources": {"ClusterConfig": cluster},
        "ProcessingInputs": [source(code, CODE, "code"), *inputs],
        "ProcessingOutputConfig": {"Outputs": [target(f"s3://{BUCKET}/{name}/out", mode=mode)]},
        **changes,
    }


def run(engine: EngineProcess, script: str, **options: Any) -> ProcessingRun:
    """Create the job of `request` with these options."""
    return create(engine, request(engine, script, **options))


def create(
    engine: EngineProcess, params: Mapping[str, Any], client: Callable[[str], Any] | None = None
) -> ProcessingRun:
    """Create a job, with the clients of another key if they are given."""
    (client or engine.client)("sagemaker").create_processing_job(**params)
    return ProcessingRun(engine, params["ProcessingJobName"])
