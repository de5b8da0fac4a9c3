"""Running transform jobs on the model servers of this folder, and looking at what came of them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.resources import ROLE, unique
from tests.support.engine import EngineProcess
from tests.support.polling import until

MODEL_SERVERS = Path(__file__).with_name("model_servers")
GROUP = "/aws/sagemaker/TransformJobs"
BUCKET = "transforms"


@dataclass(frozen=True)
class Transform:
    """A job that was created; its input is under `<name>/in/`, its output under `<name>/out/`."""

    engine: EngineProcess
    name: str

    def describe(self) -> dict[str, Any]:
        """DescribeTransformJob's answer."""
        return dict(self.engine.client("sagemaker").describe_transform_job(TransformJobName=self.name))

    @property
    def status(self) -> str:
        return str(self.describe()["TransformJobStatus"])

    def ended(self, seconds: float = 60) -> dict[str, Any]:
        """DescribeTransformJob's answer once the job is final."""

        def final() -> dict[str, Any] | None:
            job = self.describe()
            return job if job["TransformJobStatus"] not in ("InProgress", "Stopping") else None

        return until(final, f"the end of {self.name}", seconds)

    def completed(self) -> Transform:
        """This, once it is Completed."""
        job = self.ended()
        assert job["TransformJobStatus"] == "Completed", (job.get("FailureReason"), self.log)
        return self

    def failed(self) -> str:
        """The reason it failed for."""
        job = self.ended()
        assert job["TransformJobStatus"] == "Failed"
        return str(job["FailureReason"])

    def stop(self) -> None:
        """Ask for its end."""
        self.engine.client("sagemaker").stop_transform_job(TransformJobName=self.name)

    @property
    def outputs(self) -> dict[str, bytes]:
        """What it wrote, by the names under its output path."""
        s3 = self.engine.client("s3")
        prefix = f"{self.name}/out/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {
            key.removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys
        }

    @property
    def streams(self) -> list[str]:
        """Its log streams."""
        logs = self.engine.client("logs")
        try:
            listing = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{self.name}/")
        except logs.exceptions.ResourceNotFoundException:
            return []  # No job of this engine has said anything yet.
        return [stream["logStreamName"] for stream in listing["logStreams"]]

    def lines(self, *, data_log: bool) -> list[str]:
        """The lines of its data logs, or of its containers' logs."""
        logs = self.engine.client("logs")
        return [
            event["message"]
            for stream in self.streams
            if stream.endswith("/data-log") == data_log
            for event in logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)[
                "events"
            ]
        ]

    @property
    def log(self) -> str:
        """What its containers printed."""
        return "\n".join(self.lines(data_log=False))

    @property
    def data_log(self) -> str:
        """What SageMaker says of it."""
        return "\n".join(self.lines(data_log=True))


def archive(files: Mapping[str, bytes]) -> bytes:
    """A model.tar.gz."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def put(engine: EngineProcess, key: str, body: bytes) -> str:
    """Store an object; returns its S3 URI."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def container(engine: EngineProcess, model: bytes | None = None, **environment: str) -> dict[str, Any]:
    """A container definition on the obedient server."""
    data = put(
        engine, f"models/{unique('model')}.tar.gz", archive({"model": b"1"}) if model is None else model
    )
    return {"Image": "obedient", "ModelDataUrl": data, "Environment": environment}


def transform(
    engine: EngineProcess,
    inputs: Mapping[str, bytes],
    *,
    containers: list[dict[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    instances: int = 1,
    prefix: str = "in/",
    model_tags: Sequence[Any] = (),
    isolated: bool = False,
    **request: Any,
) -> Transform:
    """Store the inputs and create a job over them; `request` holds members of CreateTransformJob.

    TransformInput and TransformOutput given there are laid over SplitType Line. `prefix` is the part of the
    job's folder that it reads. The model of an `isolated` job has EnableNetworkIsolation.
    """
    name = unique("job")
    for key, body in inputs.items():
        put(engine, f"{name}/in/{key}", body)
    sagemaker = engine.client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        Containers=containers or [container(engine)],
        ExecutionRoleArn=ROLE,
        EnableNetworkIsolation=isolated,
        Tags=[*model_tags],
    )
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/{prefix}"}
    given_input = request.pop("TransformInput", {})
    given_output = request.pop("TransformOutput", {})
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        Environment=dict(environment or {}),
        TransformInput={"DataSource": {"S3DataSource": source}, "SplitType": "Line", **given_input},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/{name}/out", **given_output},
        **{
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": instances},
            **request,
        },
    )
    return Transform(engine, name)


def instance_processes(engine: EngineProcess) -> list[int]:
    """Numbers of the processes that run in the engine's job folders, whoever their parents are now."""
    home = f"HOME={engine.data_dir}/jobs/".encode()
    pids = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if home in path.read_bytes():
                pids.append(int(path.parent.name))
        except OSError:
            continue  # It ended while we looked, or is another user's.
    return pids
