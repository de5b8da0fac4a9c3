"""The uploads of a job: of all outputs at its end, and of Continuous ones while its containers run."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from engine.objects import ObjectStore
from engine.runner.failures import JobFailed
from engine.runner.processing.instance import ScriptInstance
from engine.runner.processing.outputs import plan_outputs, upload_output
from engine.runner.task_groups import run_in_thread

#: Seconds between two uploads of a Continuous output; nanoseconds for which a file must be unchanged.
_PAUSE = 2.0
_SETTLED_NS = 1_000_000_000


class OutputUploads:
    """The outputs of each instance of a job."""

    def __init__(
        self,
        objects: ObjectStore,
        request: Mapping[str, Any],
        instances: Sequence[ScriptInstance],
        most_bytes: int,
    ) -> None:
        """`most_bytes` is the limit of one output on one instance. Raises JobFailed if a bucket does not exist."""
        self._objects = objects
        self._most_bytes = most_bytes
        self._outputs = [(instance, plan_outputs(objects, request)) for instance in instances]

    async def upload_all(self) -> None:
        """Upload what is there. Raises JobFailed."""
        await self._upload(None)

    @contextlib.asynccontextmanager
    async def continuous(self) -> AsyncIterator[None]:
        """Upload Continuous outputs within the block, from time to time.

        What cannot be uploaded is tried again at the job's end.
        """
        task = asyncio.create_task(self._upload_from_time_to_time())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _upload_from_time_to_time(self) -> None:
        while any(output.is_continuous for _, outputs in self._outputs for output in outputs):
            await asyncio.sleep(_PAUSE)
            with contextlib.suppress(JobFailed, OSError, sqlite3.Error):
                await self._upload(time.time_ns() - _SETTLED_NS)

    async def _upload(self, before: int | None) -> None:
        """With `before` upload only Continuous outputs, and files that were not changed since."""
        for instance, outputs in self._outputs:
            for output in outputs:
                if before is None or output.is_continuous:
                    work = functools.partial(
                        upload_output,
                        self._objects,
                        output,
                        instance.base_dir,
                        self._most_bytes,
                        changed_before=before,
                    )
                    await run_in_thread(work)
