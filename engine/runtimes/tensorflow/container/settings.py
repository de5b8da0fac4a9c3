"""The container's environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .faults import BadModelFolder
from .image_version import ImageGeneration

_PREFIX = "SAGEMAKER_TFS_"
#: In batch transform the number of requests is bounded by the job, so the queue need not be.
_ENDLESS_QUEUE = 100_000_000


@dataclass(frozen=True, slots=True)
class BatchingSettings:
    """How requests are combined. A task is one request's rows.

    A free thread takes a batch when it has `max_batch_size` rows or its first task is `batch_timeout_micros` old. At
    most `max_enqueued_batches` batches wait; those on one of the `num_batch_threads` threads do not count.
    """

    max_batch_size: int
    batch_timeout_micros: int
    num_batch_threads: int
    max_enqueued_batches: int


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """What the environment sets."""

    default_model: str | None
    batching: BatchingSettings | None
    inter_op_threads: int
    intra_op_threads: int
    wait_seconds: int
    grpc_port: int
    rest_port: int


def read_settings(image: ImageGeneration, environment: Mapping[str, str] = os.environ) -> ServingSettings:
    """Read the variables. Raises BadModelFolder with the name of a variable that is invalid."""
    if environment.get("SAGEMAKER_MULTI_MODEL", "false").lower() == "true":
        raise BadModelFolder(
            "SAGEMAKER_MULTI_MODEL is for endpoints: batch transform has one model archive a job"
        )
    grpc_port, rest_port = _ports(environment.get("SAGEMAKER_SAFE_PORT_RANGE", ""))
    return ServingSettings(
        environment.get(f"{_PREFIX}DEFAULT_MODEL_NAME") or None,
        _batching(environment),
        _number(environment, "INTER_OP_PARALLELISM", 0, 0),
        _number(environment, "INTRA_OP_PARALLELISM", 0, 0),
        _number(environment, "WAIT_TIME_SECONDS", image.wait_seconds, 1),
        grpc_port,
        rest_port,
    )


def _ports(text: str) -> tuple[int, int]:
    """The ports for gRPC and REST: the first two of the range, or TensorFlow Serving's own."""
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and int(first) < int(last):
        return int(first), int(first) + 1
    return 9000, 8501


def _batching(environment: Mapping[str, str]) -> BatchingSettings | None:
    word = environment.get(f"{_PREFIX}ENABLE_BATCHING", "false").lower()
    if word not in ("true", "false"):
        raise BadModelFolder(f"{_PREFIX}ENABLE_BATCHING must be true or false, not {word!r}")
    if word == "false":
        return None
    processors = os.cpu_count() or 1
    queue = _ENDLESS_QUEUE if "SAGEMAKER_BATCH" in environment else processors
    return BatchingSettings(
        _number(environment, "MAX_BATCH_SIZE", 8, 1),
        _number(environment, "BATCH_TIMEOUT_MICROS", 1000, 0),
        _number(environment, "NUM_BATCH_THREADS", processors, 1),
        _number(environment, "MAX_ENQUEUED_BATCHES", queue, 1),
    )


def _number(environment: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = environment.get(f"{_PREFIX}{name}", "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or int(text) < least:
        raise BadModelFolder(f"{_PREFIX}{name} must be a whole number of at least {least}, not {text!r}")
    return int(text)
