"""CloudWatch's ListMetrics: the metrics of pipelines and of the instances of jobs."""

from __future__ import annotations

import time
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.metric_sources import SOURCES
from engine.operations.metrics import DIMENSION, allowed_hosts, host_metric
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation
from engine.runner.meter import HOSTS
from engine.store.metrics import MetricRow

_PAGE = 500
#: RecentlyActive's only value, PT3H, in seconds.
_RECENT = 3 * 3600


@operation("cloudwatch", "ListMetrics")
def list_metrics(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The metrics that the caller may see: those of other sources, then by host those of all past jobs.

    With RecentlyActive only those of the last three hours.
    """
    skip, after = _position(params)
    metrics = [] if skip is None else _metrics_of_sources(ctx, params)[skip:]
    page = metrics[:_PAGE]
    room = _PAGE - len(page)
    rows = _rows_of_hosts(ctx, params, room + 1, after)
    answer: dict[str, Any] = {"Metrics": [*page, *(host_metric(row.host, row.name) for row in rows[:room])]}
    if len(metrics) > _PAGE or (rows and not room):
        answer["NextToken"] = make_token("metrics-of-sources", [(skip or 0) + _PAGE])
    elif len(rows) > room:
        answer["NextToken"] = make_token("metrics", [rows[room - 1].host, rows[room - 1].name])
    return answer


def _position(params: dict[str, Any]) -> tuple[int | None, list[Any] | None]:
    """Where the page begins: how many metrics of other sources are skipped, None for all; and after which host."""
    token = params.get("NextToken")
    if not token:
        return 0, None
    skipped = read_token("metrics-of-sources", token, (int,))
    after = read_token("metrics", token, (str, str))
    if skipped is None and after is None:
        raise ServiceError("InvalidParameterValue", "The NextToken is invalid.")
    return (None if skipped is None else max(0, skipped[0])), after


def _metrics_of_sources(ctx: Context, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of other sources that match the filters."""
    since = time.time() - _RECENT if "RecentlyActive" in params else None
    return [
        {
            "Namespace": namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
        }
        for namespace, source in SOURCES.items()
        if params.get("Namespace", namespace) == namespace
        for metric in source.metrics(ctx, since)
        if params.get("MetricName", metric.name) == metric.name
        and all(
            dimension["Name"] in metric.dimensions
            and dimension.get("Value", metric.dimensions[dimension["Name"]])
            == metric.dimensions[dimension["Name"]]
            for dimension in params.get("Dimensions", [])
        )
    ]


def _rows_of_hosts(
    ctx: Context, params: dict[str, Any], limit: int, after: list[Any] | None
) -> list[MetricRow]:
    """Up to `limit` metrics of jobs' instances that match the filters."""
    filtered_host = _filtered_host(params.get("Dimensions", []))
    namespace = params.get("Namespace")
    if filtered_host is None or (namespace is not None and namespace not in HOSTS):
        return []
    return ctx.store.metrics.list(
        hosts=allowed_hosts(ctx),
        host=filtered_host or None,
        host_like=HOSTS[namespace] if namespace is not None else None,
        name=params.get("MetricName"),
        active_since=int(time.time()) - _RECENT if "RecentlyActive" in params else None,
        limit=limit,
        after=after,
    )


def _filtered_host(filters: list[dict[str, str]]) -> str | None:
    """The host that ListMetrics' filters require; "" for any host, None if no metric can match."""
    host = ""
    for dimension_filter in filters:
        value = dimension_filter.get("Value", host)
        if dimension_filter["Name"] != DIMENSION or (host and value != host):
            return None
        host = value
    return host
