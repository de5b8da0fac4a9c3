"""The page that submits a job."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import queries
from jobs.forms.job import CONTENT_TYPES, INSTANCE_TYPES, JobForm, RawRequestForm
from jobs.services import sample, submission
from teams.access import MemberRequest, member_required
from teams.models import Role, Team


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_job(request: MemberRequest) -> HttpResponse:
    """Fill in a job, or with `?as=json` paste its request; submitting leads to the job's page."""
    raw = request.GET.get("as") == "json"
    make = RawRequestForm if raw else JobForm
    if request.method == "POST":
        form = make(request.team, request.POST)
        if form.is_valid():
            return redirect(submission.submit(*form.parsed, by=request.user))
    else:
        form = make(request.team, initial={} if raw else _start(request))
    context = {
        "form": form,
        "raw": raw,
        "instance_types": INSTANCE_TYPES,
        "content_types": CONTENT_TYPES,
        "has_models": queries.models(request.team).exists(),
    }
    return render(request, "jobs/new_job.html", context, status=400 if form.errors else 200)


def _start(request: MemberRequest) -> dict[str, object]:
    """What the form begins with: the model that was asked for, or the only one; for the sample, its data too."""
    models = queries.models(request.team)
    asked = request.GET.get("model", "")
    chosen = models.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else models.first()
    start: dict[str, object] = {"instance_type": "ml.m5.large", "instance_count": 1}
    if chosen is None:
        return start
    return {
        **start,
        "model": chosen.pk,
        **(_sample_start(request.team) if chosen == _sample(request.team) else {}),
    }


def _sample(team: Team) -> object:
    return sample.find_model(team)


def _sample_start(team: Team) -> dict[str, object]:
    return {name: value for name, value in sample.fields().items() if name != "model"}
