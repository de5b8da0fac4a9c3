"""Hold the figures of a job's outputs against the output checks of its model and preset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs import queries
from jobs.lifecycle.after import output_warnings
from jobs.models import TransformJob
from jobs.states import TRIALS, Hold, JobState, WarningCode
from results.models import Measure, OnMiss, OutputCheck, OutputReading
from results.reading.figures import ColumnFigures, column_of
from teams.announcing import Announcement, announce

#: Quantiles whose movement is drift, in parts of the width of the earlier runs' middle 90 %.
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Jobs that ended longer ago are not checked by themselves, and how many are begun at once.
RECENT, AT_ONCE = timedelta(days=1), 20
#: The time from a job's making to its end that is looked back.
LONGEST_JOB = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """A check as a sentence, the figure that was found, and whether it is met.

    `low` and `high` are the figure as numbers, equal for a single one; None where none was found.
    """

    text: str
    figure: str
    is_met: bool
    check: int = 0
    on_miss: str = OnMiss.WARN
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class CheckFigure:
    """What was found for a check: the figure in words, whether it is met, and the figure as numbers."""

    figure: str
    is_met: bool
    low: float | None = None
    high: float | None = None


def checks_of(job: TransformJob) -> list[OutputCheck]:
    """The checks of the job's model, with those of its preset; a trial, which reads a part of its input, has none."""
    if (job.root or job).origin in TRIALS:
        return []
    checks = OutputCheck.objects.filter(connection=job.connection_id, model_name=job.model_name)
    return list(checks.filter(Q(preset=None) | Q(preset=job.preset_id)).order_by("id"))


def without_reading(jobs: QuerySet[TransformJob]) -> QuerySet[TransformJob]:
    """Those of these first attempts whose outputs nobody has begun to read since the job ended."""
    readings = OutputReading.objects.filter(
        Q(job=OuterRef("pk")) | Q(job__root=OuterRef("pk")),
        filter="",
        job_ended_at__gte=OuterRef("overall_ended_at"),
    )
    return jobs.filter(~Exists(readings))


def of_whole_inputs(readings: QuerySet[OutputReading]) -> QuerySet[OutputReading]:
    """The readings without those of trials, which read a part of their input."""
    return readings.exclude(Q(job__origin__in=TRIALS) | Q(job__root__origin__in=TRIALS))


def jobs_to_check() -> list[TransformJob]:
    """Jobs that completed of late under a check, and whose outputs nobody has begun to read."""
    names = OutputCheck.objects.values_list("connection__team", "connection", "model_name").distinct()
    jobs: list[TransformJob] = []
    for team_id, connection_id, model_name in names:
        # By the index of the list of a model's jobs.
        completed = TransformJob.objects.filter(
            team=team_id,
            connection=connection_id,
            model_name=model_name,
            created_at__gt=timezone.now() - LONGEST_JOB - RECENT,
            overall_state=JobState.COMPLETED,
            overall_ended_at__gt=timezone.now() - RECENT,
            root=None,
        ).exclude(origin__in=TRIALS)
        unread = without_reading(completed).order_by("-created_at", "-id")
        jobs += [job for job in unread[:AT_ONCE] if checks_of(job)]
    return jobs[:AT_ONCE]


def check(reading: OutputReading, *, is_told: bool = True) -> None:
    """Write the outcome of each check to a finished reading of all rows, and warn of those that are missed.

    Call it in the transaction that finishes the reading. With `is_told` a miss is announced, and holds the job if one
    of the missed checks says so.
    """
    checks = checks_of(reading.job) if not reading.filter else []
    if not checks and not reading.checks:
        return
    outcomes = [_outcome(output_check, reading) for output_check in checks]
    reading.checks = [asdict(outcome) for outcome in outcomes]
    OutputReading.objects.filter(pk=reading.pk).update(checks=reading.checks)
    missed = [outcome for outcome in outcomes if not outcome.is_met]
    sentences = [f"{outcome.text}: {outcome.figure}." for outcome in missed]
    together = queries.merged(reading.job)
    job = together.decisive
    for row in {reading.job.pk: reading.job, job.pk: job}.values():
        output_warnings.replace(row, WarningCode.CHECK_MISSED, sentences)
    if not is_told:
        return
    holds = any(outcome.on_miss == OnMiss.HOLD for outcome in missed)
    is_held = _hold(together.first, reading, holds=holds)
    if missed:
        announce(
            Announcement(
                team=job.team,
                kind="outputs.held" if is_held else "outputs.missed",
                key=f"outputs-{reading.pk}",
                title=_title(job, len(missed), len(checks), is_held=is_held),
                reason=" ".join(sentences),
                path=f"{together.first.get_absolute_url()}results/",
                person=job.submitted_by,
                facts={"job": together.first.key, "model": job.model_name, "missed": len(missed)},
            )
        )


