"""What a transform job's instances use: CloudWatch's metrics of them.

Names and units: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aws.calls import translated
from aws.clients import client
from aws.target import Target

NAMESPACE = "/aws/sagemaker/TransformJobs"
#: What a series is named by: the one property in which those of a search differ.
_LABEL = "${PROP('Dim.Host')}"


@dataclass(frozen=True, slots=True)
class Series:
    """The averages of one metric of one instance, by the beginning of their period, oldest first."""

    metric: str
    instance: str
    points: tuple[tuple[datetime, float], ...]


def usage(
    target: Target, job_name: str, metrics: Sequence[str], start: datetime, end: datetime, period: int
) -> list[Series]:
    """These metrics of the job's instances, up to a hundred of them; raises a GatewayError.

    Empty until CloudWatch has the first numbers, and two weeks after the last: a search finds no older ones.
    `period` is in seconds.
    """
    queries = [
        {
            "Id": f"m{number}",
            "Label": _LABEL,
            "Expression": f"SEARCH('{{{NAMESPACE},Host}} MetricName=\"{metric}\" Host={job_name}/i-', "
            f"'Average', {period})",
        }
        for number, metric in enumerate(metrics)
    ]
    found: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    pages = client(target, "cloudwatch").get_paginator("get_metric_data")
    with translated(target):
        for page in pages.paginate(
            MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending"
        ):
            for row in page["MetricDataResults"]:
                # What contains the job's name need not begin with it.
                if row["Label"].startswith(f"{job_name}/"):
                    place = metrics[int(row["Id"][1:])], row["Label"].removeprefix(f"{job_name}/")
                    points = zip(row["Timestamps"], row["Values"], strict=True)
                    found.setdefault(place, []).extend(points)
    return [Series(*place, tuple(points)) for place, points in sorted(found.items())]
