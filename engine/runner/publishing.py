"""Publishing a job's outputs: small ones in batches, since a transaction costs more than writing them."""

from __future__ import annotations

import asyncio

from engine.objects import ObjectInfo, ObjectStore, ObjectWriter
from engine.store import Jobs

#: Small outputs per batch, and the longest wait in seconds. Outputs that a killed engine has not published are
#: transformed again.
_BATCH_SIZE = 16
_LONGEST_WAIT = 0.02


class Publisher:
    """Publishes a job's outputs and records their inputs as done."""

    def __init__(self, objects: ObjectStore, jobs: Jobs, job_name: str) -> None:
        self._objects = objects
        self._jobs = jobs
        self._job_name = job_name
        self._ready: list[tuple[ObjectInfo, bytes | None]] = []
        self._keys: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None

    def add(self, input_key: str, output: ObjectWriter) -> None:
        """Publish an output now or soon. Raises the error of this or an earlier one."""
        self._raise_error()
        if not output.is_small:
            output.commit()
            self._jobs.mark_objects(self._job_name, [input_key], "done")
            return
        self._ready.append(output.finish())
        self._keys.append(input_key)
        if len(self._ready) >= _BATCH_SIZE:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LONGEST_WAIT, self._flush_late)

    def flush(self) -> None:
        """Publish the waiting outputs. Raises the error of these or earlier ones."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._raise_error()
        ready, keys = self._ready, self._keys
        self._ready, self._keys = [], []
        if ready:
            self._objects.publish_all(ready)
            self._jobs.mark_objects(self._job_name, keys, "done")

    def _flush_late(self) -> None:
        try:
            self.flush()
        except Exception as error:
            self._error = error

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error
