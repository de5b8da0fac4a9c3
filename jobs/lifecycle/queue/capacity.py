"""What runs where, and how much more may: limits set by hand, and quotas of the account where no limit is.

A limit set by hand is one connection's. A quota is shared by all connections to the same account and region, or to
the same engine, whichever team has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Count, Q, Sum

from jobs.models import Connection, Quotas, TransformJob
from jobs.states import RUNNING


@dataclass(slots=True)
class Taken:
    """Jobs that run somewhere, and their instances by type."""

    jobs: int = 0
    instances: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, instance_type: str, instances: int, jobs: int = 1) -> None:
        """Count jobs with so many instances together."""
        self.jobs += jobs
        self.instances[instance_type] += instances

    def of(self, instance_type: str) -> int:
        """Instances of this type; of all types if it is empty."""
        return self.instances.get(instance_type, 0) if instance_type else sum(self.instances.values())


@dataclass(slots=True)
class Place:
    """An account and region, or an engine: what runs there, by team too, and the quotas that were read last.

    Jobs made `elsewhere` are instances by type. Each connection that shows them has a row for each, so they are not in
    `taken`, and no team's.
    """

    taken: Taken = field(default_factory=Taken)
    elsewhere: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    of_teams: dict[int, Taken] = field(default_factory=lambda: defaultdict(Taken))
    connections: list[Connection] = field(default_factory=list)
    quotas: Quotas | None = None

    def of(self, instance_type: str) -> int:
        """Instances of this type that run there, whoever made them; of all types if it is empty."""
        others = self.elsewhere.get(instance_type, 0) if instance_type else sum(self.elsewhere.values())
        return self.taken.of(instance_type) + others

    @property
    def is_shared(self) -> bool:
        """Whether several teams run jobs there."""
        return len({connection.team_id for connection in self.connections}) > 1


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, and what is taken of it. `instance_type` is empty where all are meant."""

    most: int
    used: int
    instance_type: str
    of_account: bool

    @property
    def what(self) -> str:
        """What it counts."""
        return self.instance_type or "instances"


@dataclass(slots=True)
class Room:
    """What the jobs of a connection may still take."""

    connection: Connection
    place: Place
    taken: Taken = field(default_factory=Taken)

    def add(self, instance_type: str, instances: int, jobs: int = 1) -> None:
        """Count jobs that run here with so many instances together."""
        for taken in (self.taken, self.place.taken, self.place.of_teams[self.connection.team_id]):
            taken.add(instance_type, instances, jobs)

    def add_elsewhere(self, instance_type: str, instances: int, jobs: int) -> None:
        """Count jobs that were made outside Batchdeck and are shown here, perhaps among others."""
        self.taken.add(instance_type, instances, jobs)
        elsewhere = self.place.elsewhere
        elsewhere[instance_type] = max(elsewhere[instance_type], instances)

    def take(self, job: TransformJob) -> None:
        """Count a job that is going to run here."""
        self.add(job.instance_type, job.instance_count)

    def is_full(self) -> bool:
        """Whether no further job may run, of whatever type."""
        limit = self.connection.max_running
        return limit is not None and self.taken.jobs >= limit

    def has_limits(self, job: TransformJob) -> bool:
        """Whether the job may have to wait for others."""
        return self.connection.max_running is not None or next(self.limits(job), None) is not None

    def too_large(self, job: TransformJob) -> str:
        """Why a job of this size can never start under these limits; empty if it can."""
        name, count = self.connection.name, job.instance_count
        for limit in self.limits(job):
            if count <= limit.most:
                continue
            if limit.of_account:
                return (
                    f"It needs {count} {limit.what} and the account's quota is {limit.most}. Ask AWS for a higher "
                    "quota, or withdraw the job and submit it with fewer instances or of another type."
                )
            return (
                f"It needs {count} {limit.what} and {name} may use {limit.most}. Raise the limit of {name}, or "
                "withdraw the job and submit it with fewer instances."
            )
        return ""

    def shortage(self, job: TransformJob) -> Limit | None:
        """The limit that leaves too little for a job of this size, if there is one."""
        return next(
            (limit for limit in self.limits(job) if limit.used + job.instance_count > limit.most), None
        )

    def waits_for_shared_quota(self, job: TransformJob) -> bool:
        """Whether what the job waits for is a quota that several teams share."""
        if not self.place.is_shared or self.is_full():
            return False
        short = self.shortage(job)
        return short is not None and short.of_account

    def say_full(self) -> str:
        """What every job waits for while the connection is full, as the beginning of a sentence."""
        return f"{self.taken.jobs} of {self.connection.max_running} jobs running on {self.connection.name}"

    def say(self, limit: Limit, job: TransformJob) -> str:
        """What a job of this size waits for, as the beginning of a sentence."""
        where = "of the account's quota in use" if limit.of_account else f"in use on {self.connection.name}"
        needs = f", it needs {job.instance_count}" if job.instance_count > 1 else ""
        return f"{limit.used} of {limit.most} {limit.what} {where}{needs}"

    def limits(self, job: TransformJob) -> Iterator[Limit]:
        """The limits of instances that hold for a job of this type."""
        kind, quotas = job.instance_type, self.place.quotas
        by_hand = self.connection.max_instances_per_type.get(kind)
        if by_hand is not None:
            yield Limit(int(by_hand), self.taken.of(kind), kind, of_account=False)
        # One with fallback types is to be tried: where the quota is used up, SageMaker's refusal leads to the next.
        elif quotas and kind in quotas.instances_per_type and not job.fallback_instance_types:
            yield Limit(quotas.instances_per_type[kind], self.place.of(kind), kind, of_account=True)
        if self.connection.max_instances is not None:
            yield Limit(self.connection.max_instances, self.taken.of(""), "", of_account=False)
        elif quotas and quotas.instances is not None:
            yield Limit(quotas.instances, self.place.of(""), "", of_account=True)


