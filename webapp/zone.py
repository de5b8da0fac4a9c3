"""The time zone of pages: the reader's own, which `static/zone.js` keeps in a cookie, else UTC.

The API always answers in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "zone"
_NAMES = frozenset(available_timezones())


def reader_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set the time zone for this request, including the streamed parts of its answer."""

    def set_zone(request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE, "")
        if name in _NAMES and not request.path.startswith("/api/"):
            timezone.activate(ZoneInfo(name))
        else:
            # A thread answers one request after the other.
            timezone.deactivate()
        return get_response(request)

    return set_zone
