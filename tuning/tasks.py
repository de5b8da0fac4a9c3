"""Celery tasks of tunings. A message only wakes a worker: the rows say what is due, whatever messages are lost."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from jobs.tasks import enqueue
from tuning.lifecycle import advancing
from tuning.models import Combination, CombinationState


@shared_task
def advance_tuning(tuning_id: int) -> None:
    """Do what is next in a tuning."""
    if advancing.advance(tuning_id):
        enqueue(advance_tuning, tuning_id)


@shared_task
def reconcile() -> None:
    """Send again what the rows say is due."""
    for tuning_id in advancing.due_tunings():
        enqueue(advance_tuning, tuning_id)


def advance_tuning_of(sender: Any, *, job_id: int, **_: Any) -> None:
    """Go on with the tuning whose job has ended: a receiver of `job_ended`."""
    rows = Combination.objects.filter(job=job_id, state=CombinationState.RUNNING)
    for tuning_id in rows.values_list("tuning", flat=True):
        enqueue(advance_tuning, tuning_id)
