"""CloudWatch metrics of instances. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.sqlite import Database
from engine.store.paging import PageQuery


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric of one host; `last` is the time of its last sample."""

    host: str
    name: str
    last: int


class Metrics:
    """The tables of metrics. All have the one dimension Host, from which their namespace follows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, host: str, at: int, values: Mapping[str, float]) -> None:
        """Add a sample of each of a host's metrics; a second sample in the same second replaces the first."""
        with self._database.transaction() as connection:
            for name, value in values.items():
                (metric_id,) = connection.execute(
                    "INSERT INTO metrics (host, name, last) VALUES (?, ?, ?) "
                    "ON CONFLICT (host, name) DO UPDATE SET last = excluded.last RETURNING id",
                    (host, name, at),
                ).fetchone()
                connection.execute(
                    "INSERT INTO metric_samples (metric_id, at, value) VALUES (?, ?, ?) "
                    "ON CONFLICT (metric_id, at) DO UPDATE SET value = excluded.value",
                    (metric_id, at, value),
                )

    def samples(self, host: str, name: str, start: float, end: float) -> list[tuple[int, float]]:
        """Samples of one metric as (time, value) with start <= time < end, oldest first."""
        return [
            (at, value)
            for at, value in self._database.read(
                "SELECT at, value FROM metric_samples WHERE metric_id = "
                "(SELECT id FROM metrics WHERE host = ? AND name = ?) AND at >= ? AND at < ? ORDER BY at",
                (host, name, start, end),
            )
        ]

    def list(
        self,
        *,
        hosts: Sequence[str] = (),
        host: str | None = None,
        host_like: str | None = None,
        host_contains: str | None = None,
        name: str | None = None,
        active_since: int | None = None,
        limit: int = 500,
        after: list[str] | None = None,
    ) -> list[MetricRow]:
        """Up to `limit` metrics that match all filters, sorted by host and name; `after` is [host, name].

        `hosts` are allowed hosts, with `x*` for all that start with x; empty allows all. `host_like` is a GLOB pattern.
        """
        query = PageQuery("SELECT host, name, last FROM metrics")
        query.where_allowed("host", hosts)
        query.where("host = ?", host)
        query.where("host GLOB ?", host_like)
        query.where("instr(host, ?) > 0", host_contains)
        query.where("name = ?", name)
        query.where("last >= ?", active_since)
        sql, parameters = query.page(["host", "name"], ascending=True, limit=limit, after=after)
        return [MetricRow(*row) for row in self._database.read(sql, parameters)]
