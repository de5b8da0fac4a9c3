"""Error answers to requests that do not reach Django, as JSON for the API and as a page else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from jobs.api.error_shape import error_body
from teams.request_source import HEADER, new_id
from webapp.middleware import POLICY

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<h1>{title}</h1>
<p>{message}</p>
</html>
"""
#: The API's error codes and the pages' titles, by HTTP status.
_NAMES = {
    400: ("bad_request", "This request cannot be read"),
    401: ("not_authenticated", "This request needs a sign-in"),
    408: ("request_timeout", "This request took too long"),
    413: ("content_too_large", "This request is too large"),
    414: ("uri_too_long", "This address is too long"),
    503: ("unavailable", "The service is busy"),
    431: ("header_fields_too_large", "This request's header is too large"),
}


def error_answer(path: str, status: int, message: str) -> tuple[Mapping[str, str], bytes]:
    """Header fields and body of the answer; `path` is the known part of the request's target."""
    code, title = _NAMES[status]
    request_id = new_id()
    headers = {
        "cache-control": "no-store",
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        HEADER.lower(): request_id,
    }
    if path.startswith("/api/"):
        body = json.dumps(error_body(status, code, message, request_id))
        return {**headers, "content-type": "application/json"}, body.encode()
    page = _PAGE.format(title=escape(title), message=escape(message))
    return {**headers, "content-type": "text/html; charset=utf-8"}, page.encode()
