"""CloudWatch metrics of transform and processing jobs and of pipelines: GetMetricData, GetMetricStatistics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.metric_search import BadSearch, Search, parse_search
from engine.operations.metric_sources import SOURCES, Metric
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation
from engine.runner.meter import HOSTS, namespace_of

#: The only dimension of the metrics of jobs.
DIMENSION = "Host"
_UNIT = "Percent"
#: GetMetricData's default MaxDatapoints, and the most series of one SEARCH (API reference).
_MOST_POINTS = 100_800
_MOST_SERIES = 100

_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}

Points = list[tuple[float, float]]


@operation("cloudwatch", "GetMetricData")
def get_metric_data(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The results of the queries: a statistic by period of one metric, or of every metric that a SEARCH finds."""
    start, end = _range(params)
    queries = params["MetricDataQueries"]
    ids = [query["Id"] for query in queries]
    if len(set(ids)) != len(ids):
        raise _invalid("Each query of MetricDataQueries needs an Id of its own.")
    results = [
        result
        for query in queries
        if query.get("ReturnData", True)
        for result in _results(ctx, query, start, end)
    ]
    if params.get("ScanBy") != "TimestampAscending":
        for result in results:
            result["points"].reverse()
    return _page(params, results)


@operation("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Statistics of one metric by period. The API reference promises no order."""
    start, end = _range(params)
    if "ExtendedStatistics" in params or not params.get("Statistics"):
        raise _invalid(f"Statistics must be given: {', '.join(_STATISTICS)}.")
    period = _checked_period(params["Period"])
    by_name = {
        name: dict(_points(ctx, params, period, name, start, end))
        for name in dict.fromkeys(params["Statistics"])
    }
    times = sorted(next(iter(by_name.values())))
    return {
        "Label": params["MetricName"],
        "Datapoints": [
            {
                "Timestamp": at,
                "Unit": _unit_of(params),
                **{name: points[at] for name, points in by_name.items()},
            }
            for at in times
        ],
    }


def allowed_hosts(ctx: Context) -> list[str]:
    """The hosts that the caller may see, with `x*` for all that start with x. Hosts are named `JOB/INSTANCE`."""
    return [name if name.endswith("*") else f"{name}/*" for name in ctx.scope.job_names]


def _results(ctx: Context, query: dict[str, Any], start: float, end: float) -> list[dict[str, Any]]:
    if ("MetricStat" in query) == ("Expression" in query):
        raise _invalid(f"The query {query['Id']} needs either MetricStat or Expression.")
    if "Expression" in query:
        return _searched(ctx, query, start, end)
    stat = query["MetricStat"]
    points = _points(ctx, stat["Metric"], _checked_period(stat["Period"]), stat["Stat"], start, end)
    label = query.get("Label", stat["Metric"].get("MetricName"))
    return [{"Id": query["Id"], "Label": label, "points": points}]


def _searched(ctx: Context, query: dict[str, Any], start: float, end: float) -> list[dict[str, Any]]:
    try:
        search: Search = parse_search(query["Expression"])
    except BadSearch as error:
        raise _invalid(f"The expression of {query['Id']} can not be evaluated: {error}") from None
    period = _checked_period(search.period or query.get("Period", 300))
    if search.namespace not in HOSTS or search.dimensions != (DIMENSION,):
        return []
    rows = ctx.store.metrics.list(
        hosts=allowed_hosts(ctx),
        host_like=HOSTS[search.namespace],
        host_contains=search.substring,
        limit=-1,
    )
    matching = (row for row in rows if search.matches(row.host, row.name))
    series_rows = list(islice(matching, _MOST_SERIES))
    series = [
        (row, _points(ctx, host_metric(row.host, row.name), period, search.statistic, start, end))
        for row in series_rows
    ]
    return [
        {"Id": query["Id"], "Label": _label(query.get("Label"), row.host, row.name), "points": points}
        for row, points in series
        if points
    ]


def _label(label: str | None, host: str, name: str) -> str:
    """The label of a series that a SEARCH found. The query's label may use properties: ${PROP('Dim.Host')}."""
    if label is None:
        return f"{host} {name}"
    for property_name, value in ((f"Dim.{DIMENSION}", host), ("MetricName", name)):
        label = label.replace(f"${{PROP('{property_name}')}}", value)
    return label


def _points(
    ctx: Context, metric: Mapping[str, Any], period: int, statistic: str, start: float, end: float
) -> Points:
    """(start of the period, statistic) of one metric, oldest first; empty if the metric does not exist."""
    if statistic not in _STATISTICS:
        raise _invalid(f"The statistic {statistic} is not one of {', '.join(_STATISTICS)}.")
    if metric.get("Unit", _unit_of(metric)) != _unit_of(metric):
        return []
    periods: dict[float, list[float]] = {}
    first = math.floor(start / period) * period
    for at, value in _samples(ctx, metric, first, end):
        periods.setdefault(float(at // period * period), []).append(value)
    return [(at, float(_STATISTICS[statistic](values))) for at, values in periods.items()]


def _samples(
    ctx: Context, metric: Mapping[str, Any], start: float, end: float
) -> Sequence[tuple[float, float]]:
    """The (epoch seconds, value) of a metric, oldest first."""
    name, dimensions = metric.get("MetricName", ""), metric.get("Dimensions", [])
    source = SOURCES.get(metric.get("Namespace", ""))
    if source is not None:
        by_name = {dimension["Name"]: dimension["Value"] for dimension in dimensions}
        return source.samples(ctx, Metric(name, by_name), start, end)
    host = _exact_host(dimensions)
    if host is None or metric.get("Namespace") != namespace_of(host):
        return []
    return ctx.store.metrics.samples(host, name, start, end)


def _unit_of(metric: Mapping[str, Any]) -> str:
    source = SOURCES.get(metric.get("Namespace", ""))
    return _UNIT if source is None else source.unit(metric.get("MetricName", ""))


def _page(params: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of the results with at most MaxDatapoints points, starting where the previous page ended."""
    skip, room = 0, params.get("MaxDatapoints", _MOST_POINTS)
    if token := params.get("NextToken"):
        position = read_token("metric-data", token, (int,))
        if position is None or position[0] < 0:
            raise ServiceError("InvalidNextToken", "The NextToken is invalid.")
        skip = position[0]
    end, passed = skip + room, 0
    metric_results = []
    for result in results:
        points = result.pop("points")
        part = points[max(0, skip - passed) : max(0, end - passed)]
        passed += len(points)
        is_complete = passed <= end
        metric_results.append(
            {
                **result,
                "Timestamps": [at for at, _ in part],
                "Values": [value for _, value in part],
                "StatusCode": "Complete" if is_complete else "PartialData",
            }
        )
    answer: dict[str, Any] = {"MetricDataResults": metric_results, "Messages": []}
    if passed > end:
        answer["NextToken"] = make_token("metric-data", [end])
    return answer


def _range(params: dict[str, Any]) -> tuple[float, float]:
    start, end = params["StartTime"].timestamp(), params["EndTime"].timestamp()
    if start >= end:
        raise _invalid("The StartTime must be before the EndTime.")
    return start, end


def _checked_period(period: int) -> int:
    if period not in (1, 5, 10, 20, 30) and (period < 1 or period % 60):
        raise _invalid("A period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    return period


def _exact_host(dimensions: list[dict[str, str]]) -> str | None:
    """The host if it is the only dimension, else None: a metric is identified by all its dimensions."""
    if len(dimensions) != 1 or dimensions[0]["Name"] != DIMENSION:
        return None
    return dimensions[0]["Value"]


def host_metric(host: str, name: str) -> dict[str, Any]:
    """The Metric of a job's instance."""
    dimension = {"Name": DIMENSION, "Value": host}
    return {"Namespace": namespace_of(host), "MetricName": name, "Dimensions": [dimension]}


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
