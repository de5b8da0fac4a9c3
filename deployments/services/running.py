"""Runs of a stage: beginning one, and stopping it."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.models import DeploymentRun, RunStep, Stage, StepKind
from deployments.models.run import UNDER_WAY
from deployments.services.bodies import job_body, step_fields
from deployments.tasks import advance_run
from jobs.models.job_values import new_key
from jobs.services.errors import NotPossible
from jobs.tasks import enqueue
from schedules.models import ScheduledRun
from teams import activity
from teams.models import ApiToken, User
from transform.date_placeholders import BadPlaceholder


def run_now(stage: Stage, *, by: User, token: ApiToken | None = None) -> DeploymentRun:
    """Begin a run of the stage's version for the present time.

    Raises NotPossible if nothing is deployed there or a run of the stage is under way.
    """
    with transaction.atomic():
        run = create_run(stage, at=timezone.now(), by=by)
        activity.record(
            stage.team, by, "deployment.run_started", stage.deployment, label=str(run), token=token
        )
    return run


def create_run(
    stage: Stage, *, at: datetime, by: User | None, scheduled_run: ScheduledRun | None = None
) -> DeploymentRun:
    """Write a run with its steps, and once that is committed wake a worker. `at` is in the zone of its dates.

    The name of a `scheduled_run` is what {run} stands for. Raises NotPossible if nothing is deployed in the stage or an
    earlier run of it is under way.
    """
    if stage.model is None or stage.version is None:
        raise NotPossible(f"Nothing is deployed in {stage.name} yet. Promote a version first.")
    key = new_key()
    name = scheduled_run.name if scheduled_run else f"{at:%Y%m%d-%H%M}-{key[:6]}"
    try:
        body = job_body(stage, stage.model.name, at, name)
        step = step_fields(stage.deployment, body["data"], at, name)
    except BadPlaceholder as error:
        raise NotPossible(str(error)) from error
    if earlier := under_way(stage):
        raise NotPossible(f"The run of {earlier.due_at:%Y-%m-%d %H:%M} UTC is still under way.")
    try:
        with transaction.atomic():
            run = DeploymentRun.objects.create(
                team=stage.team,
                stage=stage,
                key=key,
                version=stage.version,
                due_at=at,
                requested_by=by,
                scheduled_run=scheduled_run,
                body=body,
                preprocess=step,
                next_look_at=timezone.now(),
            )
            kinds = [StepKind.PROCESSING] if step else []
            RunStep.objects.bulk_create(
                RunStep(run=run, position=position, kind=kind)
                for position, kind in enumerate([*kinds, StepKind.TRANSFORM], start=1)
            )
            enqueue(advance_run, run.pk)
    except IntegrityError as error:
        raise NotPossible("A run of this stage was begun just now.") from error
    return run


def under_way(stage: Stage) -> DeploymentRun | None:
    """The run of the stage that has not ended."""
    return DeploymentRun.objects.filter(stage=stage, state__in=UNDER_WAY).first()


def stop(run: DeploymentRun, *, by: User, token: ApiToken | None = None) -> DeploymentRun:
    """Ask for a run to stop. A repeated request changes nothing. Raises NotPossible if it has ended."""
    if not run.is_under_way:
        raise NotPossible(f"This run has ended already: it is {run.get_state_display().lower()}.")
    now = timezone.now()
    with transaction.atomic():
        rows = DeploymentRun.objects.filter(pk=run.pk, state__in=UNDER_WAY, stop_requested_at=None)
        if rows.update(stop_requested_at=now, stop_requested_by=by, next_look_at=now) == 1:
            activity.record(
                run.team,
                by,
                "deployment.run_stop_requested",
                run.stage.deployment,
                label=str(run),
                token=token,
            )
            enqueue(advance_run, run.pk)
    run.refresh_from_db()
    return run
