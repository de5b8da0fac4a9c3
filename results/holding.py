"""Whether the outputs of a completed job may be used by what comes after it, and a person's decision about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.utils import timezone

from jobs import queries
from jobs.models import TransformJob
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import Hold, JobState
from results.checking import RECENT, checks_of, without_reading
from results.models import OnMiss, OutputReading
from teams import activity
from teams.models import ApiToken, User
from teams.names import trouble_with_name

#: Characters of the note of a decision.
LONGEST_NOTE = 500


class Use(Enum):
    """Whether outputs may be used."""

    ALLOWED = "allowed"
    #: Checks that may hold the job are not done.
    UNCHECKED = "unchecked"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OutputUse:
    """Whether a job's outputs may be used, and the sentence that says why not."""

    use: Use
    reason: str = ""

    @property
    def must_wait(self) -> bool:
        """Whether that is not decided yet."""
        return self.use in (Use.UNCHECKED, Use.HELD)


def use_of(job: TransformJob) -> OutputUse:
    """Whether the outputs of a completed job, given by its first attempt, may be used."""
    is_current = job.hold is not None and not _has_ended_again(job)
    if is_current and job.hold == Hold.HELD:
        return OutputUse(Use.HELD, f"The outputs of {job.name} are held by an output check.")
    if is_current and job.hold == Hold.REFUSED:
        by = job.hold_by.label if job.hold_by else "a person"
        return OutputUse(Use.REFUSED, f"The outputs were refused by {by}: {job.hold_note}")
    if not is_current and is_unchecked(job, of_holds=True):
        return OutputUse(Use.UNCHECKED, f"The outputs of {job.name} are being checked.")
    return OutputUse(Use.ALLOWED)


def _has_ended_again(job: TransformJob) -> bool:
    """Whether the job has ended again since it was held."""
    held_end, last_end = job.hold_ended_at, job.overall_ended_at
    return held_end is not None and last_end is not None and held_end < last_end


def is_unchecked(job: TransformJob, *, of_holds: bool = False) -> bool:
    """Whether checks have no outcome yet, with `of_holds` those that may hold the job.

    After a day nobody begins them.
    """
    ended_at = job.overall_ended_at
    is_late = ended_at is None or ended_at < timezone.now() - RECENT
    if job.overall_state != JobState.COMPLETED or is_late:
        return False
    checks = checks_of(job)
    if not any(not of_holds or output_check.on_miss == OnMiss.HOLD for output_check in checks):
        return False
    if without_reading(TransformJob.objects.filter(pk=job.pk)).exists():
        return True
    attempts = queries.attempts(job).values("pk")
    return OutputReading.objects.filter(job__in=attempts, filter="", finished_at=None).exists()


def decide(
    job: TransformJob, *, accept: bool, note: str, by: User, token: ApiToken | None = None
) -> TransformJob:
    """Accept or refuse the held outputs of a job, with a note. Returns its first attempt's row.

    Raises InvalidFields, and NotPossible if the job is not held.
    """
    note = " ".join(note.split())
    if not note:
        raise InvalidFields({"note": ["Say in a few words why."]})
    if trouble := trouble_with_name(note, LONGEST_NOTE):
        raise InvalidFields({"note": [trouble]})
    first = queries.merged(job).first
    now, hold = timezone.now(), Hold.ACCEPTED if accept else Hold.REFUSED
    with transaction.atomic():
        held_rows = TransformJob.objects.filter(pk=first.pk, hold=Hold.HELD, overall_state=JobState.COMPLETED)
        columns = {"hold": hold, "hold_note": note, "hold_by": by, "hold_at": now, "changed_at": now}
        if held_rows.update(**columns) != 1:
            raise NotPossible(_not_held(TransformJob.objects.select_related("hold_by").get(pk=first.pk)))
        first.note(f"{hold.label} by {by.label}: {note}")
        verb = "job.accepted" if accept else "job.refused"
        activity.record(first.team, by, verb, first, detail={"note": note}, token=token)
    first.refresh_from_db()
    return first


def _not_held(job: TransformJob) -> str:
    if job.hold in (Hold.ACCEPTED, Hold.REFUSED):
        by = job.hold_by.label if job.hold_by else "someone"
        return f"Its outputs were {Hold(job.hold).label.lower()} already, by {by}: {job.hold_note}"
    return "Its outputs are not held."
