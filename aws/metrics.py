"""CloudWatch's metrics of a transform job's instances.

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
#: A series' label: the property in which the series of a search differ.
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
    """These metrics of up to a hundred instances of the job; raises a GatewayError.

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
    points_by_series: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    pages = client(target, "cloudwatch").get_paginator("get_metric_data")
    with translated(target):
        for page in pages.paginate(
            MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending"
        ):
            for row in page["MetricDataResults"]:
                # The search also finds hosts that contain the job's name elsewhere.
                if row["Label"].startswith(f"{job_name}/"):
                    place = metrics[int(row["Id"][1:])], row["Label"].removeprefix(f"{job_name}/")
                    points = zip(row["Timestamps"], row["Values"], strict=True)
                    points_by_series.setdefault(place, []).extend(points)
    return [Series(*place, tuple(points)) for place, points in sorted(points_by_series.items())]
