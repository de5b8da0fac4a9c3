"""The model server for SageMaker's SparkML image: runs a row through an MLeap pipeline and answers its output column.

Accepts, answers and prints numbers as the image does. Runs in its own environment, without the engine's modules; the
port is SAGEMAKER_BIND_TO_PORT, the bundle's folder SAGEMAKER_MODEL_DIR.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping

from container.contract.invocations import Invocations
from container.mleap.faults import BadBundle
from container.mleap.pipeline import load_pipeline
from model_server import Reply, model_dir, serve

#: The major version of Spark without a tag of an image.
_NEWEST_SPARK = 3
#: The content type of requests without one.
_NO_TYPE = "application/octet-stream"


def execution_parameters() -> bytes:
    """The execution parameters: one concurrent request per processor, with one record each."""
    offered = {
        "MaxConcurrentTransforms": os.cpu_count() or 1,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 5,
    }
    return json.dumps(offered).encode()


def spark_version(tag: str) -> int:
    """The major version of Spark that images of the tag follow: 3 of 3.3-cpu."""
    major = re.match(r"\d+", tag)
    return int(major[0]) if major else _NEWEST_SPARK


def main() -> None:
    """Load the bundle and serve it. Raises SystemExit with the reason if it cannot run."""
    try:
        pipeline = load_pipeline(model_dir(), spark_version(sys.argv[1] if len(sys.argv) > 1 else ""))
    except BadBundle as error:
        raise SystemExit(f"The MLeap bundle cannot be loaded: {error}") from error
    sys.stdout.write(f"MLeap bundle loaded: {len(pipeline)} step(s)\n")
    invocations = Invocations(pipeline)

    async def invoke(body: bytes, headers: Mapping[str, str]) -> Reply:
        answer = invocations.answer(body, headers.get("content-type", _NO_TYPE), headers.get("accept", ""))
        return Reply(answer.status, answer.body, answer.content_type)

    serve(invoke, execution_parameters())


if __name__ == "__main__":
    main()
