"""Where one model server runs and what of its job it may see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Placement:
    """The folders and the size of one model server.

    `directory` is its own, read and written, made if it is not there; `model_dir` and `script_dir` are read-only.
    `instance_type` sets its limits. With `network_isolation` it may open no connection (EnableNetworkIsolation).
    """

    directory: Path
    model_dir: Path
    script_dir: Path | None = None
    instance_type: str = "ml.m5.large"
    network_isolation: bool = False
