"""Local times of a time zone as instants, on the days when clocks change too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the zone's clocks show this naive time: when clocks go forward they leave times out."""
    return _local(_instant(local, zone, fold=0), zone) == local


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which the zone's clocks first show the naive time `local`.

    For a time that clocks leave out it is the instant of their change, so the next time that exists.
    """
    instant = _instant(local, zone, fold=0)
    if _local(instant, zone) == local:
        return instant
    return _change(_instant(local, zone, fold=1), instant, zone)


def _instant(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant with the offset of `after`, which differs from that of `before`; bisects by seconds."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
