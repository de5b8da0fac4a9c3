"""The engine's ASGI application: finds the request's signature and AWS service, and sends the answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import replace
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.runtimes.processing import PACKAGES
from engine.wire import (
    abilities,
    cbor_protocol,
    json_protocol,
    package_index,
    query_protocol,
    rest_json_protocol,
    s3_entry,
    s3_protocol,
)
from engine.wire.dispatch import SERVICES
from engine.wire.request import Request
from engine.wire.request_body import Receive, read_body
from engine.wire.response import Response
from engine.wire.signatures import Signature, find_key, read_signature, verify

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEALTH = "/_engine/health"

#: Bytes of the address that the answer to a refused request repeats.
_REPEATED_ADDRESS_BYTES = 1024

#: botocore's names of services that have another name in signatures.
_SIGNED_AS = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}

#: Services that have one protocol other than JSON, in botocore's names.
_QUERY_SERVICES = frozenset({"sts", "cloudformation"})
_REST_JSON_SERVICES = frozenset({"scheduler"})

_SERVICE_OF_SCOPE = re.compile(r"/([a-z0-9-]+)/aws4_request")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

#: The JSON and query services' code and message for S3's error codes of a bad signature.
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

#: The query services' codes where they are other ones.
_QUERY_CODES = {
    "InvalidAccessKeyId": "InvalidClientTokenId",
    "InvalidToken": "InvalidClientTokenId",
    "RequestTimeTooSkewed": "SignatureDoesNotMatch",
    "AuthorizationHeaderMalformed": "IncompleteSignature",
    "SignatureDoesNotMatch": "SignatureDoesNotMatch",
}

#: Error codes, by HTTP status, of requests that are refused before they are complete.
_EARLY_CODES = {
    400: "BadRequest",
    408: "RequestTimeout",
    414: "URITooLong",
    431: "RequestHeaderSectionTooLarge",
}


class App:
    """The ASGI application of the engine."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        assert scope["type"] == "http"
        incoming = _Incoming(receive)
        request = _read_scope(scope, incoming)
        response = await self._answer(request)
        if response.status >= 400 and incoming.is_untouched and "expect" in request.headers:
            # The client waits for a word before it sends the body: the answer is that word.
            response = replace(response, headers={**response.headers, "connection": "close"})
        elif response.status >= 400:
            await request.drain()
        await _send(response, send, head=request.method == "HEAD")

    async def _answer(self, request: Request) -> Response:
        if request.path == HEALTH:
            health = {"status": "ok", "confinement_gaps": self._ctx.confinement_gaps}
            return Response(200, {"content-type": "application/json"}, json.dumps(health).encode())
        if request.path.startswith(PACKAGES) and request.method == "GET":
            return await package_index.answer(request, self._ctx.credentials)
        if request.path == abilities.PATH and request.method == "POST":
            return await abilities.answer(request, self._ctx.runner)
        signature = None
        try:
            signature = read_signature(request)
            response = await self._dispatch(request, signature)
        except ServiceError as error:
            refusal = _refusal(request, signature, error)
            response = replace(refusal, headers={**refusal.headers, **error.headers})
        return response

    async def _dispatch(self, request: Request, signature: Signature | None) -> Response:
        if signature is None and "x-amz-target" in request.headers:
            raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if signature is None and _is_query_call(request):
            raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        if signature is None or signature.service == "s3":
            return await s3_entry.answer(self._ctx, request, signature)
        return await self._answer_service(request, signature)

    async def _answer_service(self, request: Request, signature: Signature) -> Response:
        # Checked before the body is read, so that bodies of strangers are not held in memory.
        find_key(self._ctx.credentials, signature.access_key_id)
        body = await request.read(json_protocol.MAX_BODY)
        verified = verify(request, signature, self._ctx.credentials, hashlib.sha256(body).hexdigest())
        ctx = replace(self._ctx, caller=verified.key)
        service = _SIGNED_AS.get(signature.service, signature.service)
        if service in SERVICES and _speaks_cbor(request):
            return await cbor_protocol.dispatch(ctx, service, request.path, body)
        if service in SERVICES and _speaks_query(request, service):
            return await query_protocol.dispatch(ctx, service, request.query, body)
        if service in _REST_JSON_SERVICES:
            return await rest_json_protocol.dispatch(ctx, service, request, body)
        if service in SERVICES:
            return await json_protocol.dispatch(ctx, service, request.headers, body)
        if service == "iam":
            # The SDK 3 asks IAM whether a role may run a pipeline; after this answer it goes on with the role.
            message = "The embedded engine has no IAM: it needs no roles, and accepts any."
            raise ServiceError("AccessDenied", message, 403)
        raise ServiceError(
            "NotImplementedException",
            f"The embedded engine has no service {signature.service!r}; it has s3, {', '.join(SERVICES)}.",
            status=501,
        )


