"""The answer to an unexpected error: 503 with a sentence if the database is the reason, else 500."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error

from jobs.api.errors import body
from jobs.outages import Outage, outage_of


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the error is being handled."""
    outage = outage_of(sys.exc_info()[1])
    is_api = request.path.startswith("/api/")
    if outage is not None:
        return _unavailable(outage, is_api=is_api)
    if is_api:
        return JsonResponse(body(500, "Something went wrong on our side; it was logged."), status=500)
    return server_error(request)


def _unavailable(outage: Outage, *, is_api: bool) -> HttpResponse:
    headers = {"Retry-After": str(outage.retry_after)}
    if is_api:
        return JsonResponse(body(503, outage.sentence), status=503, headers=headers)
    # Without the request: who is signed in stands in the database.
    page = render_to_string("503.html", {"sentence": outage.sentence})
    return HttpResponse(page, status=503, headers=headers)