def _title(job: TransformJob, missed: int, of: int, *, is_held: bool) -> str:
    counts = f"{missed} of {of} output checks missed"
    return f"{job.name} is held: {counts}" if is_held else f"{job.name}: {counts}"


def _hold(first: TransformJob, reading: OutputReading, *, holds: bool) -> bool:
    """Hold the job, or release one that has ended again and misses nothing now. True if it is held by this call.

    A decision stands until the job ends again.
    """
    undecided = TransformJob.objects.filter(pk=first.pk).filter(
        Q(hold=None) | Q(hold_ended_at=None) | ~Q(hold_ended_at=reading.job_ended_at)
    )
    now = timezone.now()
    hold = Hold.HELD if holds else None
    changed = undecided.exclude(hold=None) if not holds else undecided
    columns = {
        "hold": hold,
        "hold_note": None,
        "hold_by": None,
        "hold_at": now if holds else None,
        "hold_ended_at": reading.job_ended_at if holds else None,
        "changed_at": now,
    }
    if changed.update(**columns) != 1:
        return False
    first.note("The outputs are held." if holds else "The outputs are no longer held: all checks are met.")
    return holds


def _outcome(output_check: OutputCheck, reading: OutputReading) -> CheckOutcome:
    check_figure = find(output_check, reading)
    return CheckOutcome(
        output_check.text,
        check_figure.figure,
        check_figure.is_met,
        output_check.pk,
        output_check.on_miss,
        check_figure.low,
        check_figure.high,
    )


def find(output_check: OutputCheck, reading: OutputReading) -> CheckFigure:
    """What the reading has for the check."""
    if output_check.measure == Measure.ROWS:
        if reading.is_sampled:
            return CheckFigure("not known, as the outputs were sampled", is_met=False)
        rows = reading.rows
        return CheckFigure(f"{rows:,} rows", _is_within(output_check, rows, rows), rows, rows)
    if not reading.rows:
        return CheckFigure(reading.note or "no row was read", is_met=False)
    column = _column(output_check, reading)
    if column is None:
        return CheckFigure("there is no such column", is_met=False)
    if output_check.measure == Measure.NULLS:
        share = column.null_share
        is_met = share <= (output_check.high or 0.0)
        return CheckFigure(f"{share * 100:.3g} % without a value", is_met, share, share)
    if column.least is None or column.most is None:
        return CheckFigure("it has no numbers", is_met=False)
    if output_check.measure == Measure.RANGE:
        figure = f"from {column.least:g} to {column.most:g}"
        is_met = _is_within(output_check, column.least, column.most)
        return CheckFigure(figure, is_met, column.least, column.most)
    return _drift(output_check, reading, column)


def _column(output_check: OutputCheck, reading: OutputReading) -> ColumnFigures | None:
    columns = [column_of(values) for values in reading.columns]
    if not output_check.column:
        return columns[0] if columns else None
    return next((column for column in columns if column.name == output_check.column), None)


def _is_within(output_check: OutputCheck, least: float, most: float) -> bool:
    low, high = output_check.low, output_check.high
    return (low is None or least >= low) and (high is None or most <= high)


def _drift(output_check: OutputCheck, reading: OutputReading, column: ColumnFigures) -> CheckFigure:
    earlier = _earlier_columns(output_check, reading)
    if not earlier:
        return CheckFigure("no earlier run has been read", is_met=True)
    before = [_mean([earlier_column.quantile(part) for earlier_column in earlier]) for part in _QUANTILES]
    now = [column.quantile(part) or 0.0 for part in _QUANTILES]
    width = before[-1] - before[0] or abs(before[-1]) or 1.0
    moves = [
        (abs(after - earlier_value) / width, part)
        for part, after, earlier_value in zip(_QUANTILES, now, before, strict=True)
    ]
    move, part = max(moves)
    runs = "1 run" if len(earlier) == 1 else f"{len(earlier)} runs"
    figure = f"its {part * 100:g} % quantile moved by {move * 100:.3g} % against {runs}"
    return CheckFigure(figure, move <= (output_check.high or 0.0), move, move)


def _mean(numbers: Sequence[float | None]) -> float:
    values = [number for number in numbers if number is not None]
    return sum(number / len(values) for number in values)


def _earlier_columns(output_check: OutputCheck, reading: OutputReading) -> list[ColumnFigures]:
    """The column's figures in the last runs before this job."""
    job = reading.job
    earlier = of_whole_inputs(OutputReading.objects.all()).filter(
        job__connection=job.connection_id,
        job__model_name=job.model_name,
        job__lt=job.pk,
        filter="",
        finished_at__isnull=False,
        rows__gt=0,
    )
    if output_check.preset_id:
        earlier = earlier.filter(job__preset=output_check.preset_id)
    columns = (
        _column(output_check, earlier_reading)
        for earlier_reading in earlier.order_by("-job")[: output_check.runs]
    )
    return [column for column in columns if column is not None and column.numbers]
