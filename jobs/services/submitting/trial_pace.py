"""How long a job on all of an input will take, by its trial: the time until the model was ready, then its records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aws import logs
from jobs.models import TransformJob, TrialRun
from jobs.services.calling import calls_for_person
from jobs.services.errors import Unavailable
from jobs.states import JobState

#: SageMaker's data log begins with the effective parameters, which it writes when the model has answered for the first
#: time.
_READY = "MaxConcurrentTransforms="
_FIRST_LINES = 20
#: A time that is shorter is not told apart from none.
_LEAST_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class TrialPace:
    """What a completed trial took: seconds until the model was ready, and for how many records how many seconds."""

    job: TransformJob
    start: float
    work: float
    records: int
    bytes: int
    unit: str

    @property
    def rate(self) -> float:
        """Records a second, once the model was ready."""
        return self.records / self.work

    def seconds(self, size: float) -> float:
        """The time of an instance that reads `size` bytes."""
        return self.start + self.work * size / self.bytes


def pace_of(job: TransformJob) -> TrialPace | None:
    """The pace of a trial; None for a job that is none, has not completed, or whose log does not tell it."""
    trial = job.trial_run
    if trial is None or job.state != JobState.COMPLETED or not job.started_at or not job.ended_at:
        return None
    ready = _ready_at(job, trial)
    if ready is None or not job.started_at <= ready <= job.ended_at or not trial.bytes:
        return None
    start = (ready - job.started_at).total_seconds()
    work = max((job.ended_at - ready).total_seconds(), _LEAST_SECONDS)
    return TrialPace(job, start, work, trial.records, trial.bytes, trial.unit)


def _ready_at(job: TransformJob, trial: TrialRun) -> datetime | None:
    """When the model was ready; read from the log once, and kept with the trial."""
    if trial.ready_at is None:
        try:
            with calls_for_person(job.connection) as target:
                streams = [stream for stream in logs.streams(target, job.name) if stream.is_data_log]
                lines = [
                    line
                    for stream in streams[:1]
                    for line in logs.lines(target, stream.name, limit=_FIRST_LINES, from_start=True)
                ]
        except Unavailable:
            return None
        trial.ready_at = next((line.at for line in lines if _READY in line.text), None)
        if trial.ready_at:
            TrialRun.objects.filter(pk=trial.pk, ready_at=None).update(ready_at=trial.ready_at)
    return trial.ready_at