class _Incoming:
    """The messages of a request. Asking for the first one tells a client that waits (Expect) to send its body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_untouched = True

    async def __call__(self) -> MutableMapping[str, Any]:
        self.is_untouched = False
        return await self._receive()


def early_refusal(
    address: bytes, fields: Iterable[tuple[bytes, bytes]], status: int, message: str
) -> Response:
    """The answer to a request that is refused before it is complete.

    `address` is its target and `fields` are its header fields, as far as they have arrived.
    """
    path, _, query = address[:_REPEATED_ADDRESS_BYTES].decode("latin-1").partition("?")
    request = Request("GET", path, query, _headers(fields), _nothing())
    try:
        signature = read_signature(request)
    except ServiceError:
        signature = None
    return _refusal(request, signature, ServiceError(_EARLY_CODES[status], message, status))


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _read_scope(scope: Scope, receive: Receive) -> Request:
    path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        path=path.decode("latin-1").partition("?")[0],
        query=scope["query_string"].decode("latin-1"),
        headers=_headers(scope["headers"]),
        body=read_body(receive),
    )


def _headers(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in fields:
        text = value.decode("latin-1")
        lower = name.decode("latin-1").lower()
        headers[lower] = f"{headers[lower]},{text}" if lower in headers else text
    return headers


def _refusal(request: Request, signature: Signature | None, error: ServiceError) -> Response:
    """An error from outside of an operation, in the protocol of the request."""
    scope_service = signature.service if signature else _service_of_scope(request)
    if not scope_service and _is_query_call(request):
        return query_protocol.error_response("sts", error, str(uuid.uuid4()))
    if (scope_service or "s3") == "s3" and (signature or "x-amz-target" not in request.headers):
        return s3_protocol.error_response(request, error, s3_protocol.AnswerIds())
    code, message = _JSON_CODES.get(error.code, (error.code, error.message))
    translated = ServiceError(code, message, status=403 if error.code in _JSON_CODES else error.status)
    service = _SIGNED_AS.get(scope_service, scope_service)
    request_id = str(uuid.uuid4())
    if _speaks_cbor(request):
        return cbor_protocol.error_response(translated, request_id)
    if _speaks_query(request, service):
        named = ServiceError(_QUERY_CODES.get(error.code, code), message, translated.status)
        return query_protocol.error_response(service, named, request_id)
    if service in _REST_JSON_SERVICES:
        return rest_json_protocol.error_response(translated, request_id)
    return json_protocol.error_response(translated, request_id)


def _service_of_scope(request: Request) -> str:
    """The service in a header that is no right signature; empty if it names none."""
    match = _SERVICE_OF_SCOPE.search(request.headers.get("authorization", ""))
    return match[1] if match else ""


def _speaks_cbor(request: Request) -> bool:
    return request.headers.get(cbor_protocol.HEADER) == cbor_protocol.VALUE


def _is_query_call(request: Request) -> bool:
    """Whether a request without a signature is one of STS, as far as its head tells: S3 has no such request."""
    form = request.headers.get("content-type", "").startswith(query_protocol.CONTENT_TYPE)
    # As they are written: an address that cannot be decoded is refused in S3's form.
    names = {part.partition("=")[0] for part in request.query.split("&")}
    return request.path == "/" and ((form and request.method == "POST") or {"Action", "Version"} <= names)


def _speaks_query(request: Request, service: str) -> bool:
    """Whether it is a request of the query protocol: some services have no other; of others it is a form."""
    form = request.headers.get("content-type", "").startswith(query_protocol.CONTENT_TYPE)
    return service in _QUERY_SERVICES or (form and (service == "cloudwatch" or service not in SERVICES))


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
        # `send` waits only for slow clients; other requests need a turn in any case.
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


def _header_bytes(value: str) -> bytes:
    """Encode a header value: as Latin-1 if possible, else as UTF-8; control characters become blanks."""
    text = _CONTROL.sub(" ", value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
