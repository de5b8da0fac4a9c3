"""The engine as a contestant: real jobs, timed as a client sees them."""

from __future__ import annotations

import io
import time
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench._workload import IMAGE, Workload
from tests.support.engine import EngineProcess

BUCKET = "bench"
#: Outputs that are looked for one by one.
_FEW = 10


class Engine:
    """The engine with a model, and its jobs."""

    def __init__(
        self,
        folder: Path,
        archive: Path | None = None,
        image: str = IMAGE,
        content_type: str = "text/csv",
        **environment: str,
    ) -> None:
        """`content_type` is that of the inputs and the answers, `environment` the container's variables."""
        self._process = EngineProcess(folder).start()
        self.pid = self._process.pid
        self._s3 = self._process.client("s3")
        self._sagemaker = self._process.client("sagemaker")
        self._s3.create_bucket(Bucket=BUCKET)
        self._content_type = content_type
        self._jobs = 0
        if archive is not None:
            self.add_model("bench", archive, image, environment)

    def stop(self) -> None:
        self._process.stop()

    def add_model(self, name: str, archive: Path, image: str, environment: dict[str, str]) -> None:
        """Create a model of one container with these variables."""
        self._s3.upload_file(str(archive), BUCKET, f"{name}.tar.gz")
        url = f"s3://{BUCKET}/{name}.tar.gz"
        container = {"Image": image, "ModelDataUrl": url, "Environment": environment}
        self._sagemaker.create_model(ModelName=name, PrimaryContainer=container)

    def put(self, key: str, body: bytes) -> None:
        """Write an object into the bucket."""
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        """An object of the bucket."""
        return bytes(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def upload(self, workload: Workload) -> None:
        """Put the workload's objects where its jobs read them."""
        for number, body in enumerate(workload.objects):
            self._s3.put_object(Bucket=BUCKET, Key=f"{workload.name}/in/{number:05}.csv", Body=body)

    def upload_stream(self, name: str, file: io.RawIOBase) -> None:
        """Put a workload of one object there, as large as it may be."""
        self._s3.upload_fileobj(file, BUCKET, f"{name}/in/00000.csv")

    def seconds(self, workload: Workload, instances: int) -> float:
        """Seconds from the first request, as the data log dates it, to the last output, as a client sees it."""
        self._jobs += 1
        name = f"{workload.name}-{self._jobs}"
        keys = [f"{name}/{number:05}.csv.out" for number in range(len(workload.objects))]
        return self.seconds_of_job(self._request(workload, name, instances), keys)

    def seconds_of_job(self, request: dict[str, Any], keys: list[str]) -> float:
        """As `seconds`, for any CreateTransformJob request; `keys` are those of its outputs."""
        name = request["TransformJobName"]
        self._sagemaker.create_transform_job(**request)
        # The last alone of many: others may still be in flight beside it, and they are counted by listing.
        for key in keys if len(keys) <= _FEW else keys[-1:]:
            self._wait_for(name, key)
        while len(keys) > _FEW and self._count(f"{name}/") < len(keys):
            assert self._status(name) in ("InProgress", "Completed"), self._status(name)
            # Each listing is work for the engine; looked at seldom, it is counted a tenth of a second late at most.
            time.sleep(0.1)
        end = time.time()
        while self._status(name) == "InProgress":
            time.sleep(0.05)
        assert self._status(name) == "Completed", self._status(name)
        return end - self._began(name)

    def overhead(self, workload: Workload) -> tuple[float, float]:
        """Of the last job: seconds from its creation to its first request, and to its end."""
        name = f"{workload.name}-{self._jobs}"
        job = self._sagemaker.describe_transform_job(TransformJobName=name)
        created = job["CreationTime"].timestamp()
        return self._began(name) - created, job["TransformEndTime"].timestamp() - created

    def output(self, workload: Workload) -> bytes:
        """All outputs of the last job, in order."""
        keys = [
            f"{workload.name}-{self._jobs}/{number:05}.csv.out" for number in range(len(workload.objects))
        ]
        return b"".join(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys)

    def output_lines(self, workload: Workload) -> int:
        """Lines of the last job's first output, counted as it streams."""
        key = f"{workload.name}-{self._jobs}/00000.csv.out"
        body = self._s3.get_object(Bucket=BUCKET, Key=key)["Body"]
        return sum(chunk.count(b"\n") for chunk in body.iter_chunks(1024 * 1024))

    def _request(self, workload: Workload, name: str, instances: int) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{workload.name}/in/"}
        return {
            "TransformJobName": name,
            "ModelName": "bench",
            "MaxConcurrentTransforms": workload.in_flight,
            "BatchStrategy": workload.strategy,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": self._content_type,
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{BUCKET}/{name}",
                "AssembleWith": "Line",
                "Accept": self._content_type,
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": instances},
        }

    def _status(self, name: str) -> str:
        return str(self._sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"])

    def _wait_for(self, name: str, key: str) -> None:
        """Wait until the job has written that output, or has ended.

        Asking through boto3 that often costs the machine as much as the job does: so a signed URL is read
        over one connection, and the status only once a second.
        """
        url = urlsplit(self._s3.generate_presigned_url("head_object", {"Bucket": BUCKET, "Key": key}))
        connection = HTTPConnection(url.netloc)
        for turn in count():
            connection.request("HEAD", f"{url.path}?{url.query}")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200 or (turn % 50 == 49 and self._status(name) != "InProgress"):
                break
            time.sleep(0.02)
        connection.close()

    def _count(self, prefix: str) -> int:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return sum(page["KeyCount"] for page in pages)

    def _began(self, name: str) -> float:
        """When the first instance had its parameters: the first request follows at once."""
        logs = self._process.client("logs")
        group = "/aws/sagemaker/TransformJobs"
        response = logs.filter_log_events(
            logGroupName=group, logStreamNamePrefix=f"{name}/", filterPattern="MaxConcurrentTransforms"
        )
        return float(min(event["timestamp"] for event in response["events"])) / 1000
