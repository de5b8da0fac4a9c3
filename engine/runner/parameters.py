"""A job's effective parameters: from its request, else from the container, else defaults."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.config import Unsettled
from engine.runner.failures import JobFailed
from transform.batching import MEGABYTE
from transform.dataprocessing import DataProcessing, data_processing
from transform.formats import InferenceMark
from transform.request_fields import MAX_PAYLOAD_MB

#: Strategies by their names in containers and in the API.
_STRATEGIES = {
    "MULTI_RECORD": "MultiRecord",
    "SINGLE_RECORD": "SingleRecord",
    "MultiRecord": "MultiRecord",
    "SingleRecord": "SingleRecord",
}
_WORDS = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a job's requests. `max_payload_mb` 0 means no limit."""

    max_concurrent_transforms: int = 1
    max_payload_mb: int = 6
    strategy: str = "MultiRecord"

    @property
    def limit(self) -> int | None:
        """The maximum request body in bytes; None without a limit."""
        return self.max_payload_mb * MEGABYTE or None

    @property
    def line(self) -> str:
        """The first line of the data log."""
        return (
            f"MaxConcurrentTransforms={self.max_concurrent_transforms}, "
            f"MaxPayloadInMB={self.max_payload_mb}, BatchStrategy={_WORDS[self.strategy]}"
        )


def effective_parameters(request: Mapping[str, Any], offered: Mapping[str, Any]) -> Parameters:
    """Combine request, /execution-parameters and the defaults 1, 6 MB and MultiRecord, as CreateTransformJob documents.

    MaxConcurrentTransforms 0 means absent. Invalid values of the container are ignored, and its concurrency is limited
    so that concurrent payloads stay within 100 MB, the limit for requests.
    """
    payload = request.get("MaxPayloadInMB")
    if payload is None:
        payload = _whole(offered.get("MaxPayloadInMB"), 0)
    payload = 6 if payload is None else payload
    concurrent = request.get("MaxConcurrentTransforms")
    if not concurrent:
        most = max(1, MAX_PAYLOAD_MB // (payload or 1))
        concurrent = min(_whole(offered.get("MaxConcurrentTransforms"), 1) or 1, most)
    strategy = request.get("BatchStrategy") or _STRATEGIES.get(str(offered.get("BatchStrategy")))
    return Parameters(concurrent, payload, strategy or "MultiRecord")


def processing_of(request: Mapping[str, Any], unsettled: Unsettled, started: float) -> DataProcessing:
    """The job's processing of records. `started` is in epoch seconds. Raises JobFailed.

    Includes the inference ids of DataCaptureConfig: a random UUID and the job's start time in each record.
    """
    filters = request.get("DataProcessing", {})
    begun = datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    marks = request.get("DataCaptureConfig", {}).get("GenerateInferenceId", False)
    try:
        return data_processing(
            content_type=request["TransformInput"].get("ContentType"),
            accept=request["TransformOutput"].get("Accept"),
            input_filter=filters.get("InputFilter"),
            output_filter=filters.get("OutputFilter"),
            join_source=filters.get("JoinSource"),
            range_end_included=unsettled.range_end_included,
            mark=(lambda: InferenceMark(str(uuid.uuid4()), begun)) if marks else None,
        )
    except ValueError as error:
        raise JobFailed(f"ClientError: DataProcessing: {error}") from error


def read_offer(body: bytes) -> dict[str, Any]:
    """Parse an answer of /execution-parameters; empty if it is not a JSON object."""
    try:
        offered = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return offered if isinstance(offered, dict) else {}


def container_environment(
    request: Mapping[str, Any], container: Mapping[str, Any], model_dir: str
) -> dict[str, str]:
    """The environment of a container: the model's variables, overridden by the job's, and SageMaker's own.

    The three variables about requests are set only if the job's request has the field (developer guide, "Use your own
    inference code with batch transform").
    """
    environment = {**container.get("Environment", {}), **request.get("Environment", {})}
    environment |= {"SAGEMAKER_BATCH": "true", "SAGEMAKER_MODEL_DIR": model_dir}
    if "MaxPayloadInMB" in request:
        environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(request["MaxPayloadInMB"])
    if "BatchStrategy" in request:
        environment["SAGEMAKER_BATCH_STRATEGY"] = _WORDS[request["BatchStrategy"]]
    if "MaxConcurrentTransforms" in request:
        environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(request["MaxConcurrentTransforms"])
    return environment


def _whole(value: Any, least: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= least else None
