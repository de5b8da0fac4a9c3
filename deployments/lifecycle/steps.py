"""What the kinds of steps share."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.models import DeploymentRun, StepState
from transform.keys import output_folder


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended, with the sentence that says why."""

    state: StepState
    reason: str = ""


class PutOff(Exception):
    """The step cannot go on now; it is tried again later. The message is the sentence for the row."""


def run_folder(run: DeploymentRun) -> str:
    """The folder in S3 for what the run's steps hand on, as an address that ends in a slash."""
    return f"{output_folder(run.stage.artifact_path)}runs/{run.key}/"


def prepared_input(run: DeploymentRun) -> str:
    """Where the preprocess step writes and the transform reads."""
    return f"{run_folder(run)}input/"
