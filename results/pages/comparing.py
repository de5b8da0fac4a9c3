"""Jobs beside each other: settings that differ, time, cost and records, and what changed in the predictions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.models import TransformJob
from jobs.models.standing import whole
from jobs.pages.job.job_page import find_job
from jobs.services.errors import NotPossible, Unavailable
from jobs.services.listing.bulk_actions import MOST_COMPARED
from results import comparing
from results.comparing import PredictionDiff
from results.pages.downloads import attachment
from results.pages.figures import BARS, HEIGHT, WIDTH, number_text
from results.reading.figures import ColumnFigures
from teams.access import MemberRequest, member_required

#: Jobs offered to compare with.
_OFFERED = 20
_PARTS = ((0.05, "5 %"), (0.25, "25 %"), (0.5, "Median"), (0.75, "75 %"), (0.95, "95 %"))


@require_GET
@member_required()
def compare(request: MemberRequest) -> HttpResponse:
    """Two to four jobs beside each other; with one, the jobs that it can be compared with."""
    jobs = _jobs(request)
    key = request.GET.get("key", "").strip()[:200]
    if len(jobs) < 2:
        choice = {"job": jobs[0] if jobs else None, "offered": _offered(request, jobs)}
        return render(request, "jobs/compare_choice.html", choice)
    first = jobs[0]
    diffs = [_diff_context(first, job, key) for job in jobs[1:]]
    context = {
        "jobs": [(whole(job), _without(jobs, job, key)) for job in jobs],
        "settings": comparing.differing_settings(jobs),
        "diffs": diffs,
        "key": key,
        "offered": _offered(request, jobs) if len(jobs) < MOST_COMPARED else [],
    }
    return render(request, "jobs/compare.html", context)


@require_GET
@member_required()
def changed_rows(request: MemberRequest, key: str) -> HttpResponseBase:
    """All rows whose predictions differ between this job and that in `with`, as CSV."""
    first = find_job(request.team, key)
    second = find_job(request.team, request.GET.get("with", ""))
    column = request.GET.get("key", "").strip()[:200]
    try:
        lines = comparing.changed_lines(comparing.planned_by(first), comparing.planned_by(second), column)
    except NotPossible as error:
        raise Http404(str(error)) from error
    return attachment(lines, f"{first.name}-{second.name}.csv", "text/csv; charset=utf-8")


def _jobs(request: MemberRequest) -> list[TransformJob]:
    """The jobs of the query, each once. Raises Http404 for another team's."""
    job_keys = list(dict.fromkeys(request.GET.getlist("job")))[:MOST_COMPARED]
    return [find_job(request.team, key) for key in job_keys if key]


def _address(job_keys: list[str], key: str = "") -> str:
    words = [("job", job_key) for job_key in job_keys] + ([("key", key)] if key else [])
    return f"{reverse('jobs-compare')}?{urlencode(words)}"


def _without(jobs: list[TransformJob], job: TransformJob, key: str) -> str:
    """The address without this job; empty if too few would be left."""
    other_keys = [row.key for row in jobs if row is not job]
    return _address(other_keys, key) if len(other_keys) > 1 else ""


def _offered(request: MemberRequest, jobs: list[TransformJob]) -> list[tuple[TransformJob, str]]:
    """The newest jobs of the first one's model with the addresses that add them."""
    if not jobs:
        return []
    rows = queries.jobs(request.team).filter(model_name=jobs[0].model_name, root=None)
    newest = rows.exclude(pk__in=[job.pk for job in jobs]).order_by("-id")[:_OFFERED]
    job_keys = [job.key for job in jobs]
    return [(whole(row), _address([*job_keys, row.key])) for row in newest]


def _diff_context(first: TransformJob, second: TransformJob, key: str) -> dict[str, Any]:
    """What the template shows of the predictions of two jobs."""
    context: dict[str, Any] = {"job": second, "first": first, "key": key}
    try:
        diff = comparing.prediction_diff(comparing.planned_by(first), comparing.planned_by(second), key)
    except Unavailable as error:
        return {**context, "trouble": str(error)}
    query = urlencode({"with": second.key, **({"key": key} if key else {})})
    return {
        **context,
        "diff": diff,
        "quantiles": _quantiles(diff),
        "bars": _bars(diff),
        "ends": _ends(diff),
        "movers": [(row, _text(row.first), _text(row.second), _shift(row.shift)) for row in diff.movers],
        "labels": [(pair, count) for pair, count in diff.label_changes.items()],
        "csv": f"{reverse('compare-rows-csv', args=[first.key])}?{query}",
    }


def _text(cell: Any) -> str:
    return cell.text[:120] if cell else ""


def _shift(shift: float | None) -> str:
    if shift is None:
        return ""
    return ("+" if shift > 0 else "\u2212" if shift < 0 else "") + number_text(abs(shift))


def _quantiles(diff: PredictionDiff) -> list[tuple[str, str, str]]:
    """Mean and quantiles of both; empty unless the predictions are numbers."""
    if not diff.shift.numbers:
        return []
    rows = [("Mean", number_text(diff.first.mean), number_text(diff.second.mean))]
    return rows + [
        (label, number_text(diff.first.quantile(part)), number_text(diff.second.quantile(part)))
        for part, label in _PARTS
    ]


def _range(diff: PredictionDiff) -> tuple[float, float]:
    ends = [end for side in (diff.first, diff.second) for end in (side.least, side.most) if end is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ends(diff: PredictionDiff) -> tuple[str, str]:
    low, high = _range(diff)
    return number_text(low), number_text(high)


def _bars(diff: PredictionDiff) -> list[dict[str, float]]:
    """The histograms of both jobs on one scale: places and heights of bars, side by side."""
    if not diff.shift.numbers:
        return []
    sides = [_heights(side, *_range(diff)) for side in (diff.first, diff.second)]
    highest = max(map(max, sides)) or 1.0
    step = WIDTH / BARS
    return [
        {
            "x": round(at * step + 0.5, 2),
            "x2": round(at * step + step / 2, 2),
            "width": round(step / 2 - 0.5, 2),
            "y": round(HEIGHT - before / highest * HEIGHT, 2),
            "height": round(before / highest * HEIGHT, 2),
            "y2": round(HEIGHT - after / highest * HEIGHT, 2),
            "height2": round(after / highest * HEIGHT, 2),
        }
        for at, (before, after) in enumerate(zip(*sides, strict=True))
    ]


def _heights(column: ColumnFigures, low: float, high: float) -> list[float]:
    return column.bins.spread(low, high, BARS)
