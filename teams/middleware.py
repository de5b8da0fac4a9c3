"""Gives each request an id and the person's membership of their current team, and notes the use of sessions."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from structlog.contextvars import bind_contextvars, clear_contextvars

from teams import browser_sessions, request_source
from teams.access import find_member


def request_id(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Send the request's id with its answer, and write it into each line of the log."""

    def identify(request: HttpRequest) -> HttpResponse:
        with request_source.entered(request) as source:
            # Bound until the thread's next request: Django logs refusals after the middleware.
            clear_contextvars()
            bind_contextvars(request_id=source.id)
            response = get_response(request)
            response.headers[request_source.HEADER] = source.id
            return response

    return identify


def current_team(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set `request.member`: a Membership, or something false. It is looked up when it is first read."""

    def add_member(request: HttpRequest) -> HttpResponse:
        request.member = SimpleLazyObject(lambda: find_member(request))  # type: ignore[attr-defined]
        return get_response(request)

    return add_member


def session_use(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Note the use of a session by which a person was found; a request that asked for no person costs nothing."""

    def note_use(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if hasattr(request, "_cached_user") or request.session.modified:
            browser_sessions.note_use(request)
        return response

    return note_use