def rooms(connections: Iterable[Connection]) -> dict[int, Room]:
    """The room of each of these, and of all others at the same places, by its id; two queries."""
    found = empty_rooms(connections)
    count(found)
    return found


def empty_rooms(connections: Iterable[Connection]) -> dict[int, Room]:
    """The same before anything that runs is counted; one query."""
    places: dict[str, Place] = defaultdict(Place)
    wanted = list(connections)
    for connection in neighbours(wanted):
        places[connection.place].connections.append(connection)
    for place in places.values():
        place.quotas = _latest(place.connections)
    return {
        connection.pk: Room(connection, place)
        for place in places.values()
        for connection in place.connections
    }


def count(found: dict[int, Room]) -> None:
    """Count what runs in these rooms, which must be all at their places; one query."""
    rows = TransformJob.objects.filter(connection__in=list(found), state__in=RUNNING).order_by()
    groups = rows.values_list("connection_id", "instance_type", "external")
    for pk, instance_type, external, jobs, instances in groups.annotate(Count("id"), Sum("instance_count")):
        if external:
            found[pk].add_elsewhere(instance_type, instances, jobs)
        else:
            found[pk].add(instance_type, instances, jobs)


def neighbours(connections: Iterable[Connection]) -> list[Connection]:
    """These connections and all others at the same places, with their quotas at hand; one query."""
    wanted = list(connections)
    named = Q(pk__in=[connection.pk for connection in wanted])
    engines = {connection.endpoint_url for connection in wanted if connection.is_engine}
    accounts = {connection.account_id for connection in wanted if not connection.is_engine} - {""}
    named |= Q(kind=Connection.Kind.ENGINE, endpoint_url__in=engines)
    named |= Q(kind=Connection.Kind.AWS, account_id__in=accounts)
    rows = list(Connection.objects.filter(named).select_related("quotas").order_by("pk"))
    # By the rows as they are now: an account may have become known since those given were read.
    given = {connection.pk for connection in wanted}
    places = {connection.place for connection in rows if connection.pk in given}
    return [connection for connection in rows if connection.place in places]


def lock(connection: Connection) -> None:
    """Let nobody else start jobs at this connection's place until the transaction ends."""
    pks = [one.pk for one in neighbours([connection])]
    # Not so strong that jobs could not be submitted to them meanwhile.
    rows = Connection.objects.select_for_update(no_key=True).filter(pk__in=pks)
    list(rows.order_by("pk").values_list("pk"))


def _latest(connections: Iterable[Connection]) -> Quotas | None:
    read = [quotas for c in connections if (quotas := getattr(c, "quotas", None)) and quotas.read_at]
    return max(read, key=lambda quotas: quotas.read_at, default=None)
