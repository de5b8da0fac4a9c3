"""The figures of all outputs beside the rows: a histogram or counts of each column, polled while a worker reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job
from jobs.pages.polling import is_poll
from results.checking import checks_of
from results.models import Measure, OnMiss, OutputReading
from results.pages.check_charts import outcome_views
from results.pages.grid import short_number
from results.reading.figures import ColumnFigures, column_of
from results.reading.filters import BadFilter
from results.services import figures_of
from teams.access import MemberRequest, member_required

#: Bars of a histogram, and the units of its drawing.
BARS, WIDTH, HEIGHT = 24, 240, 72
#: Labels shown of a column.
_LABELS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the histogram: its place and height, those of the part that matches the filter, and what it says."""

    x: float
    width: float
    height: float
    matching: float
    says: str

    @property
    def y(self) -> float:
        """The top of the bar."""
        return HEIGHT - self.height

    @property
    def matching_y(self) -> float:
        """The top of the part that matches."""
        return HEIGHT - self.matching


@dataclass(frozen=True, slots=True)
class Label:
    """How often a label occurs, and the part of all values."""

    text: str
    count: int
    part: float


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column as it is shown: bars and quantiles of numbers, or counts of labels."""

    column: ColumnFigures
    bars: tuple[Bar, ...] = ()
    ticks: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    labels: tuple[Label, ...] = ()
    more: int = 0


@require_GET
@member_required()
def figures(request: MemberRequest, key: str) -> HttpResponse:
    """The panel of figures, for its own poll; other requests are redirected to the Results tab."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-results", key=job.key)
    try:
        context = figures_context(job, request.GET.get("filter", "").strip())
    except BadFilter as error:
        raise Http404(error.sentence) from error
    return render(request, "jobs/results_figures.html", {"job": job, **context})


def figures_context(job: TransformJob, text: str) -> dict[str, Any]:
    """The template's values: the figures of all rows, and of those that match the filter. Raises BadFilter."""
    reading = figures_of(job)
    matching = figures_of(job, text) if text and reading is not None else None
    checks = checks_of(reading.job) if reading else []
    return {
        "reading": reading,
        "matching": matching,
        "figures_filter": text,
        "figures_wait": any(reading and not reading.finished_at for reading in (reading, matching)),
        "checks": checks,
        "outcomes": outcome_views(reading.job, reading, checks) if reading else [],
        "measures": Measure.choices,
        "on_miss": OnMiss.choices,
        "columns": column_views(reading, matching) if reading else [],
    }


def column_views(reading: OutputReading, matching: OutputReading | None = None) -> list[ColumnView]:
    """Each column with figures."""
    parts = {values["name"]: column_of(values) for values in matching.columns} if matching else {}
    columns = map(column_of, reading.columns)
    return [_view(column, parts.get(column.name)) for column in columns if column.count]


def _view(column: ColumnFigures, part: ColumnFigures | None) -> ColumnView:
    facts = _nulls(column)
    if column.is_of_labels:
        ordered = sorted(column.labels.items(), key=lambda item: (-item[1], item[0]))
        labels = tuple(Label(text, count, count / column.values) for text, count in ordered[:_LABELS])
        further_count = sum(count for _, count in ordered[_LABELS:]) + column.further
        return ColumnView(column, facts=facts, labels=labels, more=further_count)
    if column.least is None or column.most is None:
        return ColumnView(column, facts=facts, more=column.further)
    low, high = _range(column.least, column.most)
    heights = column.bins.spread(low, high, BARS)
    matching = part.bins.spread(low, high, BARS) if part else [0.0] * BARS
    ticks = tuple(number_text(low * (1 - at) + high * at) for at in (0, 0.25, 0.5, 0.75, 1))
    return ColumnView(column, _bars(low, high, heights, matching), ticks, _quantiles(column) + facts)


def _range(least: float, most: float) -> tuple[float, float]:
    """The ends of the histogram: 0 and 1 for what looks like a probability."""
    if least >= 0 and most <= 1 and most - least > 0.2:
        return 0.0, 1.0
    return (least, most) if most > least else (least - 0.5, least + 0.5)


def _bars(low: float, high: float, heights: list[float], matching: list[float]) -> tuple[Bar, ...]:
    highest = max(heights) or 1.0
    step, width = WIDTH / len(heights), high / len(heights) - low / len(heights)
    return tuple(
        Bar(
            round(at * step + 0.5, 2),
            round(step - 1, 2),
            # A bar that is there is seen.
            max(1.0, round(height / highest * HEIGHT, 2)) if height else 0.0,
            max(1.0, round(part / highest * HEIGHT, 2)) if part else 0.0,
            f"{number_text(low + at * width)} to {number_text(low + (at + 1) * width)}: {round(height):,}",
        )
        for at, (height, part) in enumerate(zip(heights, matching, strict=True))
    )


def _quantiles(column: ColumnFigures) -> tuple[tuple[str, str], ...]:
    quarter, middle, three = (number_text(column.quantile(part)) for part in (0.25, 0.5, 0.75))
    return (
        ("Median", middle),
        ("Middle half", f"{quarter} to {three}"),
        ("Mean", number_text(column.mean)),
        ("Lowest, highest", f"{number_text(column.least)}, {number_text(column.most)}"),
    )


def _nulls(column: ColumnFigures) -> tuple[tuple[str, str], ...]:
    share = f" {column.null_share:.1%}" if column.nulls else ""
    return (("Without a value", f"{column.nulls:,}{share}"),)


def number_text(number: float | None) -> str:
    """A number with about four digits."""
    if number is None:
        return "\u2013"
    return (
        f"{number:,.0f}"
        if float(number).is_integer() and abs(number) < 1e15
        else short_number(repr(float(number)))
    )
