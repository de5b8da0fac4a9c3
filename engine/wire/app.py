"""The engine's front door, an ASGI application: who is asking, which AWS service is meant, and the answer."""

from __future__ import annotations

import hashlib
import logging
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.upload_body import UploadBody
from engine.wire import json_protocol, query_protocol, s3_protocol
from engine.wire.aws_chunked import ChunkedBody
from engine.wire.request import Request
from engine.wire.response import Response
from engine.wire.signatures import UNSIGNED, Signature, Verified, read_signature, verify

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEALTH = "/_engine/health"

#: How much of a refused upload is read and dropped so that its connection can be used again.
_DRAIN_LIMIT = 8 * 1024 * 1024

#: S3's error codes of a bad signature, in the words of the JSON and query services.
_JSON_CODES = {
    "InvalidAccessKeyId": (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    "InvalidToken": ("UnrecognizedClientException", "The security token included in the request is invalid."),
    "RequestTimeTooSkewed": ("InvalidSignatureException", "Signature expired or not yet current."),
    "AuthorizationHeaderMalformed": (
        "IncompleteSignatureException",
        "The Authorization header must have Credential, SignedHeaders and Signature, and X-Amz-Date.",
    ),
    "SignatureDoesNotMatch": (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    ),
}


class App:
    """The ASGI application."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        assert scope["type"] == "http"
        request = _read_scope(scope, receive)
        response = await self._answer(request)
        await _send(response, send, head=request.method == "HEAD")

    async def _answer(self, request: Request) -> Response:
        if request.path == HEALTH:
            return Response(200, {"content-type": "application/json"}, b'{"status": "ok"}')
        try:
            signature = read_signature(request)
        except ServiceError as error:
            return _refusal(request, None, error)
        if signature is None:
            return _refusal(request, None, _unsigned(request))
        try:
            if signature.service == "s3":
                return await self._s3(request, signature)
            return await self._other(request, signature)
        except ServiceError as error:
            await _drain(request)
            return _refusal(request, signature, error)

    async def _s3(self, request: Request, signature: Signature) -> Response:
        presigned = signature.presigned_seconds is not None
        payload_hash = request.headers.get("x-amz-content-sha256") or (UNSIGNED if presigned else "")
        verified = verify(request, signature, self._ctx.credentials, UNSIGNED if presigned else payload_hash)
        body = _upload_body(request, replace(verified, payload_hash=payload_hash))
        response = await s3_protocol.dispatch(replace(self._ctx, caller=verified.key), request, body)
        if response.status >= 400:
            await _drain(request)
        return response

    async def _other(self, request: Request, signature: Signature) -> Response:
        body = await request.read(json_protocol.MAX_BODY)
        verified = verify(request, signature, self._ctx.credentials, hashlib.sha256(body).hexdigest())
        ctx = replace(self._ctx, caller=verified.key)
        if signature.service in json_protocol.SERVICES:
            return await json_protocol.dispatch(ctx, signature.service, request.headers, body)
        if signature.service == "sts":
            return query_protocol.dispatch(ctx, "sts", request.query, body)
        raise ServiceError(
            "NotImplementedException",
            f"The embedded engine has no service {signature.service!r}; it has s3, sagemaker, logs and sts.",
            status=501,
        )


def _read_scope(scope: Scope, receive: Receive) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        lower = name.decode("latin-1").lower()
        headers[lower] = f"{headers[lower]},{text}" if lower in headers else text
    path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        path=path.decode("latin-1").partition("?")[0],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=_body(receive),
    )


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ServiceError("IncompleteBody", "The client went away before its request was complete.")
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body", False):
            return


def _upload_body(request: Request, verified: Verified) -> UploadBody:
    headers = request.headers
    if verified.payload_hash.startswith("STREAMING-"):
        chunked = ChunkedBody(request.body, verified)
        length = _length(headers.get("x-amz-decoded-content-length"))
        return UploadBody(aiter(chunked), headers, length, None, chunked.trailers)
    sha256 = verified.payload_hash if len(verified.payload_hash) == 64 else None
    return UploadBody(request.body, headers, _length(headers.get("content-length")), sha256)


def _length(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None


def _unsigned(request: Request) -> ServiceError:
    if "x-amz-target" in request.headers:
        return ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", status=403)
    return ServiceError("AccessDenied", "Access Denied", status=403)


def _refusal(request: Request, signature: Signature | None, error: ServiceError) -> Response:
    """An error from before an operation was reached, in the form its caller can read."""
    json_service = signature.service != "s3" if signature else "x-amz-target" in request.headers
    if not json_service:
        response = s3_protocol.error_response(request, error)
        return Response(
            response.status, {**response.headers, "x-amz-request-id": secrets.token_hex(8)}, response.body
        )
    code, message = _JSON_CODES.get(error.code, (error.code, error.message))
    translated = ServiceError(code, message, status=403 if error.code in _JSON_CODES else error.status)
    if signature is not None and signature.service == "sts":
        return query_protocol.error_response(translated, str(uuid.uuid4()))
    return json_protocol.error_response(translated, str(uuid.uuid4()))


async def _drain(request: Request) -> None:
    """Read what is left of a request that was refused, within bounds: a reset would hide the answer."""
    left = _DRAIN_LIMIT
    try:
        async for chunk in request.body:
            left -= len(chunk)
            if left < 0:
                return
    except ServiceError:
        return


async def _send(response: Response, send: Send, *, head: bool) -> None:
    headers = dict(response.headers)
    if isinstance(response.body, bytes) and not head:
        headers["content-length"] = str(len(response.body))
    raw = [(name.lower().encode("latin-1"), _header_bytes(value)) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    if isinstance(response.body, bytes):
        await send({"type": "http.response.body", "body": b"" if head else response.body})
        return
    async for chunk in response.body:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _header_bytes(value: str) -> bytes:
    """Header text as it travels: metadata that is not Latin-1 goes as UTF-8; line ends cannot get in."""
    text = value.replace("\r", " ").replace("\n", " ")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
