"""Starts the runs of the schedules of stages: the handler of the kind `stage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Count, Sum

from deployments.models import DeploymentRun, Stage, StageRunState
from deployments.services import running
from jobs.costs import exact
from jobs.states import JobState
from schedules.models import Schedule, ScheduledRun
from schedules.run_handlers import NothingToDo, PastCosts, RunOutcome, RunTarget, TargetGone
from teams.models import Membership

#: `Schedule.kind` of the schedules of stages.
STAGE = "stage"
_STATES = {
    StageRunState.WAITING: JobState.WAITING,
    StageRunState.RUNNING: JobState.IN_PROGRESS,
    StageRunState.COMPLETED: JobState.COMPLETED,
    StageRunState.FAILED: JobState.FAILED,
    StageRunState.STOPPED: JobState.STOPPED,
    StageRunState.SKIPPED: JobState.CANCELLED,
}


class StageRuns:
    """A run of a stage's schedule is a run of the version that is deployed there then."""

    kind = STAGE

    def targets(self, schedules: Sequence[Schedule]) -> Mapping[int, RunTarget]:
        """Each schedule's stage, on the page of its deployment."""
        rows = Stage.objects.filter(schedule__in=schedules).select_related("deployment")
        stages = {stage.schedule_id: stage for stage in rows}
        targets = {}
        for schedule in schedules:
            stage = stages.get(schedule.pk)
            if stage is None:
                targets[schedule.pk] = RunTarget("no stage", "", "Its stage was deleted.")
                continue
            problem = "" if stage.version else f"Nothing is deployed in {stage.name} yet."
            targets[schedule.pk] = RunTarget(str(stage), stage.deployment.get_absolute_url(), problem)
        return targets

    def running(self, schedule: Schedule) -> str:
        """The run of the stage that has not ended, whoever began it."""
        stage = Stage.objects.filter(schedule=schedule).first()
        run = running.under_way(stage) if stage else None
        return str(run) if run else ""

    def prepare(self, run: ScheduledRun, member: Membership) -> Stage:
        """The stage with what a run needs of it. Raises NothingToDo while nothing is deployed, and TargetGone."""
        rows = Stage.objects.select_related("deployment", "connection", "model", "team")
        stage = rows.filter(schedule=run.schedule).first()
        if stage is None:
            raise TargetGone("Its stage was deleted.")
        if stage.version is None:
            raise NothingToDo(f"Nothing is deployed in {stage.name} yet.")
        return stage

    def create(self, run: ScheduledRun, member: Membership, prepared: object) -> None:
        """Write the run of the stage. Its job comes later, with its last step."""
        assert isinstance(prepared, Stage)
        running.create_run(prepared, at=run.at, by=member.user, scheduled_run=run)

    def outcomes(self, runs: Sequence[ScheduledRun]) -> Mapping[int, RunOutcome]:
        """What became of the run of a stage that each of these began."""
        rows = DeploymentRun.objects.filter(scheduled_run__in=runs).select_related("stage__deployment")
        return {
            row.scheduled_run_id: RunOutcome(
                str(row.stage), row.get_absolute_url(), _STATES[StageRunState(row.state)]
            )
            for row in rows
            if row.scheduled_run_id is not None
        }

    def past_costs(
        self, schedules: Sequence[Schedule], first: datetime, end: datetime
    ) -> Mapping[int, PastCosts]:
        """What the jobs of the stages' runs that these began cost."""
        runs = DeploymentRun.objects.filter(
            scheduled_run__schedule__in=schedules,
            scheduled_run__due_at__gte=first,
            scheduled_run__due_at__lt=end,
            job__cost_usd__isnull=False,
        )
        sums = runs.order_by().values_list("scheduled_run__schedule_id").annotate(
            Count("id"), Sum("job__cost_usd")
        )  # fmt: skip
        return {pk: PastCosts(count, exact(amount)) for pk, count, amount in sums}
