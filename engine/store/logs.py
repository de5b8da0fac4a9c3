"""CloudWatch Logs' groups, streams and events. All times are epoch milliseconds."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.paging import PageQuery

StreamOrder = Literal["LogStreamName", "LastEventTime"]

#: Events fetched from a stream at a time when several streams are merged.
_CHUNK = 200
#: Events deleted in one transaction. It is short because other requests wait for it.
_DELETED_AT_ONCE = 2000
_END_OF_TIME = 2**62

_FIND_STREAM = (
    "SELECT s.id FROM log_streams s JOIN log_groups g ON g.id = s.group_id WHERE g.name = ? AND s.name = ?"
)


@dataclass(frozen=True, slots=True)
class LogGroupRow:
    """A log group. Events older than `retention_days` are deleted; None means the engine's setting."""

    name: str
    created: int
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A log stream. The last three fields are None as long as it has no events."""

    name: str
    created: int
    first_event: int | None
    last_event: int | None
    last_ingestion: int | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """A log event. `id` increases in order of arrival and distinguishes events of the same millisecond."""

    id: int
    stream: str
    timestamp: int
    ingested: int
    message: str

    @property
    def position(self) -> list[int]:
        """The event's position, for `after` and `before`."""
        return [self.timestamp, self.id]


class Logs:
    """The tables of logs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, group: str, stream: str, events: Iterable[tuple[int, str]]) -> None:
        """Add (timestamp, message) events to a stream, creating the group and the stream if needed."""
        ingested = int(now() * 1000)
        batch = list(events)
        with self._database.transaction() as connection:
            stream_id = _stream_id(connection, group, stream, ingested)
            if not batch:
                return
            connection.executemany(
                "INSERT INTO log_events (stream_id, timestamp, ingested, message) VALUES (?, ?, ?, ?)",
                [(stream_id, timestamp, ingested, message) for timestamp, message in batch],
            )
            first, last = min(at for at, _ in batch), max(at for at, _ in batch)
            connection.execute(
                "UPDATE log_streams SET first_event = min(coalesce(first_event, ?), ?), "
                "last_event = max(coalesce(last_event, ?), ?), last_ingestion = ? WHERE id = ?",
                (first, first, last, last, ingested, stream_id),
            )

    def create_group(self, name: str) -> bool:
        """Create a group; False if it exists already."""
        sql = "INSERT INTO log_groups (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING"
        return self._database.write(sql, (name, int(now() * 1000))) == 1

    def has_group(self, name: str) -> bool:
        """Whether the group exists."""
        return bool(self._database.read("SELECT 1 FROM log_groups WHERE name = ?", (name,)))

    def has_stream(self, group: str, name: str) -> bool:
        """Whether the group has that stream."""
        return self._id_of(group, name) is not None

    def groups(
        self,
        *,
        prefix: str | None = None,
        pattern: str | None = None,
        limit: int = 50,
        after: list[Any] | None = None,
    ) -> list[LogGroupRow]:
        """Up to `limit` groups, sorted by name. `pattern` is a part of the name, `after` is [name]."""
        query = PageQuery("SELECT name, created, retention_days FROM log_groups")
        _where_prefix(query, "name", prefix)
        query.where("instr(name, ?) > 0", pattern)
        sql, parameters = query.page(["name"], ascending=True, limit=limit, after=after)
        return [LogGroupRow(*row) for row in self._database.read(sql, parameters)]

    def set_retention(self, group: str, days: int | None) -> None:
        """Set the group's retention in days; None means the engine's setting."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE log_groups SET retention_days = ? WHERE name = ?", (days, group))

    def delete_events(self, group: str, stream: str, before: int | None = None) -> None:
        """Delete a stream's events, with `before` only those older than that time.

        Uses many short transactions, so that other requests do not wait long. Call it in a thread.
        """
        stream_id = self._id_of(group, stream)
        if stream_id is None:
            return
        bound = _END_OF_TIME if before is None else before
        while self._delete_some(stream_id, bound) == _DELETED_AT_ONCE:
            pass

    def _delete_some(self, stream_id: int, before: int) -> int:
        with self._database.transaction() as connection:
            deleted: int = connection.execute(
                "DELETE FROM log_events WHERE id IN (SELECT id FROM log_events WHERE stream_id = ? "
                "AND timestamp < ? ORDER BY timestamp, id LIMIT ?)",
                (stream_id, before, _DELETED_AT_ONCE),
            ).rowcount
            connection.execute(
                "UPDATE log_streams SET first_event = (SELECT min(timestamp) FROM log_events "
                "WHERE stream_id = ?) WHERE id = ?",
                (stream_id, stream_id),
            )
        return deleted

    def delete_stream(self, group: str, stream: str) -> None:
        """Delete a stream without events, if it exists."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM log_streams WHERE name = ? AND group_id = (SELECT id FROM log_groups WHERE name = ?)",
                (stream, group),
            )

    def delete_group(self, group: str) -> None:
        """Delete a group without streams, if it exists."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM log_groups WHERE name = ?", (group,))

    def expired_streams(self, at: int, days: int) -> list[tuple[str, str, int]]:
        """Streams with expired events, as (group, stream, time before which events are expired).

        `at` is the current time. `days` is the retention of groups without their own; 0 means for ever.
        """
        return self._database.read(
            "SELECT g.name, s.name, ? - coalesce(g.retention_days, ?) * 86400000 AS oldest "
            "FROM log_streams s JOIN log_groups g ON g.id = s.group_id "
            "WHERE coalesce(g.retention_days, ?) > 0 AND s.first_event < oldest",
            (at, days, days),
        )

    def stream_names(self, group: str) -> list[str]:
        """The names of all streams of a group, sorted."""
        return self._stream_names(group, None)

    def streams(
        self,
        group: str,
        *,
        prefix: str | None = None,
        order_by: StreamOrder = "LogStreamName",
        ascending: bool = True,
        limit: int = 50,
        after: list[Any] | None = None,
    ) -> list[StreamRow]:
        """Up to `limit` streams of the group; `after` is the `stream_position` of the last one of the previous page."""
        order = ["name"] if order_by == "LogStreamName" else ["coalesce(last_event, 0)", "name"]
        query = PageQuery("SELECT name, created, first_event, last_event, last_ingestion FROM log_streams")
        query.where("group_id = (SELECT id FROM log_groups WHERE name = ?)", group)
        _where_prefix(query, "name", prefix)
        sql, parameters = query.page(order, ascending=ascending, limit=limit, after=after)
        return [StreamRow(*row) for row in self._database.read(sql, parameters)]

    def events(
        self,
        group: str,
        stream: str,
        *,
        start: int | None = None,
        end: int | None = None,
        after: list[int] | None = None,
        before: list[int] | None = None,
        limit: int = 10_000,
        newest: bool = False,
    ) -> list[EventRow]:
        """Up to `limit` events of one stream with start <= timestamp < end, oldest first.

        Takes the first events behind `after`, or, with `newest` or `before`, the last ones in front of `before`.
        Empty if the stream does not exist.
        """
        stream_id = self._id_of(group, stream)
        if stream_id is None:
            return []
        query = PageQuery("SELECT id, timestamp, ingested, message FROM log_events")
        query.where("stream_id = ?", stream_id)
        query.where("timestamp >= ?", start)
        query.where("timestamp < ?", end)
        backward = newest or before is not None
        sql, parameters = query.page(
            ["timestamp", "id"], ascending=not backward, limit=limit, after=before if backward else after
        )
        rows = [EventRow(row[0], stream, *row[1:]) for row in self._database.read(sql, parameters)]
        return rows[::-1] if backward else rows

    def merged(
        self,
        group: str,
        *,
        streams: Iterable[str] | None = None,
        prefix: str | None = None,
        start: int | None = None,
        end: int | None = None,
        after: list[int] | None = None,
        newest_first: bool = False,
    ) -> Iterator[EventRow]:
        """The events of several streams merged by time, oldest or newest first; read lazily.

        Reads the streams named in `streams`, or else those whose names start with `prefix`, or else all of the group.
        Starts behind `after` in that order.
        """
        names = streams if streams is not None else self._stream_names(group, prefix)
        read = self._backward if newest_first else self._forward
        sources = [read(group, name, start, end, after) for name in names]
        return heapq.merge(*sources, key=lambda event: event.position, reverse=newest_first)

    def _forward(
        self, group: str, name: str, start: int | None, end: int | None, after: list[int] | None
    ) -> Iterator[EventRow]:
        while chunk := self.events(group, name, start=start, end=end, after=after, limit=_CHUNK):
            yield from chunk
            after = chunk[-1].position

    def _backward(
        self, group: str, name: str, start: int | None, end: int | None, before: list[int] | None
    ) -> Iterator[EventRow]:
        while chunk := self.events(
            group, name, start=start, end=end, before=before, limit=_CHUNK, newest=True
        ):
            yield from reversed(chunk)
            before = chunk[0].position

    def _stream_names(self, group: str, prefix: str | None) -> list[str]:
        query = PageQuery("SELECT name FROM log_streams")
        query.where("group_id = (SELECT id FROM log_groups WHERE name = ?)", group)
        _where_prefix(query, "name", prefix)
        sql, parameters = query.page(["name"], ascending=True, limit=-1)
        return [name for (name,) in self._database.read(sql, parameters)]

    def _id_of(self, group: str, stream: str) -> int | None:
        rows = self._database.read(_FIND_STREAM, (group, stream))
        return rows[0][0] if rows else None


def stream_position(row: StreamRow, order: StreamOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    return [row.name] if order == "LogStreamName" else [row.last_event or 0, row.name]


def _where_prefix(query: PageQuery, column: str, prefix: str | None) -> None:
    if prefix:
        # A range of the column instead of LIKE, which would read wildcards and not use the index.
        query.where(f"{column} >= ?", prefix)
        query.where(f"{column} < ?", prefix + "\U0010ffff")


def _stream_id(connection: sqlite3.Connection, group: str, stream: str, at: int) -> int:
    row = connection.execute(_FIND_STREAM, (group, stream)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO log_groups (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING", (group, at)
        )
        row = connection.execute(
            "INSERT INTO log_streams (group_id, name, created) "
            "VALUES ((SELECT id FROM log_groups WHERE name = ?), ?, ?) RETURNING id",
            (group, stream, at),
        ).fetchone()
    return int(row[0])
