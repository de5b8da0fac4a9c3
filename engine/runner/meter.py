"""Measures the instances of a running job for CloudWatch's metrics.

CPUUtilization is the sum over all cores, up to 100 for each; MemoryUtilization is the percentage of the machine's
memory ("Metrics for batch transform jobs" in the developer guide).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from types import TracebackType

from engine.runner.instance import Instance
from engine.runner.processing.instance import ScriptInstance
from engine.runner.task_groups import run_to_end
from engine.store import Store

_TRANSFORM, _PROCESSING = "/aws/sagemaker/TransformJobs", "/aws/sagemaker/ProcessingJobs"
#: The namespaces, with the form of their hosts: `JOB/i-NUMBER` and `JOB/algo-NUMBER`.
HOSTS = {_TRANSFORM: "*/i-*", _PROCESSING: "*/algo-*"}
NAMES = ("CPUUtilization", "MemoryUtilization")

#: Minimum seconds between two measurements: CPU times have a resolution of 0.01 seconds.
_SHORTEST = 0.5


def namespace_of(host: str) -> str:
    """The namespace of a host's metrics."""
    return _PROCESSING if host.rpartition("/")[2].startswith("algo-") else _TRANSFORM


class Meter:
    """Measures while it is entered: at the start, after each pause, and at the end."""

    def __init__(
        self, store: Store, instances: Sequence[Instance | ScriptInstance], began: float, pause: float
    ) -> None:
        """`began` is when the instances were started (epoch seconds), `pause` the seconds between measurements."""
        self._began = began
        self._store = store
        self._instances = instances
        self._pause = pause
        #: By host: the time of the last measurement and the CPU seconds used until then.
        self._before: dict[str, tuple[float, float]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Meter:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None, "entered before it is left"
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await asyncio.to_thread(self._measure)

    async def _run(self) -> None:
        while True:
            await run_to_end(asyncio.to_thread(self._measure))
            # A processing script may start later than its measurement.
            await asyncio.sleep(self._pause if self._before else min(_SHORTEST, self._pause))

    def _measure(self) -> None:
        """Store the usage of each instance that was not just measured."""
        for instance in self._instances:
            now, host, usages = time.time(), instance.log.host, instance.usage()
            began, cpu_before = self._before.get(host, (self._began, 0.0))
            if not usages or (host in self._before and now - began < _SHORTEST):
                continue
            cpu = sum(usage.cpu_seconds for usage in usages)
            memory = sum(usage.memory for usage in usages)
            # The CPU time of a restarted server begins at 0.
            share = 100 * max(0.0, cpu - cpu_before) / max(now - began, _SHORTEST)
            values = (min(share, 100.0 * (os.cpu_count() or 1)), 100 * memory / _memory_of_machine())
            self._store.metrics.add(host, int(now), dict(zip(NAMES, values, strict=True)))
            self._before[host] = (now, cpu)


def _memory_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
