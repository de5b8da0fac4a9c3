"""A transform job's log: CloudWatch streams whose names begin with the job's.

Group and stream names: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from aws.calls import details_of, translated
from aws.clients import client
from aws.target import Target

GROUP = "/aws/sagemaker/TransformJobs"
PROCESSING_GROUP = "/aws/sagemaker/ProcessingJobs"
#: The end of the name of an instance's stream about its objects; other streams hold the containers' output.
_DATA_LOG = "data-log"
#: FilterLogEvents reads newest first only from 2024 on; no older transform job still has its log.
_NEWEST_FIRST_SINCE = 1_704_067_200_000
#: The time and name before each line of a data log.
_STAMP = re.compile(r"^[0-9T:.-]+:\[sagemaker logs\]: ")
#: The line of effective parameters, and the engine's lines about folder markers: no errors.
_ROUTINE = re.compile(r"^MaxConcurrentTransforms=|: skipped, ")


@dataclass(frozen=True, slots=True)
class LogStream:
    """One stream: `name` in full, `label` without the job's name; `last_event` None while it is empty."""

    name: str
    label: str
    last_event: datetime | None

    @property
    def is_data_log(self) -> bool:
        """Whether the lines are SageMaker's about objects, not a container's."""
        return is_data_log(self.label)

    @property
    def last_spoke(self) -> float:
        """The time of its last event in seconds since 1970, for sorting; 0 if it has none."""
        return self.last_event.timestamp() if self.last_event else 0.0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: `stream` is a label; `id` is its place in the log: its time and CloudWatch's event number."""

    at: datetime
    text: str
    stream: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines in reading order, and the token of the next page; empty at the end."""

    lines: tuple[LogLine, ...]
    next_token: str


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The lines to read of a job's log: of one stream, by its label, or of all by time; newest first if `backward`.

    Lines contain `phrase`, or else any of `terms`. `since` and `until` are milliseconds since 1970, both included.
    """

    job_name: str
    stream: str = ""
    phrase: str = ""
    terms: tuple[str, ...] = ()
    since: int = 0
    until: int | None = None
    backward: bool = False


def streams(target: Target, job_name: str, *, group: str = GROUP) -> list[LogStream]:
    """The job's streams, the data log first; empty until its first instance runs."""
    prefix = f"{job_name}/"
    pages = client(target, "logs").get_paginator("describe_log_streams")
    with translated(target):
        try:
            rows = [
                row
                for page in pages.paginate(logGroupName=group, logStreamNamePrefix=prefix)
                for row in page["logStreams"]
            ]
        except ClientError as error:
            if _is_absent(error):
                return []
            raise
    log_streams = [
        LogStream(r["logStreamName"], r["logStreamName"][len(prefix) :], _time(r.get("lastEventTimestamp")))
        for r in rows
    ]
    return sorted(log_streams, key=lambda stream: (not stream.is_data_log, stream.label))


def lines(
    target: Target, stream: str, *, limit: int, from_start: bool = False, group: str = GROUP
) -> list[LogLine]:
    """The last `limit` lines of a stream, by its name, or its first ones; empty if there is no such stream."""
    with translated(target):
        try:
            answer = client(target, "logs").get_log_events(
                logGroupName=group, logStreamName=stream, limit=limit, startFromHead=from_start
            )
        except ClientError as error:
            if _is_absent(error):
                return []
            raise
    return [LogLine(_at(row["timestamp"]), row["message"]) for row in answer["events"]]


def pages(target: Target, query: LogQuery, *, token: str = "", size: int = 500) -> Iterator[LogLines]:
    """The matching lines, one call to CloudWatch for each page; no page if there is no such stream.

    A page may be empty although further pages have lines: CloudWatch searches a part of the log at a time.
    """
    request = _request(query, size)
    prefix = f"{query.job_name}/"
    while True:
        if token:
            request["nextToken"] = token
        with translated(target):
            try:
                answer = client(target, "logs").filter_log_events(**request)
            except ClientError as error:
                if _is_absent(error):
                    return
                raise
        token = answer.get("nextToken", "")
        rows = answer["events"]
        yield LogLines(tuple(_line(row, prefix) for row in rows), token)
        if not token:
            return


def _request(query: LogQuery, size: int) -> Any:
    request: dict[str, Any] = {
        "logGroupName": GROUP,
        "startTime": max(query.since, _NEWEST_FIRST_SINCE),
        "startFromHead": not query.backward,
        "limit": size,
    }
    if query.stream:
        request["logStreamNames"] = [f"{query.job_name}/{query.stream}"]
    else:
        request["logStreamNamePrefix"] = f"{query.job_name}/"
    if query.until is not None:
        # AWS refuses a range that ends before it begins.
        request["endTime"] = max(query.until, request["startTime"])
    if query.phrase:
        request["filterPattern"] = _quoted(query.phrase)
    elif query.terms:
        request["filterPattern"] = " ".join(f"?{_quoted(term)}" for term in query.terms)
    return request


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _line(row: Any, prefix: str) -> LogLine:
    label = row["logStreamName"].removeprefix(prefix)
    return LogLine(_at(row["timestamp"]), row["message"], label, f"{row['timestamp']}-{row['eventId']}")


def is_data_log(label: str) -> bool:
    """Whether the stream with this label has SageMaker's lines about objects."""
    return label.endswith(_DATA_LOG)


def bare(text: str) -> str:
    """A line of a data log without the stamp that SageMaker puts before it."""
    return _STAMP.sub("", text)


def is_telling(text: str) -> bool:
    """Whether a bare line of a data log is about an object or a failure, not routine."""
    return not _ROUTINE.search(text)


def _is_absent(error: ClientError) -> bool:
    return details_of(error)[0] == "ResourceNotFoundException"


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _at(milliseconds)
