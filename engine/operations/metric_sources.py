"""Metrics that are read from other tables than the samples of jobs' instances, by their namespace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.operations.context import Context


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its name and all its dimensions."""

    name: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MetricSource:
    """The metrics of one namespace.

    `metrics` lists those that the caller may see, with a start time only those that were active since. `samples` are
    the (epoch seconds, value) of one metric from a time to before another, oldest first. `unit` is that of a name.
    """

    metrics: Callable[[Context, float | None], list[Metric]]
    samples: Callable[[Context, Metric, float, float], list[tuple[float, float]]]
    unit: Callable[[str], str]


#: By namespace.
SOURCES: dict[str, MetricSource] = {}
