"""Authentication of S3 requests: a signed header, a presigned URL of version 2 or 4, or a signed form."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.errors import ServiceError, invalid_argument
from engine.operations.context import Context
from engine.operations.upload_body import UploadBody
from engine.whole_numbers import whole_number
from engine.wire import post_form, s3_protocol
from engine.wire.aws_chunked import ChunkedBody
from engine.wire.request import Request
from engine.wire.response import Response
from engine.wire.signature_v2 import read_presigned_v2, verify_v2
from engine.wire.signatures import UNSIGNED, Signature, verify

_STREAMING = (
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


async def answer(ctx: Context, request: Request, signature: Signature | None) -> Response:
    """Answer one S3 request; `signature` is its version 4 signature, if any.

    Raises ServiceError if the request is not authenticated.
    """
    if signature is not None:
        return await _version_4(ctx, request, signature)
    if presigned := read_presigned_v2(request):
        bucket = s3_protocol.host_bucket(request)
        key, request = verify_v2(request, presigned, ctx.credentials, bucket)
        body = _plain_body(request, request.headers.get("x-amz-content-sha256", UNSIGNED))
        return await s3_protocol.dispatch(replace(ctx, caller=key), request, body)
    if post_form.is_form(request):
        return await post_form.answer(ctx, request)
    raise ServiceError("AccessDenied", "Access Denied", status=403)


async def _version_4(ctx: Context, request: Request, signature: Signature) -> Response:
    presigned = signature.presigned_seconds is not None
    payload_hash = request.headers.get("x-amz-content-sha256") or (UNSIGNED if presigned else "")
    _check_payload_hash(payload_hash)
    verified = verify(request, signature, ctx.credentials, UNSIGNED if presigned else payload_hash)
    if payload_hash in _STREAMING:
        chunked = ChunkedBody(request.body, replace(verified, payload_hash=payload_hash))
        length = _length(request, "x-amz-decoded-content-length")
        body = UploadBody(aiter(chunked), request.headers, length, None, chunked.trailers)
    else:
        body = _plain_body(request, payload_hash)
    return await s3_protocol.dispatch(replace(ctx, caller=verified.key), request, body)


def _plain_body(request: Request, payload_hash: str) -> UploadBody:
    _check_payload_hash(payload_hash)
    sha256 = payload_hash if _SHA256.fullmatch(payload_hash) else None
    return UploadBody(request.body, request.headers, _length(request, "content-length"), sha256)


def _check_payload_hash(text: str) -> None:
    if text != UNSIGNED and text not in _STREAMING and not _SHA256.fullmatch(text):
        message = (
            f"x-amz-content-sha256 must be {UNSIGNED}, {', '.join(_STREAMING)}, or a valid sha256 value."
        )
        raise invalid_argument(message, "x-amz-content-sha256", text)


def _length(request: Request, header: str) -> int | None:
    text = request.headers.get(header)
    if text is None:
        return None
    length = whole_number(text)
    if length is None:
        raise invalid_argument(f"{header} is no number of bytes: {text!r}", header, text)
    return length
