"""Who may list and download the data that a connection reaches."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from jobs import queries
from jobs.models import Connection
from teams.models import Membership


def check_reading(member: Membership, connection: Connection) -> None:
    """Raise PermissionDenied, with a sentence, unless the member may read the connection's data."""
    if not (member.can_operate or connection.viewers_read_data):
        raise PermissionDenied(
            f"Viewers may not read the data of {connection.name}. An admin can allow it in the connection's settings."
        )


def readable_connections(member: Membership) -> QuerySet[Connection]:
    """The team's connections whose data the member may read."""
    rows = queries.connections(member.team)
    return rows if member.can_operate else rows.filter(viewers_read_data=True)


def reads_any(member: Membership) -> bool:
    """Whether there is any data that the member may read; for operators the page says if there is none."""
    return member.can_operate or readable_connections(member).exists()
