"""A connection's limits: those set by hand, else the account's quotas."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.lifecycle.queue import quotas
from jobs.lifecycle.queue.capacity import Room, rooms
from jobs.models import Connection, Quotas
from jobs.services.calling import calls_for_person


@dataclass(frozen=True, slots=True)
class ConnectionLimit:
    """The most that may run at once and how much does; `quota` is the account's, even if `by_hand` overrides it.

    `instance_type` is empty for a limit of all jobs.
    """

    what: str
    most: int | None
    used: int
    by_hand: bool
    quota: int | None = None
    instance_type: str = ""

    @property
    def matters(self) -> bool:
        """Whether somebody set the limit, something uses it, or it counts all jobs."""
        return self.by_hand or self.used > 0 or not self.instance_type


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of a connection. `forbidden` counts the types with a quota of 0."""

    rows: list[ConnectionLimit]
    forbidden: int
    quotas: Quotas | None

    @property
    def first(self) -> list[ConnectionLimit]:
        """The limits that matter."""
        return [row for row in self.rows if row.matters]

    @property
    def without_use(self) -> list[ConnectionLimit]:
        """Quotas of instance types that nothing uses now."""
        return [row for row in self.rows if not row.matters]


def of(connection: Connection) -> Limits:
    """The limits for the connection's jobs, and how much of them is in use."""
    room = rooms([connection])[connection.pk]
    read = room.place.quotas
    own_quotas = Quotas.objects.filter(pk=connection.pk).first()
    per_type = read.instances_per_type if read else {}
    rows = [
        ConnectionLimit(
            "Jobs at once", connection.max_running, room.usage.jobs, connection.max_running is not None
        ),
        _limit(room, "Instances at once", "", connection.max_instances, read.instances if read else None),
    ]
    by_hand = connection.max_instances_per_type
    allowed = {name for name, most in per_type.items() if most > 0}
    in_use = {name for name in (*room.place.usage.instances, *room.place.external_instances) if name}
    rows += [
        _limit(room, name, name, by_hand.get(name), per_type.get(name))
        for name in sorted({*by_hand, *allowed, *in_use})
    ]
    forbidden = sum(1 for name in per_type if name not in allowed | in_use | set(by_hand))
    return Limits(rows, forbidden, _quotas_to_show(own_quotas, read))


def read_quotas(connection: Connection) -> Quotas:
    """Read the account's quotas from Service Quotas now. Raises Unavailable."""
    with calls_for_person(connection) as target:
        return quotas.read(connection, target)


def _limit(
    room: Room, unit: str, instance_type: str, by_hand: int | None, quota: int | None
) -> ConnectionLimit:
    used = room.place.of if by_hand is None and quota is not None else room.usage.of
    most = quota if by_hand is None else by_hand
    return ConnectionLimit(unit, most, used(instance_type), by_hand is not None, quota, instance_type)


def _quotas_to_show(own_quotas: Quotas | None, read: Quotas | None) -> Quotas | None:
    # Another connection's to the same account, if only that was read.
    return own_quotas if own_quotas and (own_quotas.read_at or not read) else read or own_quotas
