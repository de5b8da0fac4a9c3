"""Finds events in the jobs' timelines, which are written together with the change of state itself.

The timeline is read from a stored position. Entries become visible when their transaction commits, which may be in
another order than that of their ids; so the position stays behind entries that are younger than SETTLED, and those
are looked at again. Writing an event twice does nothing, so neither a lost message nor a killed worker loses one.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet

from failures import cause_named
from jobs.clock import has_passed, passed
from jobs.models import JobEvent, TransformJob
from jobs.states import TERMINAL, JobState, Origin
from notifications.lifecycle.publishing import cost_of, publish, seconds_of
from notifications.models import NotificationEvent, NotificationRule, ScanPosition
from notifications.texts import absolute, iso, next_step, title_of_job

#: No transaction takes longer.
SETTLED = timedelta(minutes=2)
#: A failed job's message waits so long for the cause out of its log.
CAUSE_WITHIN = timedelta(seconds=60)
#: A job that is found in SageMaker after its end is news only so long.
NEWS_FOR = timedelta(minutes=15)
#: Entries of one page, and pages of one round.
AT_ONCE = 500
PAGES = 20
_TIMELINE = "timeline"

_KINDS = {
    JobState.COMPLETED: "job.completed",
    JobState.FAILED: "job.failed",
    JobState.REJECTED: "job.rejected",
    JobState.STOPPED: "job.stopped",
    JobState.CANCELLED: "job.cancelled",
}


def collect() -> int:
    """Write the messages about new entries of all timelines; returns their number."""
    position = _position()
    settled = JobEvent.objects.filter(passed("at", SETTLED), pk__gt=position.position)
    last = settled.order_by("-pk").values_list("pk", flat=True).first()
    count, read_to = 0, position.position
    for _ in range(PAGES):
        entries = list(_news().filter(pk__gt=read_to).select_related(*_RELATED).order_by("pk")[:AT_ONCE])
        count += publish(_new_events(entries))
        if len(entries) < AT_ONCE:
            break
        read_to = entries[-1].pk
    else:
        last = min(last, read_to) if last is not None else None
    if last is not None:
        ScanPosition.objects.filter(name=_TIMELINE, position__lt=last).update(position=last)
    return count


def is_anybody_told(team_id: int) -> bool:
    """Whether the team has a rule whose channel is on."""
    return NotificationRule.objects.filter(channel__team=team_id, channel__disabled_at=None).exists()


_RELATED = ("job__connection", "job__team", "job__submitted_by", "job__stop_requested_by")


def _news() -> QuerySet[JobEvent]:
    moves = Q(kind=JobEvent.Kind.MOVE, to_state__in=TERMINAL)
    events = JobEvent.objects.filter(moves | Q(kind=JobEvent.Kind.WARNING))
    # The small jobs of a search are to fail.
    return events.exclude(job__origin=Origin.SEARCH)


def _position() -> ScanPosition:
    """The stored position; at the first round that of the newest settled entry."""
    newest = JobEvent.objects.filter(passed("at", SETTLED)).order_by("-pk").values_list("pk", flat=True)
    row = ScanPosition.objects.filter(name=_TIMELINE).first()
    if row is None:
        start = newest.first() or 0
        row, _ = ScanPosition.objects.get_or_create(name=_TIMELINE, defaults={"position": start})
    return row


def _new_events(entries: list[JobEvent]) -> list[NotificationEvent]:
    """The events of entries that are news and are not written yet."""
    keys = {_key(entry) for entry in entries}
    written = NotificationEvent.objects.filter(
        team__in={entry.job.team_id for entry in entries}, key__in=keys
    )
    old_keys = set(written.values_list("key", flat=True))
    return [
        event_of(entry)
        for entry in entries
        if _key(entry) not in old_keys and _is_news(entry) and not _waits_for_cause(entry)
    ]


def _key(entry: JobEvent) -> str:
    return f"job:{entry.pk}"


def _is_news(entry: JobEvent) -> bool:
    """Whether the job ended just now, and not long before it was found in SageMaker."""
    if entry.kind == JobEvent.Kind.WARNING or entry.from_state:
        return True
    end = entry.job.ended_at
    return end is None or entry.at - end < NEWS_FOR


def _waits_for_cause(entry: JobEvent) -> bool:
    job = entry.job
    unread = job.explain_at is not None and not job.failure.get("log_read")
    return entry.to_state == JobState.FAILED and unread and not has_passed(entry.at, CAUSE_WITHIN)


def event_of(entry: JobEvent) -> NotificationEvent:
    """The event of a timeline's entry; it is not saved."""
    job, kind = entry.job, _kind(entry)
    return NotificationEvent(
        team=job.team,
        key=_key(entry),
        kind=kind,
        title=title_of_job(job, kind),
        reason=_reason(entry, kind),
        path=job.get_absolute_url(),
        data=data_of_job(job, kind),
        person=job.submitted_by,
        job=job,
        at=entry.at,
    )


def data_of_job(job: TransformJob, kind: str) -> dict[str, object]:
    """What a webhook learns of the job."""
    cost = cost_of(job)
    return {
        "id": job.key,
        "name": job.name,
        "attempt": job.attempt,
        "state": job.state,
        "model": job.model_name,
        "connection": job.connection.slug,
        "submitted_by": job.submitted_by.get_username() if job.submitted_by else None,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "ended_at": iso(job.ended_at),
        "duration_seconds": seconds_of(job) if job.started_at else None,
        "cost_usd": None if cost is None else str(cost),
        "objects_done": job.objects_done,
        "objects_total": job.objects_total,
        "output_path": job.output_path,
        "cause": job.cause or None,
        "cause_title": cause_named(job.cause).title if job.cause else None,
        "warnings": job.warning_texts,
        "next_step": next_step(job, kind),
        "api_url": absolute(f"/api/v1/jobs/{job.key}/"),
    }


def _kind(entry: JobEvent) -> str:
    if entry.kind == JobEvent.Kind.WARNING:
        return "job.warnings" if entry.to_state in TERMINAL else "job.at_risk"
    if entry.to_state == JobState.COMPLETED and entry.job.warnings:
        return "job.warnings"
    return _KINDS[JobState(entry.to_state)]


def _reason(entry: JobEvent, kind: str) -> str:
    if kind == "job.warnings" and entry.kind == JobEvent.Kind.MOVE:
        return " ".join(entry.job.warning_texts)
    return entry.reason
