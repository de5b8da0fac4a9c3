"""The Idempotency-Key header: a repeated request with the same key gets the first request's answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.views.base import TeamView
from teams import once

HEADER = "Idempotency-Key"
_PARAMETER = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Up to 255 characters. A request that is sent again with its key is answered as the first time.",
)
#: Seconds that a request waits for the answer of the first one with its key.
PATIENCE = 5.0
_LONGEST = 255

_View = TypeVar("_View", bound=TeamView)
_P = ParamSpec("_P")
_Handler = Callable[Concatenate[_View, Request, _P], Response]


def keyed(handler: _Handler[_View, _P]) -> _Handler[_View, _P]:
    """Decorate a handler: a request with the header is performed once, and its answer is repeated for 24 hours."""

    @extend_schema(parameters=[_PARAMETER])
    @wraps(handler)
    def respond(view: _View, request: Request, /, *args: _P.args, **kwargs: _P.kwargs) -> Response:
        act = partial(handler, view, request, *args, **kwargs)
        if HEADER not in request.headers:
            return act()
        outcome = once.perform(_sent(view, request), act, _stored, patience=PATIENCE)
        return _repeated(outcome.answer) if isinstance(outcome, once.Repeated) else outcome

    return respond


def _sent(view: TeamView, request: Request) -> once.Sent:
    key = request.headers[HEADER]
    if not (0 < len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise ParseError(f"{HEADER} must be 1 to {_LONGEST} printable ASCII characters.")
    text = json.dumps([request.method, request.get_full_path(), request.data], sort_keys=True)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    return once.Sent(view.member.team, view.member.user, key, fingerprint)


def _stored(response: Response) -> once.Answer:
    body = json.loads(JSONRenderer().render(getattr(response, "repeated_data", response.data)))
    headers = {name: response.headers[name] for name in ("Location",) if name in response.headers}
    return {"status": response.status_code, "body": body, "headers": headers}


def _repeated(answer: once.Answer) -> Response:
    headers = {**answer["headers"], "Idempotent-Replayed": "true"}
    return Response(answer["body"], answer["status"], headers=headers)
