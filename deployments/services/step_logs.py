"""The log of a run's preprocess step."""

from __future__ import annotations

from dataclasses import dataclass

from aws import logs
from aws.logs import LogLine
from deployments.models import DeploymentRun, StepKind
from jobs.services.calling import calls_for_person

#: Lines of each instance that are read, the last ones.
LINES = 1000


@dataclass(frozen=True, slots=True)
class StepLog:
    """The end of the log of one instance."""

    instance: str
    lines: list[LogLine]


def read_logs(run: DeploymentRun) -> list[StepLog]:
    """The log of each instance of the preprocess step; empty before it runs. Raises Unavailable."""
    step = run.steps.filter(kind=StepKind.PROCESSING).exclude(name="").first()
    if step is None:
        return []
    group = logs.PROCESSING_GROUP
    with calls_for_person(run.stage.connection) as target:
        return [
            StepLog(stream.label, logs.lines(target, stream.name, limit=LINES, group=group))
            for stream in logs.streams(target, step.name, group=group)
        ]
