"""The figures of the home page: jobs by state, recent failures, the cost of the month, health of connections."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count
from django.utils import timezone

from jobs import queries
from jobs.clock import has_passed
from jobs.filtering import JobFilter
from jobs.models import Connection, Heartbeat, TransformJob
from jobs.models.job import JobQuerySet
from jobs.services.listing import spending
from jobs.services.texts import zone_name
from jobs.states import RUNNING, JobState
from teams.models import Team

#: A connection with jobs is unhealthy when it was not polled for this long.
_NOT_POLLED = timedelta(minutes=2)
#: Filters of the counters, which also lead from each to its jobs.
FAILED = {"state": "failed,rejected", "ended": "24h"}
ATTENTION = {"attention": "true"}
LATELY = {"ended": "7d"}
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
    """What the jobs that ended this month have cost, and the models that cost most."""

    month: date
    amount: Decimal | None
    jobs: int
    unknown: int
    instance_seconds: int
    dearest: list[spending.Total]


def counts(team: Team) -> tuple[dict[str, int], Counter[int]]:
    """Numbers of jobs by counter of the home page, and numbers of active jobs by connection id."""
    rows = TransformJob.objects.for_team(team).active().filter(root=None).order_by()
    by_state: Counter[str] = Counter()
    by_connection: Counter[int] = Counter()
    for state, connection, count in rows.values_list("overall_state", "connection_id").annotate(Count("id")):
        by_state[state] += count
        by_connection[connection] += count
    figures = {
        "running": sum(by_state[state] for state in RUNNING),
        "stopping": by_state[JobState.STOPPING],
        "waiting": by_state[JobState.WAITING],
        "failed": queries.count(queries.jobs(team, JobFilter(**FAILED))),
        "attention": queries.count(queries.jobs(team, JobFilter(**ATTENTION))),
    }
    return figures, by_connection


def failures(team: Team) -> list[queries.Failures]:
    """The jobs that failed in the last seven days, by cause."""
    return queries.failures(queries.jobs(team, JobFilter(**LATELY)))


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
    whole = spending.together(rows)
    return Spend(
        month,
        whole.amount,
        whole.jobs,
        whole.unknown,
        whole.instance_seconds,
        [row for row in rows if row.amount][:4],
    )


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
    here = timezone.localtime(at)
    return f"was last heard at {here:%H:%M} {zone_name(here)}"


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
