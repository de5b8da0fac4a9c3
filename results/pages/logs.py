"""The Logs tab, the parts that it fetches, and the log's first errors for the overview."""

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
from results.log_histogram import histogram
from results.pages.attempts import ShownAttempt, context_of, shown_attempt
from teams.access import MemberRequest, member_required
from teams.refusals import refused, unknown_words

#: Query words that filter a log.
_FILTERS = ("stream", "search", "errors", "attempt")
_PLACES = ("token", "before", "at")


@require_GET
@member_required()
def logs(request: MemberRequest, key: str) -> HttpResponse:
    """The Logs tab: lines of one stream or of all, at the end or at the place in the URL."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {"body_apart": True}
    # A poll of the page refreshes the job's state; the log is fetched by `since`.
    return show(request, job, "logs", context if is_poll(request) else {**context, **_lines(request, job)})


@require_GET
@member_required()
def since(request: MemberRequest, key: str) -> HttpResponse:
    """The lines after a place, as a fragment that the page appends; other requests are redirected to the log."""
    job = find_job(request.team, key)
    line_filter = _line_filter(request)
    attempt = shown_attempt(request, job)
    if not is_poll(request) or not line_filter["stream"] or not request.GET.get("token"):
        return redirect("job-logs", key=job.key)
    try:
        page = service.since(attempt.job, **line_filter, token=request.GET["token"])
    except Unavailable as error:
        return HttpResponse(str(error), status=503, content_type="text/plain")
    except NotPossible as error:
        raise Http404(str(error)) from error
    return render(
        request, "jobs/log_since.html", {**line_filter, "log": page, **_links(job, attempt, line_filter)}
    )


@require_GET
@member_required()
def start(request: MemberRequest, key: str) -> HttpResponse:
    """For the page of a job without a log: why there is none, or a refresh once there is one."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    attempt = shown_attempt(request, job)
    try:
        page = service.page(attempt.job, limit=1)
    except Unavailable:
        # The page stays as it is and polls again.
        return HttpResponse(status=204)
    if page.streams:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "jobs/log_none.html", {"job": job, "log": page, **context_of(attempt)})


@require_GET
@member_required()
def streams(request: MemberRequest, key: str) -> HttpResponse:
    """A fragment with the job's streams and their errors; other requests are redirected to the log."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    attempt = shown_attempt(request, job)
    context: dict[str, Any] = {"job": job, "now": request.GET.get("stream", ""), **context_of(attempt)}
    try:
        context |= {"streams": service.streams(attempt.job), "counts": service.count_errors(attempt.job)}
    except Unavailable as error:
        context["trouble"] = str(error)
    return render(request, "jobs/log_streams.html", context)


@require_GET
@member_required()
def hits(request: MemberRequest, key: str) -> HttpResponse:
    """A fragment: how many lines match, and which of them is the line `at`; other requests go to the log."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    hit_filter = _hit_filter(_line_filter(request))
    context: dict[str, Any] = {"search": hit_filter["search"]}
    try:
        context["hits"] = service.count_hits(
            shown_attempt(request, job).job, **hit_filter, at=request.GET.get("at", "")
        )
    except Unavailable:
        # The line stands there all the same.
        return HttpResponse(status=204)
    return render(request, "jobs/log_hits.html", context)


@require_GET
@member_required()
def number(request: MemberRequest, key: str) -> HttpResponse:
    """The number of the line `at` of a stream or of all, as plain text; empty if it is not known.

    A request that names no line is redirected to the log.
    """
    job = find_job(request.team, key)
    stream, line_id = request.GET.get("stream") or service.ALL, request.GET.get("at", "")
    if not line_id:
        return redirect("job-logs", key=job.key)
    try:
        known_number = service.line_number(shown_attempt(request, job).job, stream=stream, line_id=line_id)
    except Unavailable:
        known_number = None
    except NotPossible as error:
        raise Http404(str(error)) from error
    return HttpResponse(known_number or "", content_type="text/plain")


@require_GET
@member_required()
def jump(request: MemberRequest, key: str) -> HttpResponse:
    """Redirect to the next or previous line that matches the search, or the next or previous error."""
    job = find_job(request.team, key)
    query = request.GET
    line_filter = {**_line_filter(request), "stream": query.get("stream") or service.ALL}
    jump_filter = _hit_filter(line_filter)
    attempt = shown_attempt(request, job)
    try:
        line_id, next_place = service.jump(
            attempt.job, **jump_filter, token=query.get("token", ""), before=query.get("before", "")
        )
    except (Unavailable, NotPossible) as error:
        messages.info(request, str(error))
        return redirect(_address(job, attempt, line_filter))
    if line_id:
        return redirect(f"{_address(job, attempt, line_filter, at=line_id)}#here")
    if next_place:
        messages.info(request, "Nothing was found for long; this goes on from there.")
        return redirect(
            _address(job, attempt, jump_filter, **{"before" if query.get("before") else "token": next_place})
        )
    start = query.get("before") or query.get("token", "")
    messages.info(request, _nothing(jump_filter, before=bool(query.get("before")), further=bool(start)))
    return redirect(
        f"{_address(job, attempt, line_filter, at=start)}#here"
        if start
        else _address(job, attempt, line_filter)
    )


