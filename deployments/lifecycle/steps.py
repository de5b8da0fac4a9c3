"""What promotions and the steps of runs share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from deployments.models import DeploymentRun, StepState
from transform.keys import output_folder

#: Longer than a task may run.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended, with the sentence that says why."""

    state: StepState
    reason: str = ""


class PutOff(Exception):
    """The step cannot go on now; it is tried again later. The message is the sentence for the row."""


class StepWaits(Exception):
    """The step has done its work and waits for a person or a check. The message is the sentence for the row."""


def run_folder(run: DeploymentRun) -> str:
    """The folder in S3 for what the run's steps hand on, as an address that ends in a slash."""
    return f"{output_folder(run.stage.artifact_path)}runs/{run.key}/"


def prepared_input(run: DeploymentRun) -> str:
    """Where the preprocess step writes and the transform reads."""
    return f"{run_folder(run)}input/"
