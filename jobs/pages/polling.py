"""Answers to polls of pages: 304 if nothing has changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers

#: Durations on a page with running jobs grow, so it changes every so many seconds.
_TICK = 5
#: Other pages change with texts such as "3 min ago".
_SLOW_TICK = 60


def version(*parts: object, ticking: bool = False) -> str:
    """A hash that changes with `parts` and with time: every few seconds if `ticking`, else every minute."""
    now = int(time.time() / (_TICK if ticking else _SLOW_TICK))
    return hashlib.sha256(repr((parts, now)).encode()).hexdigest()[:32]


def polled(
    request: HttpRequest, template: str, context: dict[str, Any] | Callable[[], dict[str, Any]], tag: str
) -> HttpResponse:
    """Render a part of a page with `tag` as its ETag, or answer 304 if the browser has that version.

    A `context` that is a function is called only if the part is rendered.
    """
    # Times are rendered in the person's zone.
    zone = hashlib.sha256(timezone.get_current_timezone_name().encode()).hexdigest()[:8]
    etag = f'"{tag}-{zone}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, template, context() if callable(context) else context)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response


def is_poll(request: HttpRequest) -> bool:
    """Whether the request comes from htmx, for a part of the page."""
    return bool(getattr(request, "htmx", False))
