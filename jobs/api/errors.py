"""The errors of the API: what each exception is answered with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import csrf
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from jobs.api.error_shape import error_body
from jobs.api.field_errors import error_text, sentences
from jobs.filtering import FilterError
from jobs.outages import outage_of
from jobs.services.errors import (
    DefaultExists,
    InvalidFields,
    JobsOfOthers,
    NameTaken,
    NoSuchObject,
    NotPossible,
    ObjectExists,
    OlderOutputs,
    OutputsExist,
    Unavailable,
)
from teams import once, request_source

log = structlog.get_logger(__name__)

_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "changed",
    413: "content_too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "internal_error",
    503: "unavailable",
}
#: The status of services' errors whose text is the message. The first class that fits counts.
_SENTENCES: dict[type[Exception], int] = {NoSuchObject: 404, NotPossible: 409, Unavailable: 503}


def body(
    code: int, message: str, fields: Mapping[str, list[str]] | None = None, name: str = "", **more: Any
) -> dict[str, Any]:
    """The error's JSON for an HTTP status, with the code of the status unless it has a `name` of its own."""
    source = request_source.find_current()
    request_id = source.id if source else request_source.new_id()
    return error_body(code, name or _CODES.get(code, "error"), message, request_id, fields, **more)


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler; an unexpected error is logged and answered as a 500 of the same shape."""
    set_rollback()
    if isinstance(
        error,
        NameTaken
        | OutputsExist
        | OlderOutputs
        | DefaultExists
        | JobsOfOthers
        | ObjectExists
        | once.KeyReused
        | once.CutOff
        | once.InProgress,
    ):
        return _conflict(error)
    if isinstance(error, InvalidFields | FilterError):
        return Response(body(400, "Some fields cannot be used.", error.fields, "invalid"), 400)
    for kind, code in _SENTENCES.items():
        if isinstance(error, kind):
            return Response(body(code, str(error)), code)
    if isinstance(error, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return Response(body(413, f"The request's body has more than {most} bytes."), 413)
    if isinstance(error, Http404):
        return Response(body(404, "There is no such object in this team."), 404)
    if isinstance(error, PermissionDenied):
        return Response(body(403, str(error) or "This is not allowed."), 403)
    if isinstance(error, exceptions.ValidationError):
        return Response(body(400, "Some fields cannot be used.", sentences(error.detail), "invalid"), 400)
    if isinstance(error, exceptions.APIException):
        return Response(
            body(error.status_code, error_text(error.detail)), error.status_code, headers=_headers(error)
        )
    return _failed(error, context["request"].path)


def refusal(error: Exception) -> tuple[int, dict[str, Any]]:
    """The status and the error that a service's error has among several outcomes in one answer."""
    answer = handle(error, {})
    return answer.status_code, answer.data["error"]


def _failed(error: Exception, path: str) -> Response:
    """The answer to an outage or an unexpected error."""
    if outage := outage_of(error):
        log.warning("outage", path=path, error=str(error))
        return Response(body(503, outage.sentence), 503, headers={"Retry-After": str(outage.retry_after)})
    log.exception("api_error", path=path)
    return Response(body(500, "Something went wrong on our side; it was logged."), 500)


def _conflict(
    error: NameTaken
    | OutputsExist
    | OlderOutputs
    | DefaultExists
    | JobsOfOthers
    | ObjectExists
    | once.KeyReused
    | once.CutOff
    | once.InProgress,
) -> Response:
    """The answer to a well-formed request that is not possible now, with the facts as members for programs."""
    if isinstance(error, NameTaken):
        return Response(body(409, "The name is taken.", error.fields, "name_taken", job=error.key), 409)
    if isinstance(error, DefaultExists):
        return Response(body(409, str(error), name="default_exists", preset=error.preset), 409)
    if isinstance(error, JobsOfOthers):
        return Response(body(409, str(error), name="jobs_of_others", jobs=error.count), 409)
    if isinstance(error, OlderOutputs):
        return Response(body(409, str(error), name="outputs_exist", outputs=error.count), 409)
    if isinstance(error, OutputsExist):
        answer = body(409, str(error), name="outputs_exist", outputs=error.count, output_path=error.instead)
        return Response(answer, 409)
    if isinstance(error, ObjectExists):
        modified = error.modified.isoformat() if error.modified else None
        answer = body(409, str(error), name="object_exists", size=error.size, modified=modified)
        return Response(answer, 409)
    if isinstance(error, once.KeyReused):
        return Response(body(409, str(error), name="key_reused"), 409)
    if isinstance(error, once.InProgress):
        return Response(body(409, str(error), name="in_progress"), 409, headers={"Retry-After": "1"})
    job = error.act.object_id if error.act and error.act.object_kind == "transformjob" else None
    return Response(body(409, str(error), name="cut_off", job=job), 409)


def not_found(request: HttpRequest, *_: Any, **__: Any) -> JsonResponse:
    """The 404 for unknown addresses below /api/."""
    why = (
        "/api/v1/docs/ lists what there is" if request.path.endswith("/") else "every address ends in a slash"
    )
    return JsonResponse(
        body(status.HTTP_404_NOT_FOUND, f"There is nothing at {request.path}; {why}."), status=404
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF failure view; below /api/ no view checks a token, so there it is a 404."""
    return not_found(request) if request.path.startswith("/api/") else csrf.csrf_failure(request, reason)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers
