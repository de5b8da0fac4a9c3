"""The pages about models."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import queries
from jobs.filtering import JobFilter
from jobs.forms.model import ModelForm
from jobs.models import RegisteredModel
from jobs.pages.image_choices import image_choices
from jobs.services.errors import Unavailable
from jobs.services.listing.display import for_display
from jobs.services.registry import artefacts, figures
from jobs.services.registry import registered_models as service
from teams.access import MemberRequest, member_required
from teams.models import Role, Team
from teams.whole_numbers import parse_whole_number

PAGE = 50
_JOBS_SHOWN = 10


@require_GET
@member_required()
def models(request: MemberRequest) -> HttpResponse:
    """The team's models that the search finds, each with how it does."""
    search, before = request.GET.get("q", "").strip(), parse_whole_number(request.GET.get("before", ""))
    found = service.search(queries.models(request.team), search)
    rows = found if before is None else found.filter(pk__lt=before)
    page = list(rows[: PAGE + 1])
    shown = page[:PAGE]
    told = figures.of(shown)
    context = {
        "rows": [(model, told[model.pk]) for model in shown],
        "q": search,
        "count": queries.count(found),
        "counted": queries.COUNTED,
        "older": urlencode({"q": search, "before": shown[-1].pk}) if len(page) > PAGE else "",
        "days": figures.DAYS,
    }
    return render(request, "jobs/models.html", context)


@require_GET
@member_required()
def model(request: MemberRequest, pk: int) -> HttpResponse:
    """One model: how it does, its containers with their archives, its latest jobs."""
    found = find_model(request.team, pk)
    jobs = queries.jobs(request.team, JobFilter()).filter(model=found)[:_JOBS_SHOWN]
    archives = {archive.uri: archive for archive in artefacts.last(found)}
    context = {
        "model": found,
        "jobs": for_display(jobs),
        "figures": figures.of([found])[found.pk],
        "days": figures.DAYS,
        "counted": queries.COUNTED,
        "causes": figures.causes(found),
        "containers": [(one, archives.get(one.get("ModelDataUrl", ""))) for one in found.containers],
        "has_archive": any(one.get("ModelDataUrl") for one in found.containers),
        "filters": urlencode({"model": found.name, "connection": found.connection.slug}),
    }
    return render(request, "jobs/model.html", context)


@require_POST
@member_required(Role.OPERATOR)
def check_archives(request: MemberRequest, pk: int) -> HttpResponse:
    """Look at the model's archives now."""
    found = find_model(request.team, pk)
    try:
        level = artefacts.worst(artefacts.check(found))
    except Unavailable as error:
        messages.error(request, f"The archive could not be looked at: {error}")
    else:
        if level == "ok":
            messages.success(request, "The archive can be read.")
    return redirect("model", pk=pk)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_model(request: MemberRequest) -> HttpResponse:
    """Register a model."""
    form = ModelForm(request.team, _filled_in(request), initial={"name": request.GET.get("name", "")})
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
    connections = list(queries.connections(request.team))
    context = {
        "form": form,
        "images": image_choices(connections),
        "has_engine": any(connection.is_engine for connection in connections),
    }
    return render(request, "jobs/new_model.html", context, status=status)


def _filled_in(request: MemberRequest) -> QueryDict | None:
    """What was sent; the framework's image, where a browser without scripts left its field empty."""
    if request.method != "POST":
        return None
    sent = request.POST.copy()
    if not sent.get("image") and not sent.get("containers", "").strip():
        sent["image"] = sent.get("framework", "")
    return sent


def find_model(team: Team, pk: int) -> RegisteredModel:
    """The team's model of this row id; Http404 for any other team's."""
    found = queries.models(team, removed=True).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such model in this team.")
    return found
