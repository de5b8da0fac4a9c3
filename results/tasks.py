"""Celery tasks of results. A message only wakes a worker: the rows say what is due, whatever messages are lost."""

from __future__ import annotations

from celery import shared_task

from jobs import queries
from jobs.tasks import enqueue
from results import checking, measuring


@shared_task
def read_outputs(reading_id: int) -> None:
    """Read some of a job's outputs for their figures, then enqueue the reading that has waited longest."""
    if measuring.read_some(reading_id):
        read_due_outputs()


@shared_task
def read_due_outputs() -> None:
    """Begin the readings of jobs that completed under an output check, and enqueue the reading that is next."""
    for job in checking.jobs_to_check():
        measuring.begin_check(queries.merged(job).planned_by)
    for reading_id in measuring.due_readings():
        enqueue(read_outputs, reading_id)