@require_GET
@member_required()
def text(request: MemberRequest, key: str) -> StreamingHttpResponse | HttpResponse:
    """The log as plain text, whole or filtered."""
    job = find_job(request.team, key)
    if problems := unknown_words(request, _FILTERS):
        return refused(problems)
    line_filter = _line_filter(request)
    line_filter["stream"] = line_filter["stream"] or service.ALL
    try:
        file = service.text_file(shown_attempt(request, job).job, **line_filter)
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
    """A fragment with a failed job's first errors; other requests are redirected to the log."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    failure = failure_report.failure_of(job)
    # A job whose log was not read for a cause shows its first errors, since no rule was tried on them.
    read = failure is not None and failure.log_read and not failure.is_known
    context: dict[str, Any] = {"job": job, "last": read}
    try:
        context["lines"] = service.last_words(job) if context["last"] else service.first_errors(job)
    except Unavailable as error:
        context["trouble"] = str(error)
    return render(request, "jobs/job_errors.html", context)


def _lines(request: MemberRequest, job: TransformJob) -> dict[str, Any]:
    line_filter = _line_filter(request)
    places = {name: request.GET.get(name, "") for name in _PLACES}
    attempt = shown_attempt(request, job)
    context: dict[str, Any] = {
        **line_filter,
        **places,
        **context_of(attempt),
        "all_streams": service.ALL,
        "beginning": service.BEGINNING,
    }
    try:
        page = service.page(attempt.job, **{**line_filter, **places})
    except Unavailable as error:
        return {**context, "unread": str(error)}
    except NotPossible as error:
        raise Http404(str(error)) from error
    page_filter = {**line_filter, "stream": page.stream}
    follows = not (any(places.values()) or page.over)
    is_whole = not (page_filter["search"] or page_filter["errors"]) or bool(places["at"])
    return {
        **context,
        "log": page,
        "histogram": None if follows else histogram(page.lines),
        "follows": follows,
        "is_numbered": is_whole,
        "begins": is_whole and not page.before,
        "number_of": page.lines[0].id if is_whole and page.before and page.lines else "",
        "is_end": not (places["token"] or places["at"]),
        "streams": page.streams,
        "now": page.stream,
        **_links(job, attempt, page_filter),
    }


def _links(job: TransformJob, attempt: ShownAttempt, line_filter: dict[str, Any]) -> dict[str, str]:
    """The links of the page; the template appends a place to `here`, `follow` and `jumps`."""
    query = _query({**line_filter, **attempt.words})
    page = reverse("job-logs", args=[job.key])
    return {
        "here": f"{page}?{query}",
        "opens": f"{page}?{_query({**line_filter, 'errors': False, **attempt.words})}",
        "follow": f"{page}since/?{query}",
        "jumps": f"{page}jump/?{query}",
        "downloads": f"{page}text/?{query}",
        "hits": f"{page}hits/?{query}",
        "numbers": f"{page}number/?{_query({'stream': line_filter['stream'], **attempt.words})}",
    }


def _address(job: TransformJob, attempt: ShownAttempt, line_filter: dict[str, Any], **place: str) -> str:
    return f"{reverse('job-logs', args=[job.key])}?{_query({**line_filter, **attempt.words, **place})}"


def _query(line_filter: dict[str, Any]) -> str:
    return urlencode({name: "1" if value is True else value for name, value in line_filter.items() if value})


def _line_filter(request: MemberRequest) -> dict[str, Any]:
    query = request.GET
    return {
        "stream": query.get("stream", ""),
        "search": query.get("search", "").strip()[: service.LONGEST_SEARCH],
        "errors": query.get("errors", "") == "1",
    }


def _hit_filter(line_filter: dict[str, Any]) -> dict[str, Any]:
    """What is jumped to: the lines that a search finds, without one the errors."""
    stream = line_filter["stream"] or service.ALL
    return {**line_filter, "stream": stream, "errors": line_filter["errors"] or not line_filter["search"]}


def _nothing(line_filter: dict[str, Any], *, before: bool, further: bool) -> str:
    target = f"line with “{line_filter['search']}”" if line_filter["search"] else "error"
    if not further:
        return f"There is no {target} in this log."
    return f"There is no {'earlier' if before else 'further'} {target} in this log."
