"""The pages of models."""

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
    """The team's models that match the search, with their figures."""
    search, before = request.GET.get("q", "").strip(), parse_whole_number(request.GET.get("before", ""))
    matching_models = service.search(queries.models(request.team), search)
    rows = matching_models if before is None else matching_models.filter(pk__lt=before)
    page = list(rows[: PAGE + 1])
    page_models = page[:PAGE]
    figures_by_model = figures.of(page_models)
    context = {
        "rows": [(model, figures_by_model[model.pk]) for model in page_models],
        "q": search,
        "count": queries.count(matching_models),
        "counted": queries.COUNTED,
        "older": urlencode({"q": search, "before": page_models[-1].pk}) if len(page) > PAGE else "",
        "days": figures.DAYS,
    }
    return render(request, "jobs/models.html", context)


@require_GET
@member_required()
def model(request: MemberRequest, pk: int) -> HttpResponse:
    """One model: figures, containers with their archives, latest jobs."""
    model_row = find_model(request.team, pk)
    jobs = queries.jobs(request.team, JobFilter()).filter(model=model_row)[:_JOBS_SHOWN]
    archives = {archive.uri: archive for archive in artefacts.last(model_row)}
    context = {
        "model": model_row,
        "jobs": for_display(jobs),
        "figures": figures.of([model_row])[model_row.pk],
        "days": figures.DAYS,
        "counted": queries.COUNTED,
        "causes": [
            (cause, cause.advice_for(engine=model_row.connection.is_engine), count)
            for cause, count in figures.causes(model_row)
        ],
        "containers": [
            (definition, archives.get(definition.get("ModelDataUrl", "")))
            for definition in model_row.containers
        ],
        "has_archive": any(definition.get("ModelDataUrl") for definition in model_row.containers),
        "filters": urlencode({"model": model_row.name, "connection": model_row.connection.slug}),
    }
    return render(request, "jobs/model.html", context)


@require_POST
@member_required(Role.OPERATOR)
def check_archives(request: MemberRequest, pk: int) -> HttpResponse:
    """Check the model's archives now."""
    model_row = find_model(request.team, pk)
    try:
        level = artefacts.worst(artefacts.check(model_row))
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
            registered = form.register(request.user) if form.is_valid() else None
        except Unavailable as error:
            form.add_error(None, str(error))
            registered = None
        if registered is not None:
            messages.success(request, f"{registered.name} is registered.")
            return redirect("model", pk=registered.pk)
    connections = list(queries.connections(request.team))
    context = {
        "form": form,
        "images": image_choices(connections),
        "has_engine": any(connection.is_engine for connection in connections),
    }
    return render(request, "jobs/new_model.html", context, status=status)


def _filled_in(request: MemberRequest) -> QueryDict | None:
    """The submitted fields; without scripts an empty image is filled in from the chosen framework."""
    if request.method != "POST":
        return None
    sent = request.POST.copy()
    if not sent.get("image") and not sent.get("containers", "").strip():
        sent["image"] = sent.get("framework", "")
    return sent


def find_model(team: Team, pk: int) -> RegisteredModel:
    """The team's model with this row id; raises Http404 if it has none."""
    model_row = queries.models(team, removed=True).filter(pk=pk).first()
    if model_row is None:
        raise Http404("There is no such model in this team.")
    return model_row
