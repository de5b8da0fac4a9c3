"""Celery tasks: each takes an id, does one step of the lifecycle, and enqueues what follows.

They are short and safe to repeat. A message only wakes a worker: the rows say what is due, and `reconcile` finds what
lost messages were about.
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
from jobs.lifecycle import budgets, engine_keys, image_table, old_uploads, reconciling, summing
from jobs.lifecycle.after import comparing, explaining, pricing, retrying
from jobs.lifecycle.converting import slices
from jobs.lifecycle.follow import event_queue, polling
from jobs.lifecycle.queue import quotas, starting, stopping
from jobs.lifecycle.trying import removal, search_steps
from jobs.models import Connection, Heartbeat, Lease

log = structlog.get_logger(__name__)

#: Longer than a task may run, so that two never load images at once.
IMAGES_LEASE = timedelta(seconds=60)
#: The broker's priority of starts of jobs, behind the rest: thousands may wait there, while jobs that run are followed.
#: The broker has the priorities 0, 3, 6 and 9; 0 comes first.
STARTS_LAST = 6
#: The most jobs that one task describes, with a call each.
LOOKS_AT_ONCE = 50


def enqueue(task: Task[..., Any], *args: Any) -> None:
    """Send a task when the transaction commits. Without a broker it is only later: the rows say what is due."""

    def send() -> None:
        try:
            task.apply_async(args=args)
        except OperationalError as error:
            log.warning("broker_unreachable", task=task.name, error=str(error))

    transaction.on_commit(send, robust=True)


@shared_task(priority=STARTS_LAST)
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
    attempt_id = retrying.retry(job_id)
    if attempt_id is not None:
        log.info("job_retried", job=job_id, attempt=attempt_id)
        enqueue(start_job, attempt_id)


@shared_task
def explain_job(job_id: int) -> None:
    """Find the cause of the job's failure in its log."""
    cause = explaining.explain_job(job_id)
    if cause:
        log.info("job_explained", job=job_id, cause=cause)


@shared_task
def stop_job(job_id: int) -> None:
    """Ask SageMaker to stop the job. If that fails, `reconcile` sends the task again."""
    stopping.stop_remote(job_id)


@shared_task
def poll_connection(connection_id: int) -> None:
    """Follow the connection's jobs, and start waiting jobs in the places of ended ones."""
    _go_on(connection_id, polling.poll(connection_id))


@shared_task
def look_at_jobs(connection_id: int, names: list[str]) -> None:
    """Bring the jobs of events up to date, as a poll does."""
    _go_on(connection_id, polling.describe_jobs(connection_id, names))


@shared_task
def read_queue(connection_id: int) -> None:
    """Read the connection's queue of events, and enqueue the look at their jobs."""
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
        for job_id in explaining.due_jobs(result.ended):
            enqueue(explain_job, job_id)
        for job_id in reconciling.next_after(connection_id, result.ended):
            enqueue(start_job, job_id)
        _compare_next()


@shared_task
def poll_due_connections() -> None:
    """Enqueue a poll for each connection that is due, and a read for each that has a queue of events."""
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
    for job_id in explaining.due_jobs():
        enqueue(explain_job, job_id)
    for region in image_table.due_regions():
        enqueue(load_images, region)
    _compare_next()


@shared_task
def merge_sums() -> None:
    """Merge what jobs have added to the sums by day."""
    spared = summing.merge()
    if spared:
        log.info("sums_merged", rows=spared)


@shared_task
def follow_budgets() -> None:
    """Tell teams that reach their budgets, and let jobs go on that waited for one."""
    announced, released = budgets.announce_reached(), budgets.release_held()
    if announced or released:
        log.info("budgets_followed", announced=announced, released=released)


@shared_task
def compare_rows(job_id: int) -> None:
    """Compare some of an ended job's rows, then enqueue the job that has waited longest."""
    if comparing.compare_some(job_id):
        _compare_next()


def _compare_next() -> None:
    for job_id in comparing.due_jobs():
        enqueue(compare_rows, job_id)


@shared_task
def read_quotas(connection_id: int) -> None:
    """Read the quotas of the connection's account."""
    problem = quotas.refresh(connection_id)
    if problem:
        log.info("quotas_not_read", connection=connection_id, problem=problem)


@shared_task
def read_due_quotas() -> None:
    """Enqueue a task for each connection whose quotas are due."""
    for connection_id in quotas.due_connections():
        enqueue(read_quotas, connection_id)


@shared_task
def read_due_prices() -> None:
    """Enqueue a task for each AWS connection whose price list is due."""
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
def abort_old_uploads() -> None:
    """Abort uploads to which no part came for long."""
    if count := old_uploads.abort_old():
        log.info("old_uploads_aborted", uploads=count)


@shared_task
def search_records(search_id: int) -> None:
    """Do the next step of a search for bad records, and start the job that it wrote."""
    job_id = search_steps.take_step(search_id)
    if job_id is not None:
        enqueue(start_job, job_id)


@shared_task
def search_due_records() -> None:
    """Enqueue the searches whose next step is due."""
    for search_id in search_steps.due_searches():
        enqueue(search_records, search_id)


@shared_task
def remove_old_trials() -> None:
    """Delete the objects of trials that ended long ago."""
    if count := removal.remove_old():
        log.info("old_trials_removed", trials=count)


@shared_task
def convert_files(conversion_id: int) -> None:
    """Convert some of a conversion's rows, then enqueue the conversion that has waited longest."""
    if slices.convert_some(conversion_id):
        convert_due_files()


@shared_task
def convert_due_files() -> None:
    """Enqueue the conversion that is next."""
    for conversion_id in slices.due_conversions():
        enqueue(convert_files, conversion_id)


@shared_task
def follow_engine_keys() -> None:
    """Revoke and narrow members' engine keys as people and connections change."""
    engine_keys.follow_rows()


@shared_task
def beat_pulse() -> None:
    """Note that beat is alive: only beat sends this task."""
    Heartbeat.beat("beat")


@shared_task
def load_images(region: str) -> None:
    """Fill the image table of a region. `reconcile` sends the task again until it is complete."""
    lease = Lease.claim("images", IMAGES_LEASE)
    if lease is None:
        # The SDK loads slowly: two regions at once would leave no worker for jobs.
        return
    try:
        count = image_table.load(region)
    except GatewayError as error:
        # The lease is kept, so that the next try comes later.
        log.warning("images_not_loaded", region=region, error=error.sentence)
        return
    lease.release()
    log.info("images_loaded", region=region, images=count)


_last_beat = 0.0


@worker_ready.connect
@heartbeat_sent.connect
def note_worker(**_: Any) -> None:
    """Note that the worker is alive. Celery calls this every two seconds; it writes every ten."""
    global _last_beat
    if time.monotonic() - _last_beat < 10:
        return
    _last_beat = time.monotonic()
    Heartbeat.beat("worker")
    # The worker's main process forks its children; they must not inherit an open connection.
    connections.close_all()
