"""How much runs on each connection and how much more may run, by limits set by hand and by the account's quotas.

A limit set by hand holds for one connection. A quota holds where there is no such limit; all connections to the same
account and region, or to the same engine, share it, whichever team they belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Count, Q, Sum

from jobs.models import Connection, Quotas, TransformJob
from jobs.states import RUNNING


@dataclass(slots=True)
class JobUsage:
    """The number of running jobs, and their instances by type."""

    jobs: int = 0
    instances: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, instance_type: str, instances: int, jobs: int = 1) -> None:
        """Add jobs that have this many instances together."""
        self.jobs += jobs
        self.instances[instance_type] += instances

    def of(self, instance_type: str) -> int:
        """The number of instances of this type; of all types if it is empty."""
        return self.instances.get(instance_type, 0) if instance_type else sum(self.instances.values())


@dataclass(slots=True)
class Place:
    """An account and region, or an engine: its usage, also by team id, and the quotas that were read last.

    `external_instances` are those of jobs made outside Batchdeck, by type. They are in no `usage`: every connection to
    the place has its own rows of the same external jobs.
    """

    usage: JobUsage = field(default_factory=JobUsage)
    external_instances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    usage_of_teams: dict[int, JobUsage] = field(default_factory=lambda: defaultdict(JobUsage))
    connections: list[Connection] = field(default_factory=list)
    quotas: Quotas | None = None

    def of(self, instance_type: str) -> int:
        """The number of instances of this type that run there, external ones too; of all types if it is empty."""
        external = self.external_instances
        external_count = external.get(instance_type, 0) if instance_type else sum(external.values())
        return self.usage.of(instance_type) + external_count

    @property
    def is_shared(self) -> bool:
        """Whether several teams run jobs there."""
        return len({connection.team_id for connection in self.connections}) > 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of instances, and how many are used. `instance_type` is empty for a limit of all types together."""

    most: int
    used: int
    instance_type: str
    of_account: bool

    @property
    def what(self) -> str:
        """The word in sentences for what is limited."""
        return self.instance_type or "instances"


@dataclass(slots=True)
class Room:
    """A connection with its usage, and what its jobs may still use."""

    connection: Connection
    place: Place
    usage: JobUsage = field(default_factory=JobUsage)

    def add(self, instance_type: str, instances: int, jobs: int = 1) -> None:
        """Add jobs that run here with this many instances together."""
        for usage in (self.usage, self.place.usage, self.place.usage_of_teams[self.connection.team_id]):
            usage.add(instance_type, instances, jobs)

    def add_external(self, instance_type: str, instances: int, jobs: int) -> None:
        """Add jobs that were made outside Batchdeck; other connections to the place may show them too."""
        self.usage.add(instance_type, instances, jobs)
        external = self.place.external_instances
        external[instance_type] = max(external[instance_type], instances)

    def take(self, job: TransformJob) -> None:
        """Add a job that is about to run here."""
        self.add(job.instance_type, job.instance_count)

    def is_full(self) -> bool:
        """Whether no further job may run, whatever its type."""
        limit = self.connection.max_running
        return limit is not None and self.usage.jobs >= limit

    def has_limits(self, job: TransformJob) -> bool:
        """Whether the job may have to wait for other jobs."""
        return self.connection.max_running is not None or next(self.limits(job), None) is not None

    def too_large(self, job: TransformJob) -> str:
        """A sentence that says why a job of this size can never start under these limits; empty if it can."""
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
        """The first limit that leaves too few instances for this job; None if all leave enough."""
        return next(
            (limit for limit in self.limits(job) if limit.used + job.instance_count > limit.most), None
        )

    def waits_for_shared_quota(self, job: TransformJob) -> bool:
        """Whether the job waits for a quota that several teams share."""
        if not self.place.is_shared or self.is_full():
            return False
        short = self.shortage(job)
        return short is not None and short.of_account

    def say_full(self) -> str:
        """The beginning of the sentence for jobs that wait while the connection is full."""
        return f"{self.usage.jobs} of {self.connection.max_running} jobs running on {self.connection.name}"

    def say(self, limit: Limit, job: TransformJob) -> str:
        """The beginning of the sentence for a job that waits because of this limit."""
        place = "of the account's quota in use" if limit.of_account else f"in use on {self.connection.name}"
        needs = f", it needs {job.instance_count}" if job.instance_count > 1 else ""
        return f"{limit.used} of {limit.most} {limit.what} {place}{needs}"

    def limits(self, job: TransformJob) -> Iterator[Limit]:
        """The limits of instances that hold for this job."""
        kind, quotas = job.instance_type, self.place.quotas
        by_hand = self.connection.max_instances_per_type.get(kind)
        if by_hand is not None:
            yield Limit(int(by_hand), self.usage.of(kind), kind, of_account=False)
        # A job with fallback types is tried although the quota is used up: SageMaker's refusal leads to the next type.
        elif quotas and kind in quotas.instances_per_type and not job.fallback_instance_types:
            yield Limit(quotas.instances_per_type[kind], self.place.of(kind), kind, of_account=True)
        if self.connection.max_instances is not None:
            yield Limit(self.connection.max_instances, self.usage.of(""), "", of_account=False)
        elif quotas and quotas.instances is not None:
            yield Limit(quotas.instances, self.place.of(""), "", of_account=True)


