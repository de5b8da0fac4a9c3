"""Features of containers that this engine does not support. They fail the job instead of being ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.runner.protocols import RuntimeProvider
from engine.store import JobRow


def reason_against(row: JobRow, runtimes: RuntimeProvider) -> str | None:
    """The FailureReason of a job that cannot run here; None if it can."""
    for container in row.containers:
        if reason := runtimes.reason_against(container.get("Image", "")):
            return f"ClientError: {reason}"
    fields = [name for container in row.containers for name in _of_container(container)]
    if not fields:
        return None
    return (
        f"ClientError: The embedded engine does not support {', '.join(fields)}. Leave it out, "
        "or run the job on an AWS connection"
    )


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    if container.get("Mode", "SingleModel") != "SingleModel":
        yield f"a container of Mode {container['Mode']}"
    if container.get("AdditionalModelDataSources"):
        yield "AdditionalModelDataSources"
