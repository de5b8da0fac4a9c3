"""A transform job's log: CloudWatch streams whose names begin with the job's.

Group and stream names: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from jobs.gateway.calls import details_of, translated
from jobs.gateway.clients import client
from jobs.gateway.target import Target

GROUP = "/aws/sagemaker/TransformJobs"
#: How the name of an instance's stream about its objects ends; the others are what containers print.
_DATA_LOG = "data-log"
#: The time and name before each line of a data log.
_STAMP = re.compile(r"^[0-9T:.-]+:\[sagemaker logs\]: ")
#: The line of effective parameters, and the engine's about folder markers: no errors.
_ROUTINE = re.compile(r"^MaxConcurrentTransforms=|: skipped, ")


@dataclass(frozen=True, slots=True)
class LogStream:
    """One stream: `name` in full, `label` without the job's name; `last_event` None while it is empty."""

    name: str
    label: str
    last_event: datetime | None

    @property
    def is_data_log(self) -> bool:
        """Whether SageMaker itself speaks here, about the objects, rather than a container."""
        return self.label.endswith(_DATA_LOG)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a stream."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines in order, and the token that asks for what follows them."""

    lines: tuple[LogLine, ...]
    next_token: str


def streams(target: Target, job_name: str) -> list[LogStream]:
    """The job's streams, the data log first; empty until its first instance runs."""
    prefix = f"{job_name}/"
    pages = client(target, "logs").get_paginator("describe_log_streams")
    with translated(target):
        try:
            rows = [
                row
                for page in pages.paginate(logGroupName=GROUP, logStreamNamePrefix=prefix)
                for row in page["logStreams"]
            ]
        except ClientError as error:
            if _is_absent(error):
                return []
            raise
    found = [
        LogStream(r["logStreamName"], r["logStreamName"][len(prefix) :], _time(r.get("lastEventTimestamp")))
        for r in rows
    ]
    return sorted(found, key=lambda stream: (not stream.is_data_log, stream.label))


def lines(
    target: Target, stream: str, *, token: str = "", limit: int = 500, from_start: bool = False
) -> LogLines:
    """The last `limit` lines of a stream, or its first; with a token those after the lines that it came with."""
    with translated(target):
        try:
            if token:
                answer = client(target, "logs").get_log_events(
                    logGroupName=GROUP, logStreamName=stream, limit=limit, startFromHead=True, nextToken=token
                )
            else:
                answer = client(target, "logs").get_log_events(
                    logGroupName=GROUP, logStreamName=stream, limit=limit, startFromHead=from_start
                )
        except ClientError as error:
            if _is_absent(error):
                return LogLines(lines=(), next_token=token)
            raise
    events = tuple(LogLine(_at(row["timestamp"]), row["message"]) for row in answer["events"])
    return LogLines(lines=events, next_token=answer.get("nextForwardToken", ""))


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
