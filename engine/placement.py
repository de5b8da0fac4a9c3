"""Where a model server runs and which files of its job it sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Placement:
    """The folders and the limits of one model server.

    `directory` is its own folder, writable, created if needed; `model_dir` and `script_dir` are read-only.
    `instance_type` determines its limits, `instances` is how many its job has. `network_isolation` forbids connections
    (EnableNetworkIsolation).
    """

    directory: Path
    model_dir: Path
    script_dir: Path | None = None
    instance_type: str = "ml.m5.large"
    instances: int = 1
    network_isolation: bool = False
