"""Where a model server or a processing script runs and which files of its job it sees."""

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


@dataclass(frozen=True, slots=True)
class ScriptPlacement:
    """The folders and the limits of one instance of a processing job.

    `directory` is its own folder, created if needed; `base_dir` is what it sees as /opt/ml, and `python_dir` its own
    Python environment. It may write to all of them. The other fields are those of `Placement`.
    """

    directory: Path
    base_dir: Path
    python_dir: Path
    instance_type: str
    instances: int
    network_isolation: bool
