"""CloudWatch's AWS/Events and AWS/Scheduler: how often targets were invoked, and how often that failed."""

from __future__ import annotations

from collections.abc import Iterator

from engine.operations.context import Context
from engine.operations.metric_sources import SOURCES, Metric, MetricSource
from engine.operations.rules import rule_name

#: By namespace: the one dimension of its metrics.
DIMENSIONS = {"AWS/Events": "RuleName", "AWS/Scheduler": "ScheduleGroup"}


def _labels(source: str) -> tuple[str, str]:
    """The namespace of the metrics of a rule or schedule with that ARN, and the value of their dimension."""
    if ":rule/" in source:
        return "AWS/Events", rule_name(source)
    return "AWS/Scheduler", source.rpartition(":schedule/")[2].partition("/")[0]


def _rows(ctx: Context, namespace: str) -> Iterator[tuple[str, Metric, int]]:
    """(ARN, metric, time of its last count) of each rule or schedule that the caller may see."""
    for source, name, last in ctx.store.timers.metrics():
        label, value = _labels(source)
        if label == namespace and ctx.scope.allows_job(value):
            yield source, Metric(name, {DIMENSIONS[namespace]: value}), last


def _source(namespace: str) -> MetricSource:
    def metrics(ctx: Context, since: float | None) -> list[Metric]:
        listing: list[Metric] = []
        for _, metric, last in _rows(ctx, namespace):
            if (since is None or last >= since) and metric not in listing:
                listing.append(metric)
        return listing

    def samples(ctx: Context, metric: Metric, start: float, end: float) -> list[tuple[float, float]]:
        sources = [source for source, row, _ in _rows(ctx, namespace) if row == metric]
        times = [at for source in sources for at in ctx.store.timers.counts(source, metric.name, start, end)]
        return [(float(at), 1.0) for at in sorted(times)]

    return MetricSource(metrics, samples, lambda name: "Count")


SOURCES.update({namespace: _source(namespace) for namespace in DIMENSIONS})
