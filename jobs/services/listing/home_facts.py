"""The facts below the counters of the home page, as short texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from django.db.models import OuterRef, Subquery, Sum
from django.utils import timezone

from jobs import queries
from jobs.costs import dollars
from jobs.models import InstancePrice, TransformJob
from jobs.services.texts import zone_name
from jobs.states import JobState, WaitsFor
from teams.models import Team

_WAITS = {
    WaitsFor.TURN: "for their turn",
    WaitsFor.CALLS: "for a call to the service",
    WaitsFor.NEXT_TRY: "for the next try",
    WaitsFor.BUDGET: "for the budget",
    "": "for a worker",
}


def running(team: Team, stopping: int) -> str:
    """The instances of running jobs and what they cost an hour now; one query."""
    rows = TransformJob.objects.for_team(team).filter(
        state__in=(JobState.IN_PROGRESS, JobState.STOPPING), started_at__isnull=False, ended_at=None
    )
    prices = InstancePrice.objects.filter(
        connection=OuterRef("connection"), instance_type=OuterRef("instance_type")
    )
    groups = rows.order_by().values("connection", "instance_type").annotate(number=Sum("instance_count"))
    priced = list(groups.annotate(price=Subquery(prices.values("usd_per_hour")[:1])))
    number = sum(group["number"] for group in priced)
    hourly = sum((group["price"] * group["number"] for group in priced if group["price"]), Decimal(0))
    parts = [
        f"{number:,} instance{'' if number == 1 else 's'}" if number else "no instance yet",
        f"{dollars(hourly)} an hour" if hourly else "",
        f"{stopping:,} stopping" if stopping else "",
    ]
    return ", ".join(filter(None, parts))


def waiting(counts: Counter[str]) -> str:
    """What waiting jobs wait for, as in "3 for their turn, 1 for the next try", from their numbers by `waits_for`."""
    return (
        ", ".join(f"{count:,} {_WAITS[reason]}" for reason, count in counts.most_common()) or "for their turn"
    )


def failed(ended_count: int, causes: int) -> str:
    """How many jobs have ended in the time of the counter, and by how many causes they failed."""
    number = f"{queries.COUNTED:,}+" if ended_count > queries.COUNTED else f"{ended_count:,}"
    by_cause = f", {causes} cause{'' if causes == 1 else 's'}" if causes else ""
    return f"of {number} ended in 24 h{by_cause}"


def attention(counts: Mapping[str, int]) -> str:
    """Why jobs need attention, from their numbers by reason."""
    words = {"warned": "with warnings", "limit": "near a limit", "silent": "silent"}
    parts = [f"{counts[name]:,} {word}" for name, word in words.items() if counts[name]]
    return ", ".join(parts) or "warnings, limits reached, stuck"


def now_text() -> str:
    """The reader's day, time and zone, as in "Mon 30 Nov, 14:02 CET"."""
    local_time = timezone.localtime()
    return f"{local_time:%a} {local_time.day} {local_time:%b, %H:%M} {zone_name(local_time)}"
