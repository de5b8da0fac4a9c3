"""Jobs beside each other."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs.api.parameters import Query, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.models import TransformJob
from jobs.models.standing import whole
from jobs.services.errors import InvalidFields
from jobs.services.listing.bulk_actions import MOST_COMPARED
from results import comparing
from results.api import serializers
from results.comparing import PredictionDiff
from results.reading.figures import ColumnFigures


class CompareQuery(Query):
    """With which jobs, and how rows are matched."""

    vars()["with"] = TextParameter(
        required=True, allow_blank=False, help_text="One to three further ids, with commas."
    )
    key = TextParameter(
        most=200, default="", help_text="A column that matches rows; by their position if left out."
    )


class CompareView(TeamView):
    """Jobs beside each other."""

    @takes(CompareQuery)
    @extend_schema(operation_id="jobs_compare", responses=serializers.CompareAnswer)
    def get(self, request: Request, id: str) -> Response:
        """The settings that differ, and what changed in the predictions for the same records."""
        first = self.job(id)
        ids = [text.strip() for text in self.words["with"].split(",")]
        ids = [text for text in dict.fromkeys(ids) if text and text != id]
        if not 0 < len(ids) < MOST_COMPARED:
            raise InvalidFields(
                {"with": [f"It must be one to {MOST_COMPARED - 1} ids of further jobs, with commas."]}
            )
        further = [self.job(text) for text in ids]
        key = self.words["key"].strip()
        diffs = [
            comparing.prediction_diff(comparing.planned_by(first), comparing.planned_by(job), key)
            for job in further
        ]
        answer = {
            "jobs": [self._job(request, job) for job in (first, *further)],
            "settings": [
                {"field": row.field, "values": list(row.values)}
                for row in comparing.differing_settings([first, *further])
            ],
            "predictions": [_diff(job, diff) for job, diff in zip(further, diffs, strict=True)],
        }
        return Response(serializers.CompareAnswer(answer).data)

    def _job(self, request: Request, job: TransformJob) -> dict[str, Any]:
        row = whole(job)
        cost = row.cost.amount
        return {
            "id": row.key,
            "name": row.name,
            "url": reverse("api:job", args=[row.key], request=request),
            "state": row.state,
            "model": row.model_name,
            "duration_seconds": row.overall_duration,
            "cost": None if cost is None else str(cost),
            "files": row.objects_done,
            "records": row.records,
        }


def _diff(job: TransformJob, diff: PredictionDiff) -> dict[str, Any]:
    return {
        "with": job.key,
        "matched_by": diff.key or "position",
        "files": diff.files,
        "files_compared": diff.files_compared,
        "rows": diff.rows,
        "changed": diff.changed,
        "only_first": diff.only_first,
        "only_second": diff.only_second,
        "complete": diff.is_complete,
        "notes": diff.notes,
        "first": _quantiles(diff.first),
        "second": _quantiles(diff.second),
        "movers": [
            {
                "file": row.file,
                "row": row.number,
                "key": row.key,
                "first": row.first.text if row.first else "",
                "second": row.second.text if row.second else "",
                "shift": row.shift,
            }
            for row in diff.movers
        ],
    }


def _quantiles(column: ColumnFigures) -> dict[str, Any]:
    parts = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
    ends = {"mean": column.mean, "least": column.least, "most": column.most}
    quantiles = {name: column.quantile(part) for name, part in parts.items()}
    return {"count": column.count, "nulls": column.nulls, **ends, **quantiles}
