"""The model server for SageMaker's SparkML image: a row in, the output column of an MLeap pipeline out.

Behaves as the SageMaker image does: what it accepts, how it answers, how it prints numbers. Runs in its own
environment and knows nothing of the engine: the port is SAGEMAKER_BIND_TO_PORT, the bundle's folder
SAGEMAKER_MODEL_DIR.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from container.contract.invocations import Invocations
from container.mleap.faults import BadBundle
from container.mleap.pipeline import load_pipeline
from model_server import Reply, model_dir, serve

#: What a request without a content type is taken for.
_NO_TYPE = "application/octet-stream"


def execution_parameters() -> bytes:
    """What the container offers: a call for each processor, one record a call."""
    offered = {
        "MaxConcurrentTransforms": os.cpu_count() or 1,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 5,
    }
    return json.dumps(offered).encode()


def main() -> None:
    """Load the bundle and serve it. Raises SystemExit with the reason if it cannot be run."""
    try:
        pipeline = load_pipeline(model_dir())
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
