"""Celery tasks: an id in, one step of the lifecycle, and what follows from it.

Short and safe to repeat. A message only wakes someone up: what is to be done stands in the rows, and
`reconcile` finds what no message told of.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import heartbeat_sent, worker_ready
from django.db import connections, transaction
from kombu.exceptions import OperationalError

from aws import GatewayError
from jobs.batches import batched
from jobs.lifecycle import image_table, reconciling
from jobs.lifecycle.after import comparing, explaining, pricing, retrying
from jobs.lifecycle.follow import event_queue, polling
from jobs.lifecycle.queue import quotas, starting, stopping
from jobs.models import Connection, Heartbeat, Lease

log = structlog.get_logger(__name__)

#: Longer than a task may live, so that two never load images at once.
IMAGES_LEASE = timedelta(seconds=60)
#: Jobs that one task looks at, each by a call.
LOOKS_AT_ONCE = 50


def enqueue(task: Task[..., Any], *args: Any) -> None:
    """Send a task when the transaction commits.

    A missing broker only delays: the rows say what is due.
    """

    def send() -> None:
        try:
            task.apply_async(args=args)
        except OperationalError as error:
            log.warning("broker_unreachable", task=task.name, error=str(error))

    transaction.on_commit(send, robust=True)


@shared_task
def start_job(job_id: int) -> None:
    """Try to create the job in SageMaker."""
    outcome = starting.start(job_id)
    log.info("job_start", job=job_id, outcome=outcome.name)
    if outcome is starting.Started.TO_STOP:
        enqueue(stop_job, job_id)
    elif outcome is starting.Started.NEXT_TYPE:
        enqueue(start_job, job_id)


@shared_task
def retry_job(job_id: int) -> None:
    """Submit a failed job again."""
    made = retrying.retry(job_id)
    if made is not None:
        log.info("job_retried", job=job_id, attempt=made)
        enqueue(start_job, made)


@shared_task
def explain_job(job_id: int) -> None:
    """Find out from the job's log why it failed."""
    cause = explaining.explain_job(job_id)
    if cause:
        log.info("job_explained", job=job_id, cause=cause)


@shared_task
def stop_job(job_id: int) -> None:
    """Ask SageMaker to stop the job; reconcile repeats it if that fails."""
    stopping.stop_remote(job_id)


@shared_task
def poll_connection(connection_id: int) -> None:
    """Follow the connection's jobs, and start waiting ones in the places that became free."""
    _go_on(connection_id, polling.poll(connection_id))


@shared_task
def look_at_jobs(connection_id: int, names: list[str]) -> None:
    """Look at jobs that an event was about; what follows is the same as after a poll."""
    _go_on(connection_id, polling.look(connection_id, names))


@shared_task
def read_queue(connection_id: int) -> None:
    """Take the events out of the connection's queue, and have their jobs looked at."""
    reading = event_queue.read(connection_id)
    if reading.problem:
        log.warning("queue_not_read", connection=connection_id, problem=reading.problem)
    for pk, names in reading.jobs.items():
        for batch in batched(names, LOOKS_AT_ONCE):
            enqueue(look_at_jobs, pk, batch)


def _go_on(connection_id: int, result: polling.PollResult) -> None:
    if result.problem:
        log.warning("poll_failed", connection=connection_id, problem=result.problem)
    for job_id in result.to_stop:
        enqueue(stop_job, job_id)
    if result.ended:
        log.info("jobs_ended", connection=connection_id, jobs=result.ended)
        for job_id in explaining.due(result.ended):
            enqueue(explain_job, job_id)
        for job_id in reconciling.next_after(connection_id, result.ended):
            enqueue(start_job, job_id)
        _compare_next()


@shared_task
def poll_due_connections() -> None:
    """One task for each connection that has running jobs, and for each that names a queue of events."""
    for connection_id in polling.due_connections():
        enqueue(poll_connection, connection_id)
    for connection_id in event_queue.connections():
        enqueue(read_queue, connection_id)


@shared_task
def reconcile() -> None:
    """Send again what the rows say is due."""
    due = reconciling.overdue()
    for job_id in due.start:
        enqueue(start_job, job_id)
    for job_id in due.stop:
        enqueue(stop_job, job_id)
    for job_id in retrying.due_retries():
        enqueue(retry_job, job_id)
    for job_id in explaining.due():
        enqueue(explain_job, job_id)
    for region in image_table.due_regions():
        enqueue(load_images, region)
    _compare_next()


@shared_task
def compare_rows(job_id: int) -> None:
    """Compare some of an ended job's rows; then it is the turn of the job that has waited longest."""
    if comparing.compare_some(job_id):
        _compare_next()


def _compare_next() -> None:
    for job_id in comparing.due():
        enqueue(compare_rows, job_id)


@shared_task
def read_quotas(connection_id: int) -> None:
    """Read what the connection's account may run at once."""
    problem = quotas.refresh(connection_id)
    if problem:
        log.info("quotas_not_read", connection=connection_id, problem=problem)


@shared_task
def read_due_quotas() -> None:
    """One task for each connection whose quotas are to be read."""
    for connection_id in quotas.due_connections():
        enqueue(read_quotas, connection_id)


@shared_task
def read_due_prices() -> None:
    """One task for each AWS connection whose price list is old."""
    for connection_id in pricing.due_connections():
        enqueue(read_prices, connection_id)


@shared_task
def read_prices(connection_id: int) -> None:
    """Renew a connection's prices from AWS's list."""
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or connection.is_engine:
        return
    try:
        log.info("prices_read", connection=connection_id, types=pricing.read_list(connection))
    except GatewayError as error:
        log.warning("prices_not_read", connection=connection_id, error=error.sentence)


@shared_task
def beat_pulse() -> None:
    """Only beat sends this, so its arrival shows that beat lives."""
    Heartbeat.beat("beat")


@shared_task
def load_images(region: str) -> None:
    """Fill the image table of a region; `reconcile` asks again until that is done."""
    lease = Lease.claim("images", IMAGES_LEASE)
    if lease is None:
        # The SDK takes long to load: two regions at once would leave no worker to start and follow jobs.
        return
    try:
        count = image_table.load(region)
    except GatewayError as error:
        # The lease is kept, so that the next try is not at once.
        log.warning("images_not_loaded", region=region, error=error.sentence)
        return
    lease.release()
    log.info("images_loaded", region=region, images=count)


_last_beat = 0.0


@worker_ready.connect
@heartbeat_sent.connect
def note_worker(**_: Any) -> None:
    """Say that the worker lives; Celery calls this every two seconds, one write in ten is enough."""
    global _last_beat
    if time.monotonic() - _last_beat < 10:
        return
    _last_beat = time.monotonic()
    Heartbeat.beat("worker")
    # The worker's main process forks its children; they must not inherit an open connection.
    connections.close_all()
