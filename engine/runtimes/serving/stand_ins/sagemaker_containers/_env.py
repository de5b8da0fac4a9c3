"""Places and settings of the container, from its environment."""

from __future__ import annotations

import os
from pathlib import PurePath

from sagemaker_containers import _content_types

base_dir = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
model_dir = os.path.join(base_dir, "model")
code_dir = os.path.join(base_dir, "code")


def num_cpus() -> int:
    """The processors of the machine."""
    return os.cpu_count() or 1


def num_gpus() -> int:
    """The graphics processors of the machine: none here."""
    return 0


class ServingEnv:
    """What the container knows when it serves."""

    def __init__(self) -> None:
        program = os.environ.get("SAGEMAKER_PROGRAM")
        self.model_dir = model_dir
        self.module_dir = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", code_dir)
        self.user_entry_point = program
        self.module_name = str(PurePath(program).with_suffix("")) if program else None
        self.default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", _content_types.JSON)
        self.http_port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
        self.safe_port_range = os.environ.get("SAGEMAKER_SAFE_PORT_RANGE")
        self.model_server_timeout = int(os.environ.get("SAGEMAKER_MODEL_SERVER_TIMEOUT", "60"))
        self.model_server_workers = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or num_cpus())
        self.num_cpus, self.num_gpus = num_cpus(), num_gpus()
        self.current_host = os.environ.get("SM_CURRENT_HOST")
