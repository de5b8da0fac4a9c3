"""The first sentence of a job's page: how the job stands."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from failures import UNKNOWN, cause_named
from jobs.models import TransformJob
from jobs.queries import Merged, Rows
from jobs.states import JobState
from jobs.templatetags.deck import about, hour


def sentence(job: TransformJob, together: Merged | None = None) -> str:
    """How the job stands, in a sentence; of a job with several attempts, with what they wrote `together`."""
    return _SAY[JobState(job.state)](job) if together is None else _together(job, together)


def _together(job: TransformJob, merged: Merged) -> str:
    written, total, number = merged.written or 0, merged.total or 0, len(merged.attempts)
    if merged.is_active:
        so_far = f"{written:,} of {total:,} outputs are written so far"
        return f"Attempt {number} is on its way; {so_far}{_rest(merged.latest)}."
    state_text = "" if job.state == JobState.COMPLETED else f"{JobState(job.state).label}. "
    if merged.missing:
        return f"{state_text}{written:,} of {total:,} outputs are written, over {number} attempts."
    outputs = f"All {total:,} outputs are" if total > 1 else "Its one output is"
    return f"{state_text}{outputs} written, over {number} attempts."


def _waiting(job: TransformJob) -> str:
    return f"Waiting: {job.state_reason}" if job.state_reason else "Waiting for a worker."


def _in_progress(job: TransformJob) -> str:
    if job.stop_requested_at is not None:
        return f"A stop was requested; {_service(job)} has not answered yet."
    if job.started_at is None:
        # A note below says what it waits for.
        return (
            "Accepted; it has not begun."
            if job.state_reason
            else "Accepted; its instances are being made ready."
        )
    if job.objects_total is None:
        return "Running."
    return f"{_written(job)} so far{_rest(job)}."


def rows_sentence(rows: Rows | None) -> str:
    """The sentence about the comparison of input and output rows; empty if there is none."""
    if rows is None:
        return ""
    if rows.pending:
        return "Rows of inputs and outputs are being compared."
    if not rows.compared:
        return rows.note
    files = "1 file" if rows.compared == 1 else f"{rows.compared:,} files"
    differ = f"in {rows.differ:,} they differ" if rows.differ else "none differs"
    return f"Rows compared in {files}: {differ}. {rows.note}".strip()


def _rest(job: TransformJob) -> str:
    end = job.expected_end
    return f"; {about(end - timezone.now())} left, done at {hour(end)}" if end else ""


def _completed(job: TransformJob) -> str:
    if job.is_held:
        return "Its outputs are held: an output check is missed, and a person accepts or refuses them."
    if job.is_refused:
        by = f" by {job.hold_by.label}" if job.hold_by else ""
        return f"Its outputs were refused{by}: {job.hold_note}"
    if job.warnings:
        # A warning names files after a colon; the notes below show all of it.
        heads = [warning.partition(":")[0].rstrip(".") for warning in job.warning_texts]
        return f"Completed with warnings: {', '.join(head[0].lower() + head[1:] for head in heads)}."
    return f"Done: {_written(job)}."


def _failed(job: TransformJob) -> str:
    # Nothing is known of a job whose outputs were never counted.
    outputs_text = " No output is written." if job.objects_total and job.objects_done == 0 else ""
    if outputs_text and job.root_id:
        # Earlier attempts may have written outputs.
        outputs_text = " This attempt wrote no output."
    if job.objects_done:
        usable = "" if job.warnings else "; what is written is complete and usable"
        outputs_text = f" {_written(job)}{usable}."
    cause = cause_named(job.cause)
    why = "" if cause == UNKNOWN else f": {_as_part(cause.title)}"
    return f"Failed{why}.{outputs_text}"


def _as_part(title: str) -> str:
    """A title as a part of a sentence: with a small first letter, unless it begins with a name such as S3."""
    return title if title[1:2].isupper() or title[1:2].isdigit() else f"{title[0].lower()}{title[1:]}"


def _stopped(job: TransformJob) -> str:
    is_known = job.objects_total and job.is_counted
    return f"Stopped; {_written(job)} before that." if is_known else "Stopped."


def _written(job: TransformJob) -> str:
    total, objects_done = job.objects_total, job.objects_done or 0
    if total is None:
        return "outputs are written"
    if total == 1:
        return "its one object is written" if objects_done else "its one object is not written"
    return (
        f"all {total:,} objects are written"
        if objects_done == total
        else f"{objects_done:,} of {total:,} objects are written"
    )


def _service(job: TransformJob) -> str:
    return job.connection.service


def _subject(job: TransformJob) -> str:
    name = _service(job)
    return name[0].upper() + name[1:]


_SAY: dict[JobState, Callable[[TransformJob], str]] = {
    JobState.WAITING: _waiting,
    JobState.SUBMITTING: lambda job: f"{_subject(job)} is being asked to create the job.",
    JobState.IN_PROGRESS: _in_progress,
    JobState.STOPPING: lambda job: f"{_subject(job)} is stopping it.",
    JobState.COMPLETED: _completed,
    JobState.FAILED: _failed,
    JobState.STOPPED: _stopped,
    JobState.REJECTED: lambda job: f"{_subject(job)} refused the request; nothing was run.",
    JobState.CANCELLED: lambda job: f"Withdrawn before {_service(job)} was asked; nothing was run.",
}