def rooms(connections: Iterable[Connection]) -> dict[int, Room]:
    """The room of each connection by its id, those of its neighbours too; two queries."""
    rooms_by_id = empty_rooms(connections)
    count(rooms_by_id)
    return rooms_by_id


def empty_rooms(connections: Iterable[Connection]) -> dict[int, Room]:
    """The rooms of the connections and their neighbours without usage, but with quotas; one query."""
    places: dict[str, Place] = defaultdict(Place)
    for connection in neighbours(connections):
        places[connection.place].connections.append(connection)
    for place in places.values():
        place.quotas = _latest(place.connections)
    return {
        connection.pk: Room(connection, place)
        for place in places.values()
        for connection in place.connections
    }


def count(rooms_by_id: dict[int, Room]) -> None:
    """Add the running jobs to these rooms, which must be all rooms of their places; one query."""
    rows = TransformJob.objects.filter(connection__in=list(rooms_by_id), state__in=RUNNING).order_by()
    groups = rows.values_list("connection_id", "instance_type", "external")
    for pk, instance_type, external, jobs, instances in groups.annotate(Count("id"), Sum("instance_count")):
        if external:
            rooms_by_id[pk].add_external(instance_type, instances, jobs)
        else:
            rooms_by_id[pk].add(instance_type, instances, jobs)


def neighbours(connections: Iterable[Connection]) -> list[Connection]:
    """These connections and all others at the same places, with their quotas; one query."""
    connections = list(connections)
    ids = {connection.pk for connection in connections}
    engines = {connection.endpoint_url for connection in connections if connection.is_engine}
    accounts = {connection.account_id for connection in connections if not connection.is_engine} - {""}
    may_be_neighbour = (
        Q(pk__in=ids)
        | Q(kind=Connection.Kind.ENGINE, endpoint_url__in=engines)
        | Q(kind=Connection.Kind.AWS, account_id__in=accounts)
    )
    rows = list(Connection.objects.filter(may_be_neighbour).select_related("quotas").order_by("pk"))
    # The rows as they are now: an account may have become known since `connections` were read.
    places = {connection.place for connection in rows if connection.pk in ids}
    return [connection for connection in rows if connection.place in places]


def lock(connection: Connection) -> None:
    """Keep other tasks from starting jobs at this connection's place until the transaction ends."""
    # With no_key, jobs may still be submitted to these connections.
    rows = Connection.objects.select_for_update(no_key=True).filter(pk__in=_ids(neighbours([connection])))
    list(rows.order_by("pk").values_list("pk"))


def _ids(connections: Iterable[Connection]) -> list[int]:
    return [connection.pk for connection in connections]


def _latest(connections: Iterable[Connection]) -> Quotas | None:
    quotas_read = [quotas for c in connections if (quotas := getattr(c, "quotas", None)) and quotas.read_at]
    return max(quotas_read, key=lambda quotas: quotas.read_at, default=None)
