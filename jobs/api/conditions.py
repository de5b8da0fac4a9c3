"""ETag, If-None-Match and If-Match: 304 for what the client has, 412 for changes of what it has not seen."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags, quote_etag
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer

_CHANGES = frozenset({"PUT", "PATCH", "DELETE"})
_OF_NOT_MODIFIED = ("ETag", "Vary", "Cache-Control", "RateLimit", "RateLimit-Policy")


class NotAsRead(APIException):
    """The object is not as the client has read it."""

    status_code = 412
    default_detail = "It was changed since it was read. Read it again, and send the change with its new ETag."


def has_condition(request: HttpRequest) -> bool:
    """Whether this is a change that is only to be made to what the client has read."""
    return request.method in _CHANGES and "If-Match" in request.headers


def transaction_for(request: HttpRequest, *, is_local: bool) -> Any:
    """A transaction for the comparison and the change; none for what is not in our database."""
    return transaction.atomic() if is_local and has_condition(request) else nullcontext()


def check(request: HttpRequest, current: Any) -> None:
    """Raise NotAsRead unless `current`, the data of the answer to a GET, has an ETag that the request names."""
    expected = parse_etags(request.headers["If-Match"])
    # If-Match takes strong ETags only (RFC 9110).
    if expected != ["*"] and etag_of(JSONRenderer().render(current)) not in expected:
        raise NotAsRead


def respond(request: HttpRequest, response: HttpResponse) -> HttpResponse | None:
    """The 304 for a client that has the rendered answer already, or None; sets the answer's ETag."""
    if response.streaming or "no-store" in response.headers.get("Cache-Control", ""):
        return None
    etag = etag_of(response.content)
    response.headers["ETag"] = etag
    client_tags = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    if etag not in client_tags:
        return None
    headers = {name: response.headers[name] for name in _OF_NOT_MODIFIED if name in response.headers}
    return HttpResponseNotModified(headers=headers)


def etag_of(content: bytes) -> str:
    """The ETag of an answer."""
    return quote_etag(hashlib.sha256(content).hexdigest()[:32])
