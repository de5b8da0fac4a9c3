"""Celery tasks of schedules. A message only wakes a worker: the rows say what is due, whatever messages are lost."""

from __future__ import annotations

import time

import structlog
from celery import shared_task

from jobs.batches import batched
from jobs.tasks import enqueue
from schedules.lifecycle import starting, taking

log = structlog.get_logger(__name__)

#: Runs of one message.
AT_ONCE = 10
#: The broker's priority of runs: before the starts of jobs, so that a run that is sent again does not wait for them.
RUNS_BEFORE_STARTS = 3
#: Seconds after which a task leaves the rest to another message; a single run may take longer.
SECONDS = 15.0


@shared_task
def take_due_schedules() -> None:
    """Turn what is due into runs, and enqueue their starts; also of runs whose messages were lost."""
    until = time.monotonic() + SECONDS
    while (run_ids := taking.take_due()) is not None:
        log.info("schedules_due", runs=len(run_ids))
        enqueue_starts(run_ids)
        if time.monotonic() > until:
            return
    enqueue_starts(taking.overdue_runs())


@shared_task(priority=RUNS_BEFORE_STARTS)
def start_runs(run_ids: list[int]) -> None:
    """Start these runs, one after the other."""
    until = time.monotonic() + SECONDS
    for number, run_id in enumerate(run_ids):
        if time.monotonic() > until:
            enqueue(start_runs, run_ids[number:])
            return
        state = starting.start(run_id)
        if state is not None:
            log.info("run_start", run=run_id, state=state)


def enqueue_starts(run_ids: list[int]) -> None:
    """Enqueue the starts of runs, some in each message."""
    for batch in batched(run_ids, AT_ONCE):
        enqueue(start_runs, batch)
