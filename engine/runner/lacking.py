"""What a job may ask for that this engine does not have: it fails at once, for nothing is passed over in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.runner.protocols import RuntimeProvider
from engine.store import JobRow
from transform.records import SUPPORTED_SPLIT_TYPES


def reason_against(row: JobRow, runtimes: RuntimeProvider) -> str | None:
    """Why the job cannot run here, as its FailureReason; None if it can."""
    for container in row.containers:
        if reason := runtimes.reason_against(container.get("Image", "")):
            return f"ClientError: {reason}"
    fields = [*_of_request(row.request), *(name for each in row.containers for name in _of_container(each))]
    if not fields:
        return None
    return (
        f"ClientError: The embedded engine does not support {', '.join(fields)}. Leave it out, "
        "or run the job on an AWS connection"
    )


def _of_request(request: Mapping[str, Any]) -> Iterator[str]:
    split_type = request["TransformInput"].get("SplitType", "None")
    if split_type not in SUPPORTED_SPLIT_TYPES:
        yield f"SplitType {split_type}"
    processing = request.get("DataProcessing", {})
    for name, plain in (("InputFilter", "$"), ("OutputFilter", "$"), ("JoinSource", "None")):
        if processing.get(name, plain) != plain:
            yield f"DataProcessing.{name}"
    if "DataCaptureConfig" in request:
        yield "DataCaptureConfig"


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    if container.get("Mode", "SingleModel") != "SingleModel":
        yield f"a container of Mode {container['Mode']}"
    if container.get("AdditionalModelDataSources"):
        yield "AdditionalModelDataSources"
