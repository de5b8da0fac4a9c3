"""The pages about models."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from jobs import queries
from jobs.filtering import JobFilter
from jobs.forms.model import ModelForm
from jobs.lifecycle import costing
from jobs.pages.image_choices import image_choices
from jobs.services.errors import Unavailable
from teams.access import MemberRequest, member_required
from teams.models import Role

_JOBS_SHOWN = 20


@require_GET
@member_required()
def models(request: MemberRequest) -> HttpResponse:
    """The team's models."""
    return render(request, "jobs/models.html", {"models": queries.models(request.team)})


@require_GET
@member_required()
def model(request: MemberRequest, pk: int) -> HttpResponse:
    """One model: its containers and its latest jobs."""
    found = queries.models(request.team).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such model in this team.")
    jobs = list(queries.jobs(request.team, JobFilter()).filter(model=found)[:_JOBS_SHOWN])
    costing.tell(jobs)
    return render(request, "jobs/model.html", {"model": found, "jobs": jobs})


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_model(request: MemberRequest) -> HttpResponse:
    """Register a model."""
    form = ModelForm(request.team, request.POST or None, initial={"name": request.GET.get("name", "")})
    status = 200
    if request.method == "POST":
        status = 400
        try:
            made = form.register(request.user) if form.is_valid() else None
        except Unavailable as error:
            form.add_error(None, str(error))
            made = None
        if made is not None:
            messages.success(request, f"{made.name} is registered.")
            return redirect("model", pk=made.pk)
    context = {"form": form, "images": image_choices(queries.connections(request.team))}
    return render(request, "jobs/new_model.html", context, status=status)
