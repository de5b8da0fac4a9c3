"""When a rule or schedule is due next, in epoch seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.store.rules import RuleRow
from engine.store.schedules import ScheduleRow
from transform.schedule_expressions import At, Rate, parse_expression

_UTC = ZoneInfo("UTC")


def rule_due(row: RuleRow, after: float) -> float | None:
    """The rule's first time after `after`; None if it is disabled or there is none. A rate begins one period later."""
    if row.state != "ENABLED":
        return None
    expression = parse_expression(row.request["ScheduleExpression"], allow_at=False)
    return _epoch(expression.next_time(_moment(after), zone=_UTC, since=_moment(row.since)))


def schedule_due(row: ScheduleRow, after: float) -> float | None:
    """The schedule's first time after `after`; None if it is disabled or there is none.

    A rate begins at once, or at the StartDate. Times that clocks leave out are left out.
    """
    if row.request.get("State", "ENABLED") != "ENABLED":
        return None
    expression = parse_expression(row.request["ScheduleExpression"])
    zone = ZoneInfo(row.request.get("ScheduleExpressionTimezone", "UTC"))
    if isinstance(expression, At):
        return _epoch(expression.next_time(_moment(after), zone=zone, since=_UNUSED, skips_missing=True))
    start = row.request.get("StartDate", row.since)
    since = _moment(start) - expression.period if isinstance(expression, Rate) else _UNUSED
    # A cron's first time may be the start itself, and a rate's is.
    after = max(after, start - 0.001)
    due = _epoch(expression.next_time(_moment(after), zone=zone, since=since, skips_missing=True))
    return None if due is not None and due > row.request.get("EndDate", due) else due


_UNUSED = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
