"""The figures of the home page: jobs by state, recent failures, the cost of the month, health of connections."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Q
from django.utils import timezone

from jobs import queries
from jobs.clock import has_passed
from jobs.filtering import JobFilter
from jobs.models import Connection, Heartbeat, TransformJob
from jobs.models.job import JobQuerySet
from jobs.services.listing import home_facts, spending
from jobs.services.texts import zone_name
from jobs.states import RUNNING, JobState
from teams.models import Team

#: A connection with jobs is unhealthy when it was not polled for this long.
_NOT_POLLED = timedelta(minutes=2)
#: Filters of the counters, which also lead from each to its jobs. Trials fail to find something out.
FAILED = {"state": "failed,rejected", "ended": "24h", "trial": "false"}
ATTENTION = {"attention": "true"}
LATELY = {"ended": "7d", "trial": "false"}
#: Models that cost most, and jobs that will be late, that are listed; running jobs that are looked at for the latter.
_DEAREST, _LOOKED_AT = 4, 500
_PROCESSES = {"worker": "The worker", "beat": "The scheduler"}


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection is, in words: `look` is ok, warn, fail or idle; `at` is the time of the observation."""

    connection: Connection
    jobs: int
    look: str
    word: str
    at: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Spend:
    """What the jobs that ended this month have cost, and the models that cost most, each with its percent of all.

    `further_models` is the number of the other models that cost something, `further_amount` what they cost together.
    """

    month: date
    amount: Decimal | None
    jobs: int
    unknown: int
    instance_seconds: int
    dearest: list[tuple[spending.Total, int]]
    further_models: int
    further_amount: Decimal


@dataclass(frozen=True, slots=True)
class Counters:
    """Numbers of jobs by counter of the home page with the short fact below each, and active jobs by connection id."""

    numbers: dict[str, int]
    facts: dict[str, str]
    by_connection: Counter[int]


def counters(team: Team) -> Counters:
    """The counters of the home page; five queries."""
    rows = TransformJob.objects.for_team(team).active().filter(root=None).order_by()
    by_state: Counter[str] = Counter()
    waits: Counter[str] = Counter()
    by_connection: Counter[int] = Counter()
    keys = ("overall_state", "connection_id", "waits_for")
    for state, connection, waits_for, count in rows.values_list(*keys).annotate(Count("id")):
        by_state[state] += count
        by_connection[connection] += count
        if state == JobState.WAITING:
            waits[waits_for] += count
    failed_by_cause = _failed_by_cause(team)
    warned = _attention(team)
    stopping = by_state[JobState.STOPPING]
    numbers = {
        "running": sum(by_state[state] for state in RUNNING),
        "stopping": stopping,
        "waiting": by_state[JobState.WAITING],
        "failed": sum(failed_by_cause.values()),
        "attention": warned["all"],
    }
    facts = {
        "running": home_facts.running(team, stopping),
        "waiting": home_facts.waiting(waits),
        "failed": home_facts.failed(
            queries.count(queries.jobs(team, JobFilter(ended=FAILED["ended"], trial=FAILED["trial"]))),
            len(failed_by_cause),
        ),
        "attention": home_facts.attention(warned),
    }
    return Counters(numbers, facts, by_connection)


def _failed_by_cause(team: Team) -> dict[str, int]:
    """The numbers of jobs that the counter of failed jobs counts, by cause."""
    rows = queries.jobs(team, JobFilter(**FAILED)).order_by()
    return dict(rows.values_list("overall_cause").annotate(Count("id")))


def _attention(team: Team) -> dict[str, int]:
    """The number of jobs that need attention, and how many of them do so for each reason."""
    rows = queries.jobs(team, JobFilter(**ATTENTION)).order_by()
    return rows.aggregate(
        all=Count("id"),
        warned=Count("id", filter=Q(overall_state=JobState.COMPLETED)),
        limit=Count("id", filter=Q(deadline_warned=True) | Q(cost_warned=True)),
        silent=Count("id", filter=Q(idle_warned=True)),
    )


def failures(team: Team) -> list[queries.Failures]:
    """The jobs that failed in the last seven days, by cause."""
    return queries.failures(queries.jobs(team, JobFilter(**LATELY)), count_unread=False)


def ended(team: Team) -> JobQuerySet:
    """The jobs that ended, the latest end first."""
    return (
        queries.jobs(team, JobFilter(state="ended"))
        .filter(overall_ended_at__isnull=False)
        .order_by("-overall_ended_at", "-id")
    )


def spend(team: Team) -> Spend:
    """The costs of this month so far, by UTC; one query."""
    today = timezone.now().astimezone(UTC).date()
    month = today.replace(day=1)
    rows = spending.totals([team], ["model"], spending.Period(month, month))
    total = spending.together(rows)
    billed = [row for row in rows if row.amount]
    dearest, further = billed[:_DEAREST], billed[_DEAREST:]
    whole = total.amount or Decimal(1)
    return Spend(
        month,
        total.amount,
        total.jobs,
        total.unknown,
        total.instance_seconds,
        [(row, round((row.amount or 0) / whole * 100)) for row in dearest],
        len(further),
        sum((row.amount for row in further if row.amount), Decimal(0)),
    )


def late(team: Team) -> list[TransformJob]:
    """The running jobs whose last output is expected after their deadline, the nearest deadline first; one query."""
    rows = TransformJob.objects.for_team(team).filter(
        state=JobState.IN_PROGRESS, deadline_minutes__isnull=False, eta__gt=timezone.now()
    )
    late_jobs = [job for job in rows.order_by("-id")[:_LOOKED_AT] if job.is_late]
    return sorted(late_jobs, key=lambda job: job.deadline_at or timezone.now())[:_DEAREST]


def health(team: Team, active: Counter[int]) -> list[Health]:
    """The health of each connection of the team. `active` has the number of active jobs by connection id."""
    return [_health(connection, active[connection.pk]) for connection in queries.connections(team)]


def processes() -> list[str]:
    """Sentences about processes without a recent heartbeat; empty while all is well."""
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    sentences = []
    for name, word in _PROCESSES.items():
        at = beats.get(name)
        if at is None or has_passed(at, Heartbeat.STALE):
            sentences.append(f"{word} {_last_beat(at)}.")
    return sentences


def _last_beat(at: datetime | None) -> str:
    if at is None:
        return "has not been heard yet"
    local_time = timezone.localtime(at)
    return f"was last heard at {local_time:%H:%M} {zone_name(local_time)}"


def _health(connection: Connection, jobs: int) -> Health:
    if connection.last_error:
        return Health(
            connection, jobs, "fail", "Does not answer", connection.last_ok_at, connection.last_error
        )
    if jobs and (connection.polled_at is None or has_passed(connection.polled_at, _NOT_POLLED)):
        trouble = "Its jobs were not looked at for a while; the worker may be down or busy."
        return Health(connection, jobs, "warn", "Not polled", connection.polled_at, trouble)
    if connection.queue_error:
        return Health(
            connection, jobs, "warn", "Queue unread", connection.queue_read_at, connection.queue_error
        )
    if jobs:
        return Health(connection, jobs, "ok", "Polled", connection.polled_at)
    if connection.last_ok_at is None:
        return Health(connection, jobs, "idle", "Not tried yet")
    return Health(connection, jobs, "ok", "Answered", connection.last_ok_at)
