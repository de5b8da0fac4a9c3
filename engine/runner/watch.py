"""Watches a job's use of disk and memory, and fails a job that exceeds its limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from engine.disk import bytes_below
from engine.limits import MIB, Limits
from engine.runner.failures import JobFailed
from engine.runner.output_space import SMALL
from engine.runner.protocols import Measured
from engine.runner.task_groups import run_to_end

#: Seconds between two checks, and their maximum if a check takes long.
_PAUSE, _LONGEST_PAUSE = 1.0, 5.0
_PAUSE_PER_LOOK = 10


async def run_watched(
    work: Coroutine[Any, Any, None], folder: Path, instances: Sequence[Measured], limits: Limits, memory: int
) -> None:
    """Run `work` while checking the size of `folder` and each instance's memory, at most `memory` bytes.

    If a limit is exceeded, cancels `work` and raises JobFailed. Also raises what `work` raises, but a failure of
    containers whose memory was used up has that reason.
    """
    working = asyncio.ensure_future(work)
    try:
        while not working.done():
            began = time.monotonic()
            look = asyncio.to_thread(_reason_to_end, folder, instances, limits, memory)
            if reason := await run_to_end(look):
                raise JobFailed(reason)
            pause = min(max(_PAUSE, _PAUSE_PER_LOOK * (time.monotonic() - began)), _LONGEST_PAUSE)
            await asyncio.wait([working], timeout=pause)
        await working
    except JobFailed as failed:
        if any(instance.ran_out_of_memory() for instance in instances):
            raise JobFailed(memory_reason(memory)) from failed
        raise
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _reason_to_end(folder: Path, instances: Sequence[Measured], limits: Limits, memory: int) -> str | None:
    """The failure reason of a job that exceeds a limit, else None."""
    try:
        written = bytes_below(folder) + sum(instance.unlinked_bytes() for instance in instances)
    except OSError as error:
        return (
            "AlgorithmError: The engine cannot measure what the job has written, since it cannot read one of its "
            f"folders ({error.strerror})"
        )
    if written > limits.disk_mb * MIB:
        return (
            f"AlgorithmError: The job's model and its containers hold more than {limits.disk_mb} MiB on disk "
            "(ENGINE_LIMITS, disk_mb)"
        )
    if written > SMALL and limits.space_left(folder) < 0:
        return (
            f"InternalServerError: The engine's disk is nearly full, and this job holds {written // MIB} MiB of it. "
            "Make room and run it again"
        )
    for instance in instances:
        if instance.ran_out_of_memory() or instance.own_memory(memory) > memory:
            return memory_reason(memory)
    return None


def memory_reason(memory: int) -> str:
    """The failure reason of a job whose containers need more than that many bytes."""
    return (
        f"AlgorithmError: The containers of an instance use more than {memory // MIB} MiB of memory, which is "
        "what its type has. Take a larger instance type, or fewer requests at a time"
    )
