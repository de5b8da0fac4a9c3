"""Puts the signed-in person's membership of their current team on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from teams.access import find_member


def current_team(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set `request.member`: a Membership, or something false. It is looked up when it is first read."""

    def add_member(request: HttpRequest) -> HttpResponse:
        request.member = SimpleLazyObject(lambda: find_member(request))  # type: ignore[attr-defined]
        return get_response(request)

    return add_member
