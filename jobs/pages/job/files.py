"""The tab with a job's input objects."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.pages.job.showing import find_job, show
from jobs.pages.sentences import rows_sentence
from teams.access import MemberRequest, member_required

_SHOWN = 200


@require_GET
@member_required()
def files(request: MemberRequest, key: str) -> HttpResponse:
    """The objects of the input and what came of each."""
    job = find_job(request.team, key)
    only = request.GET.get("only", "")
    only = only if only in ("missing", "rows") else ""
    rows, missing = queries.rows(job), queries.planned(job, "missing").count()
    planned = queries.planned(job, only)[:_SHOWN]
    context = {
        "planned": planned,
        "missing": missing,
        "only": only,
        "shown_of": {"missing": missing, "rows": rows.differ if rows else 0}.get(
            only, job.objects_total or 0
        ),
        "rows": rows,
        "rows_sentence": rows_sentence(rows),
        "has_rows": any(item.rows_in is not None for item in planned),
    }
    return show(request, job, "files", context)
