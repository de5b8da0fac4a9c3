"""Celery tasks: an id in, one step of the lifecycle, and what follows from it.

Short and safe to repeat. A message only wakes someone up: what is to be done stands in the rows, and
`reconcile` finds what no message told of.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import heartbeat_sent, worker_ready
from django.db import connections, transaction
from kombu.exceptions import OperationalError

from jobs.gateway import GatewayError, images
from jobs.lifecycle import image_table, polling, reconciling, starting, stopping
from jobs.models import Connection, ContainerImage, Heartbeat

log = structlog.get_logger(__name__)


def enqueue(task: Task[..., Any], *args: Any) -> None:
    """Send a task when the transaction commits. A missing broker only delays: the rows say what is due."""

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


@shared_task
def stop_job(job_id: int) -> None:
    """Ask SageMaker to stop the job; reconcile repeats it if that fails."""
    stopping.stop_remote(job_id)


@shared_task
def poll_connection(connection_id: int) -> None:
    """Follow the connection's jobs, and start waiting ones in the places that became free."""
    polled = polling.poll(connection_id)
    if polled.problem:
        log.warning("poll_failed", connection=connection_id, problem=polled.problem)
    if polled.ended:
        log.info("jobs_ended", connection=connection_id, jobs=polled.ended)
        for job_id in reconciling.next_to_start(Connection.objects.get(pk=connection_id)):
            enqueue(start_job, job_id)


@shared_task
def poll_due_connections() -> None:
    """One task for each connection that has running jobs."""
    for connection_id in polling.due_connections():
        enqueue(poll_connection, connection_id)


@shared_task
def reconcile() -> None:
    """Send again what the rows say is due."""
    due = reconciling.overdue()
    for job_id in due.start:
        enqueue(start_job, job_id)
    for job_id in due.stop:
        enqueue(stop_job, job_id)


@shared_task
def beat_pulse() -> None:
    """Only beat sends this, so its arrival shows that beat lives."""
    Heartbeat.beat("beat")


@shared_task
def load_images(region: str, position: int = 0) -> None:
    """Fill the image table of a region, one framework a task: what takes the SDK long leaves a worker free."""
    here = set(ContainerImage.objects.filter(region=region).values_list("framework", flat=True))
    missing = [n for n, name in enumerate(images.FRAMEWORKS) if n >= position and name not in here]
    if not missing:
        return
    try:
        image_table.refresh(region, images.FRAMEWORKS[missing[0]])
    except GatewayError as error:
        log.warning("images_not_loaded", region=region, error=error.sentence)
        return
    enqueue(load_images, region, missing[0] + 1)


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
