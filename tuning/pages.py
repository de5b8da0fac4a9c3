"""The pages of tunings: begin one after its costs were shown, see what each combination gave, stop it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import queries
from jobs.forms.job import filled_in_as
from jobs.models import Preset, TransformJob
from jobs.pages.job.job_page import find_job
from jobs.pages.polling import is_poll, polled, version
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from jobs.services.submitting.presets import find_preset
from teams.access import MemberRequest, member_required
from teams.models import Role, Team
from teams.whole_numbers import parse_whole_number
from tuning import services
from tuning.forms import TuningForm
from tuning.models import Combination, Tuning
from tuning.services import TuningRequest

#: Earlier tunings that are shown beside the form.
_EARLIER_TUNINGS = 10


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_tuning(request: MemberRequest) -> HttpResponse:
    """Choose what is tried for the request of a job, a preset or a model; begin it once its costs were shown."""
    job, preset = _source(request)
    if job is None and preset is None:
        return render(request, "tuning/new.html", {"tunings": _tunings(request.team)})
    form = TuningForm(request.POST if request.method == "POST" else None)
    tuning_plan = None
    planned_version = ""
    if request.method == "POST" and form.is_valid():
        try:
            tuning_request = _request(request.team, job, preset, form)
            planned_version = form.version(tuning_request)
            if request.POST.get("planned") == planned_version and "start" in request.POST:
                tuning = services.begin(tuning_request, by=request.user)
                messages.success(request, "The tuning has begun. Its jobs run one after the other.")
                return redirect("tuning", tuning=tuning.key)
            tuning_plan = services.plan(tuning_request)
        except InvalidFields as error:
            form.take(error)
        except (NotPossible, Unavailable) as error:
            form.add_error(None, str(error))
    context = {
        "form": form,
        "job": job,
        "preset": preset,
        "plan": tuning_plan,
        "planned": planned_version,
        "tunings": _tunings(request.team, job.model_name if job else ""),
    }
    return render(request, "tuning/new.html", context, status=400 if form.errors else 200)


def _source(request: MemberRequest) -> tuple[TransformJob | None, Preset | None]:
    """The job or the preset that the address names, or those of the model that it names."""
    if key := request.GET.get("job"):
        return find_job(request.team, key), None
    if slug := request.GET.get("preset"):
        return None, find_preset(request.team, slug)
    model_id = parse_whole_number(request.GET.get("model", ""))
    model = queries.models(request.team).filter(pk=model_id).first() if model_id is not None else None
    if model is None:
        return None, None
    return queries.last_completed(model), None


def _request(team: Team, job: TransformJob | None, preset: Preset | None, form: TuningForm) -> TuningRequest:
    if job is not None:
        return services.request_of_job(job, **form.bounds())
    assert preset is not None
    return services.request_of_preset(team, preset, {}, **form.bounds())


def _tunings(team: Team, model_name: str = "") -> list[Tuning]:
    rows = Tuning.objects.for_team(team).order_by("-id")
    return list((rows.filter(model_name=model_name) if model_name else rows)[:_EARLIER_TUNINGS])


def find_tuning(team: Team, key: str) -> Tuning:
    """The team's tuning with this key; Http404 for any other team's."""
    tuning = services.tunings_of(team).filter(key=key).first()
    if tuning is None:
        raise Http404("There is no such tuning in this team.")
    return tuning


@require_GET
@member_required()
def tuning(request: MemberRequest, tuning: str) -> HttpResponse:
    """A tuning with its combinations; a poll gets the live part."""
    row = find_tuning(request.team, tuning)
    context = _context(row)
    if is_poll(request):
        states = [(item.state, item.seconds) for item in context["rows"]]
        tag = version(row.key, row.state, row.problem, states, ticking=row.is_under_way)
        return polled(request, "tuning/live.html", context, tag)
    return render(request, "tuning/tuning.html", context)


@require_POST
@member_required(Role.OPERATOR)
def stop_tuning(request: MemberRequest, tuning: str) -> HttpResponse:
    """Stop it with the job that runs."""
    row = find_tuning(request.team, tuning)
    try:
        services.stop(row, by=request.user)
    except NotPossible as error:
        messages.info(request, str(error))
    else:
        messages.success(request, "The tuning stops. What it has measured stays.")
    return redirect("tuning", tuning=row.key)


def _context(tuning: Tuning) -> dict[str, Any]:
    rows = tuning.in_order()
    best = services.best_of(rows)
    rates = [row.records_per_second for row in rows if row.records_per_second is not None]
    bucket_and_folder = urlencode({"path": tuning.folder})
    return {
        "tuning": tuning,
        "rows": rows,
        "best": best,
        "most": max(rates, default=1.0),
        "done": sum(row.state not in ("waiting", "running") for row in rows),
        "new_job": _new_job(tuning, best) if best else "",
        "preset_fields": _preset_fields(best, tuning) if best else [],
        "folder": f"{reverse('data-listing', args=[tuning.connection.slug])}?{bucket_and_folder}",
    }


def _changes(tuning: Tuning, best: Combination) -> tuple[TransformJob | None, dict[str, Any]]:
    """The job that a job with the best settings is cloned from, and the fields in which it differs from that one."""
    if tuning.source_job is not None:
        return tuning.source_job, best.settings
    places = {name: tuning.spec.get(name) for name in ("data", "data_type", "output_path")}
    whole = {name: value for name, value in places.items() if value}
    return best.job, {**whole, **best.settings, "deadline_minutes": ""}


def _new_job(tuning: Tuning, best: Combination) -> str:
    """The address of the new-job form with the request of the tuning and the best settings."""
    source, changes = _changes(tuning, best)
    if source is None:
        return ""
    query = [("from", source.key)]
    query += [pair for name, value in changes.items() for pair in (("change", name), ("to", str(value)))]
    return f"{reverse('new-job')}?{urlencode(query)}"


def _preset_fields(best: Combination, tuning: Tuning) -> list[tuple[str, Any]]:
    """The fields of the preset form, filled in with the request of the tuning and the best settings."""
    source, changes = _changes(tuning, best)
    if source is None:
        return []
    filled = {**filled_in_as(source), **changes}
    return [(name, value) for name, value in filled.items() if isinstance(value, str | int | float)]
