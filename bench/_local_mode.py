"""The SageMaker SDK 2's local batch transform on a model server that runs already; run by that SDK's own Python.

    _local_mode.py INPUT_FOLDER OUTPUT_FOLDER PORT STRATEGY shipped|stubbed

Prints the seconds its inference loop took. All of it is the SDK's code but the start of a container, which
needs Docker. `stubbed` spares it the two docker commands it runs for every request as well.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import boto3
import sagemaker.local.local_session as local
from sagemaker.local.entities import _LocalTransformJob


class RunningContainer:
    """Stands for the container, which somebody else started and will stop."""

    def stop_serving(self) -> None:
        """Leave it running."""


def main() -> None:
    """Do one job."""
    source, target, port, strategy, lookups = sys.argv[1:]
    if lookups == "stubbed":
        local.get_docker_host = lambda: "localhost"
    session = local.LocalSession(boto_session=boto3.Session(region_name="us-east-1"))
    session.sagemaker_client.create_model("bench", {"Image": "", "ModelDataUrl": "", "Environment": {}})
    session.sagemaker_runtime_client.serving_port = int(port)
    job = _LocalTransformJob("bench", "bench", session)
    job.container = RunningContainer()
    data = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": Path(source).as_uri()}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    }
    output = {"S3OutputPath": Path(target).as_uri(), "Accept": "text/csv", "AssembleWith": "Line"}
    began = time.perf_counter()
    job._perform_batch_inference(data, output, BatchStrategy=strategy, MaxPayloadInMB=6)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
