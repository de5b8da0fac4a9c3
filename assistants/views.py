"""`POST /mcp`: one JSON-RPC message in, one answer out, nothing kept in between."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from assistants import methods, protocol
from assistants.protocol import RpcError
from assistants.tool import Caller
from jobs.api.authentication import BearerAuthentication
from jobs.api.views.base import ByAcceptHeader
from teams.tokens import Bearer


class TokenOnly(BasePermission):
    """A token, whatever its role: each tool has its own. A browser's session is no way in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether there is a token."""
        return isinstance(request.auth, Bearer)


class OwnOrigin(BasePermission):
    """No page of another site, which could reach this service by a name that was bound to its address."""

    message = "Requests of pages of another origin are refused."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether there is no Origin, or it is this service."""
        origin = request.headers.get("Origin")
        if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
            return True
        parts = urlsplit(origin)
        return parts.scheme == request.scheme and parts.netloc == request.get_host()


class Mcp(APIView):
    """The Model Context Protocol for assistants, by the same tokens as the API."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [OwnOrigin, TokenOnly]
    content_negotiation_class = ByAcceptHeader
    schema = None

    def post(self, request: Request) -> HttpResponseBase:
        """Answer a request, or accept a notification, of which none has an effect."""
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMediaType(kind)
        request_id: object = None
        is_current = "MCP-Protocol-Version" in request.headers
        try:
            body = _json(request)
            request_id = body.get("id") if isinstance(body, dict) else None
            message = protocol.read_request(body, request.headers)
            is_current = message.is_current
            if message.request_id is None:
                return HttpResponse(status=202)
            bearer = request.auth
            assert isinstance(bearer, Bearer), "TokenOnly lets nobody else in"
            result = methods.answer(message, Caller(bearer.member, bearer.token, request))
        except RpcError as error:
            # Clients of earlier versions expect 200 for whatever a method says.
            status = error.status if is_current or error.code in _OF_MESSAGES else 200
            return _answer(error.body(request_id if isinstance(request_id, str | int) else None), status)
        return _answer({"jsonrpc": "2.0", "id": message.request_id, "result": result}, 200)


#: Errors of a message itself, which are 400 in all versions.
_OF_MESSAGES = (protocol.PARSE_ERROR, protocol.INVALID_REQUEST)


def _json(request: Request) -> Any:
    try:
        return json.loads(request._request.body)
    except (ValueError, RecursionError) as error:
        raise RpcError(protocol.PARSE_ERROR, "The body is no JSON.") from error


def _answer(body: dict[str, Any], status: int) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response
