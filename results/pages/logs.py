"""The tab with a job's log, the parts that it fetches, and the first errors of it for the overview."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job, show
from jobs.pages.polling import is_poll
from jobs.services.attempts import failure_report
from jobs.services.errors import NotPossible, Unavailable
from results import logs as service
from teams.access import MemberRequest, member_required
from teams.refusals import refused, unknown_words

#: What narrows a log.
_FILTERS = ("stream", "search", "errors")
_PLACES = ("token", "before", "at")


@require_GET
@member_required()
def logs(request: MemberRequest, key: str) -> HttpResponse:
    """Lines of one of the job's streams, or of all: its end, or the place that the address names."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {"body_apart": True}
    # What the page asks for by itself is how the job stands; its log has ways of its own.
    return show(request, job, "logs", context if is_poll(request) else {**context, **_lines(request, job)})


@require_GET
@member_required()
def since(request: MemberRequest, key: str) -> HttpResponse:
    """What was written behind a place, to be put under the lines of the page; to others, the log itself."""
    job = find_job(request.team, key)
    wanted = _wanted(request)
    if not is_poll(request) or not wanted["stream"] or not request.GET.get("token"):
        return redirect("job-logs", key=job.key)
    try:
        page = service.since(job, **wanted, token=request.GET["token"])
    except Unavailable as error:
        return HttpResponse(str(error), status=503, content_type="text/plain")
    except NotPossible as error:
        raise Http404(str(error)) from error
    return render(request, "jobs/log_since.html", {**wanted, "log": page, **_links(job, wanted)})


@require_GET
@member_required()
def start(request: MemberRequest, key: str) -> HttpResponse:
    """For the page of a job without a log: why there is none, or that the page is to be loaded as there is one now."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    try:
        page = service.page(job, limit=1)
    except Unavailable:
        # The page keeps what it says, and asks again.
        return HttpResponse(status=204)
    if page.streams:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "jobs/log_none.html", {"job": job, "log": page})


@require_GET
@member_required()
def streams(request: MemberRequest, key: str) -> HttpResponse:
    """The job's streams, with how many errors each has; to others than its page, the log itself."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    context: dict[str, Any] = {"job": job, "now": request.GET.get("stream", "")}
    try:
        context |= {"streams": service.streams(job), "counts": service.count_errors(job)}
    except Unavailable as error:
        context["trouble"] = str(error)
    return render(request, "jobs/log_streams.html", context)


@require_GET
@member_required()
def jump(request: MemberRequest, key: str) -> HttpResponse:
    """Open the log at the next error, or the next line with the text that is searched, or the one before."""
    job = find_job(request.team, key)
    asked = request.GET
    wanted = _wanted(request)
    wanted["stream"] = wanted["stream"] or service.ALL
    sought = wanted if wanted["search"] else {**wanted, "errors": True}
    try:
        found, rest = service.jump(
            job, **sought, token=asked.get("token", ""), before=asked.get("before", "")
        )
    except (Unavailable, NotPossible) as error:
        messages.info(request, str(error))
        return redirect(_address(job, wanted))
    if found:
        return redirect(f"{_address(job, wanted, at=found)}#here")
    if rest:
        messages.info(request, "Nothing was found for long; this goes on from there.")
        return redirect(_address(job, sought, **{"before" if asked.get("before") else "token": rest}))
    here = asked.get("before") or asked.get("token", "")
    messages.info(request, _nothing(sought, before=bool(asked.get("before")), further=bool(here)))
    return redirect(f"{_address(job, wanted, at=here)}#here" if here else _address(job, wanted))


@require_GET
@member_required()
def text(request: MemberRequest, key: str) -> StreamingHttpResponse | HttpResponse:
    """The log as plain text, whole or what a search leaves of it."""
    job = find_job(request.team, key)
    if problems := unknown_words(request, _FILTERS):
        return refused(problems)
    wanted = _wanted(request)
    wanted["stream"] = wanted["stream"] or service.ALL
    try:
        file = service.text_file(job, **wanted)
    except Unavailable as error:
        messages.info(request, str(error))
        return redirect("job-logs", key=job.key)
    except NotPossible as error:
        raise Http404(str(error)) from error
    response = StreamingHttpResponse(file.parts, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


@require_GET
@member_required()
def errors(request: MemberRequest, key: str) -> HttpResponse:
    """What the data log said first of a failed job, for the job's page to fetch; to others, the log itself."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    failure = failure_report.failure_of(job)
    # One whose log was never read for a cause shows its first errors, as no rule was tried on them.
    read = failure is not None and failure.log_read and not failure.is_known
    context: dict[str, Any] = {"job": job, "last": read}
    try:
        context["lines"] = service.last_words(job) if context["last"] else service.first_errors(job)
    except Unavailable as error:
        context["trouble"] = str(error)
    return render(request, "jobs/job_errors.html", context)


def _lines(request: MemberRequest, job: TransformJob) -> dict[str, Any]:
    wanted = _wanted(request)
    places = {name: request.GET.get(name, "") for name in _PLACES}
    context: dict[str, Any] = {**wanted, **places, "all_streams": service.ALL, "beginning": service.BEGINNING}
    try:
        page = service.page(job, **{**wanted, **places})
    except Unavailable as error:
        return {**context, "unread": str(error)}
    except NotPossible as error:
        raise Http404(str(error)) from error
    shown = {**wanted, "stream": page.stream}
    follows = not (any(places.values()) or page.over)
    return {
        **context,
        "log": page,
        "follows": follows,
        "is_end": not (places["token"] or places["at"]),
        "streams": page.streams,
        "now": page.stream,
        **_links(job, shown),
    }


def _links(job: TransformJob, wanted: dict[str, Any]) -> dict[str, str]:
    """Where the links of a page with these lines go; a place is put behind `here`, `follow` and `jumps`."""
    query = _query(wanted)
    page = reverse("job-logs", args=[job.key])
    return {
        "here": f"{page}?{query}",
        "opens": f"{page}?{_query({**wanted, 'errors': False})}",
        "follow": f"{page}since/?{query}",
        "jumps": f"{page}jump/?{query}",
        "downloads": f"{page}text/?{query}",
    }


def _address(job: TransformJob, wanted: dict[str, Any], **place: str) -> str:
    return f"{reverse('job-logs', args=[job.key])}?{_query({**wanted, **place})}"


def _query(wanted: dict[str, Any]) -> str:
    return urlencode({name: "1" if value is True else value for name, value in wanted.items() if value})


def _wanted(request: MemberRequest) -> dict[str, Any]:
    asked = request.GET
    return {
        "stream": asked.get("stream", ""),
        "search": asked.get("search", "").strip()[: service.LONGEST_SEARCH],
        "errors": asked.get("errors", "") == "1",
    }


def _nothing(sought: dict[str, Any], *, before: bool, further: bool) -> str:
    what = f"line with “{sought['search']}”" if sought["search"] else "error"
    if not further:
        return f"There is no {what} in this log."
    return f"There is no {'earlier' if before else 'further'} {what} in this log."
