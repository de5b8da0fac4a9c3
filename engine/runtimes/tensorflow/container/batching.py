"""Combines the rows of several requests, as TensorFlow Serving's batching session does."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .faults import ServingFault, invalid
from .settings import BatchingSettings

Arrays = list[Any]
Compute = Callable[[Arrays], Arrays]


@dataclass(slots=True)
class _Task:
    inputs: Arrays
    rows: int
    answer: Future[Arrays] = field(default_factory=Future)


@dataclass(slots=True)
class _Batch:
    """Tasks whose rows have the same types and shapes. `due` is when it need not wait for more."""

    key: Hashable
    compute: Compute
    due: float
    tasks: list[_Task] = field(default_factory=list)
    rows: int = 0
    closed: bool = False


class RequestBatcher:
    """A queue of batches for each key, and threads that run them."""

    def __init__(self, settings: BatchingSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._changed = threading.Condition()
        self._queues: dict[Hashable, deque[_Batch]] = {}
        for number in range(settings.num_batch_threads):
            threading.Thread(target=self._run, name=f"batches-{number}", daemon=True).start()

    def run(self, key: Hashable, inputs: Arrays, compute: Compute) -> Arrays:
        """The outputs for the rows of `inputs`. Waits for other requests with the same key. Raises ServingFault.

        Requests whose rows have other shapes or types are computed apart: together they would be refused.
        """
        task = _Task(inputs, _count_rows(inputs))
        self._enqueue((key, *((array.dtype.str, array.shape[1:]) for array in inputs)), task, compute)
        return task.answer.result()

    def _enqueue(self, key: Hashable, task: _Task, compute: Compute) -> None:
        most = self._settings.max_batch_size
        if task.rows > most:
            raise invalid(f"Task size {task.rows} is larger than maximum input batch size {most}")
        with self._changed:
            queue = self._queues.setdefault(key, deque())
            if not queue or queue[-1].closed or queue[-1].rows + task.rows > most:
                if len(queue) >= self._settings.max_enqueued_batches:
                    raise ServingFault(
                        503, "The batch scheduling queue to which this task was submitted is full"
                    )
                if queue:
                    queue[-1].closed = True
                queue.append(
                    _Batch(key, compute, self._clock() + self._settings.batch_timeout_micros / 1_000_000)
                )
            batch = queue[-1]
            batch.tasks.append(task)
            batch.rows += task.rows
            batch.closed = batch.rows >= most
            self._changed.notify()

    def _run(self) -> None:
        while True:
            _answer(self._next_batch())

    def _next_batch(self) -> _Batch:
        """Wait for the batch that has been ready for longest, and take it out of its queue."""
        with self._changed:
            while True:
                heads = sorted((queue[0] for queue in self._queues.values()), key=lambda batch: batch.due)
                now = self._clock()
                for batch in heads:
                    if batch.closed or batch.due <= now:
                        self._take(batch)
                        return batch
                self._changed.wait(heads[0].due - now if heads else None)

    def _take(self, batch: _Batch) -> None:
        queue = self._queues[batch.key]
        queue.popleft()
        if not queue:
            del self._queues[batch.key]
        # Another thread may have waited for this batch's time only.
        self._changed.notify()


def _count_rows(inputs: Arrays) -> int:
    if any(array.ndim == 0 for array in inputs):
        raise invalid("Batching session Run() input tensors must have at least one dimension.")
    if len({len(array) for array in inputs}) != 1:
        raise invalid("Batching session Run() input tensors must have equal 0th-dimension size.")
    return len(inputs[0])


def _answer(batch: _Batch) -> None:
    """Compute a batch and give each task its rows, or all of them the same error."""
    try:
        columns = zip(*(task.inputs for task in batch.tasks), strict=True)
        outputs = batch.compute(
            [np.concatenate(column) if len(column) > 1 else column[0] for column in columns]
        )
        for output in outputs:
            _check_rows(output, batch.rows)
    except BaseException as error:
        for task in batch.tasks:
            task.answer.set_exception(error)
        return
    start = 0
    for task in batch.tasks:
        task.answer.set_result([output[start : start + task.rows] for output in outputs])
        start += task.rows


def _check_rows(output: Any, rows: int) -> None:
    if output.ndim == 0:
        raise invalid("Batched output tensor has 0 dimensions")
    if len(output) != rows:
        raise invalid(
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input "
            "tensors"
        )
