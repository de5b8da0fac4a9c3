"""CloudWatch's AWS/Sagemaker/ModelBuildingPipeline: how executions and steps of pipelines start and end."""

from __future__ import annotations

from engine.operations.context import Context
from engine.operations.metric_sources import SOURCES, Metric, MetricSource
from engine.store.execution_metrics import ENDS

NAMESPACE = "AWS/Sagemaker/ModelBuildingPipeline"
PIPELINE, STEP = "PipelineName", "StepName"


def _metrics(ctx: Context, since: float | None) -> list[Metric]:
    metrics: dict[tuple[str, str | None, str], Metric] = {}
    for pipeline, step, status in ctx.store.execution_metrics.statuses(ctx.scope.job_names, since):
        kind = "Execution" if step is None else "Step"
        dimensions = {PIPELINE: pipeline} | ({} if step is None else {STEP: step})
        words = ("Started", status, "Duration") if status in ENDS else ("Started",)
        for word in words:
            metrics[pipeline, step, word] = Metric(kind + word, dimensions)
    return list(metrics.values())


def _samples(ctx: Context, metric: Metric, start: float, end: float) -> list[tuple[float, float]]:
    step = metric.dimensions.get(STEP)
    kind = "Execution" if step is None else "Step"
    if metric.dimensions.keys() - {STEP} != {PIPELINE} or not metric.name.startswith(kind):
        return []
    pipeline, word = metric.dimensions[PIPELINE], metric.name.removeprefix(kind)
    figures = ctx.store.execution_metrics
    if word == "Started":
        return [(at, 1.0) for at in figures.starts(pipeline, step, start, end)]
    ends = figures.ends(pipeline, step, start, end)
    if word == "Duration":
        return [(at, 1000 * seconds) for _, at, seconds in ends]
    return [(at, 1.0) for status, at, _ in ends if status == word]


def _unit(name: str) -> str:
    return "Milliseconds" if name.endswith("Duration") else "Count"


SOURCES[NAMESPACE] = MetricSource(_metrics, _samples, _unit)
