"""A job's log streams: one per container and instance, and the data log."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from engine.disk import is_full
from engine.limits import MIB
from engine.store import Store

GROUP = "/aws/sagemaker/TransformJobs"
PROCESSING_GROUP = "/aws/sagemaker/ProcessingJobs"

Lines = Callable[[list[str]], None]


class LogBudget:
    """Limits the stored output of a job's containers, in bytes."""

    #: Bytes of a line on disk besides its text.
    _LINE = 100

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def take(self, lines: list[str]) -> list[str]:
        """The lines to store; the first line beyond the limit is replaced by a note."""
        allowed = []
        for line in lines:
            if self._left < 0:
                break
            self._left -= len(line) + self._LINE
            allowed.append(line if self._left >= 0 else self._last_line())
        return allowed

    def _last_line(self) -> str:
        return (
            f"[engine] This job has printed {self._limit // MIB} MiB; nothing further is kept "
            "(ENGINE_LIMITS, log_mb)"
        )


class InstanceLog:
    """The log streams of one instance, named `[job]/[instance-id]-[epoch]` (developer guide)."""

    def __init__(
        self, store: Store, job: str, instance_id: str, epoch: int, budget: LogBudget, group: str = GROUP
    ) -> None:
        self._store = store
        self._group = group
        self._budget = budget
        #: The instance's Host dimension in metrics.
        self.host = f"{job}/{instance_id}"
        self._stream = f"{self.host}-{epoch}"
        #: Lines lost on a full disk, by stream.
        self._lost: Counter[str] = Counter()

    def begin(self) -> None:
        """Create the stream of the only container, so that clients find it before it has a line."""
        self._store.logs.append(self._group, self._stream, [])

    def container(self, name: str | None) -> Lines:
        """The function that logs a container's lines. `name` is None unless the model is a pipeline."""
        stream = f"{self._stream}/{name}" if name else self._stream
        return lambda lines: self._append(stream, self._budget.take(lines))

    def sagemaker(self, *lines: str) -> None:
        """Write lines to the data log, with SageMaker's prefix."""
        stamp = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        self._append(f"{self._stream}/data-log", [f"{stamp}:[sagemaker logs]: {line}" for line in lines])

    def about(self, name: str, lines: list[str]) -> None:
        """Write lines about the object "bucket/key" to the data log."""
        self.sagemaker(*(f"{name}: {line}" for line in lines))

    def _append(self, stream: str, lines: list[str]) -> None:
        """Store lines; on a full disk only count them, so that containers do not wait."""
        if not lines:
            return
        now = int(time.time() * 1000)
        lost = self._lost[stream]
        note = [f"{lost} lines are missing here: the engine's disk was full"] if lost else []
        try:
            self._store.logs.append(self._group, stream, [(now, line) for line in (*note, *lines)])
        except sqlite3.Error as error:
            if not is_full(error):
                raise
            self._lost[stream] += len(lines)
        else:
            del self._lost[stream]
