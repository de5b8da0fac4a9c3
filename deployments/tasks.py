"""Celery tasks of deployments: each takes an id, does one step, and enqueues what follows. The rows say what is due."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task

from deployments.lifecycle import advancing, carrying, following
from deployments.lifecycle.advancing import Advance
from deployments.lifecycle.carrying import Carried
from deployments.lifecycle.following import Look
from jobs.tasks import enqueue

log = structlog.get_logger(__name__)


@shared_task
def look_at_registry(deployment_id: int) -> None:
    """Ask a deployment's registry for its newest approved version."""
    outcome, promotion_id = following.look(deployment_id)
    if outcome is not Look.NOTHING_NEW:
        log.info("registry_looked_at", deployment=deployment_id, outcome=outcome.name)
    if outcome is Look.APPROVED:
        enqueue(carry, promotion_id)


@shared_task
def carry(promotion_id: int) -> None:
    """Carry an approved version some way into its stage."""
    outcome = carrying.carry(promotion_id)
    log.info("version_carried", promotion=promotion_id, outcome=outcome.name)
    if outcome is Carried.MORE:
        enqueue(carry, promotion_id)


@shared_task
def advance_run(run_id: int) -> None:
    """Do what is next in a run."""
    outcome = advancing.advance(run_id)
    log.info("run_advanced", run=run_id, outcome=outcome.name)
    if outcome is Advance.MORE:
        enqueue(advance_run, run_id)


@shared_task
def reconcile() -> None:
    """Send again what the rows say is due."""
    for run_id in advancing.due_runs():
        enqueue(advance_run, run_id)
    for promotion_id in carrying.due_promotions():
        enqueue(carry, promotion_id)
    for deployment_id in following.due_deployments():
        enqueue(look_at_registry, deployment_id)


def advance_runs_of(sender: Any, *, job_id: int, **_: Any) -> None:
    """Go on with the run whose job has ended: a receiver of `job_ended`."""
    for run_id in advancing.runs_of_job(job_id):
        enqueue(advance_run, run_id)
