"""S3's REST-XML protocol: converts HTTP requests to an operation's parameters, and its answers to HTTP.

botocore's S3 model says which members are headers, query parameters or XML.
"""

from __future__ import annotations

import functools
import logging
import re
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape

from engine.errors import ServiceError, invalid_argument, not_implemented
from engine.operations import OPERATIONS
from engine.operations.authorization import authorize
from engine.operations.context import Context
from engine.operations.s3_limits import check_supported
from engine.operations.upload_body import UploadBody
from engine.wire.dispatch import run_operation
from engine.wire.request import Request, percent_decoded
from engine.wire.response import Response
from engine.wire.s3_routing import find_operation
from engine.wire.text_values import from_text
from engine.wire.xml import DECLARATION, escape_text, parse_xml, write_content

log = logging.getLogger(__name__)

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

#: Maximum bytes and tags of XML; the 50 tags of a bucket need 300 tags.
_LARGEST_XML = (256 * 1024, 1000)
#: The same for requests with long lists: 1,000 objects, 10,000 parts with checksums.
_LARGER_XML = {
    "DeleteObjectsRequest": (8 * 1024 * 1024, 20_000),
    "CompleteMultipartUploadRequest": (8 * 1024 * 1024, 100_000),
}

#: Root elements by output shape; for other shapes the name is the shape's with Result instead of Output.
_ROOTS = {
    "ListBucketsOutput": "ListAllMyBucketsResult",
    "ListObjectsOutput": "ListBucketResult",
    "ListObjectsV2Output": "ListBucketResult",
    "ListPartsOutput": "ListPartsResult",
    "DeleteObjectsOutput": "DeleteResult",
    "CreateMultipartUploadOutput": "InitiateMultipartUploadResult",
    "GetObjectTaggingOutput": "Tagging",
    "GetBucketVersioningOutput": "VersioningConfiguration",
}


_BUCKET_HOST = re.compile(
    r"([a-z0-9][a-z0-9.-]*)"
    r"\.(?:localhost|s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)(?::\d+)?"
)

_UNPARSED = ("Expires", "ResponseExpires")

#: Headers that count as absent if they are empty: s3fs sends the first. "Client compatibility" in docs/engine.md.
_ABSENT_IF_EMPTY = ("ACL", "StorageClass", "ServerSideEncryption")

#: Headers whose values clients write in small letters too.
_IN_CAPITALS = ("ChecksumMode", "ChecksumAlgorithm")

#: RFC 9110, 13.1.3: "A recipient MUST ignore the If-Modified-Since header field if the received field value is
#: not a valid HTTP-date", and so for If-Unmodified-Since.
_IGNORED_UNLESS_VALID = ("IfModifiedSince", "IfUnmodifiedSince")


@dataclass(frozen=True, slots=True)
class Target:
    """The bucket and key that a request names; empty if it names none."""

    bucket: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class AnswerIds:
    """The two ids of an answer, which S3 sends as headers and repeats in errors."""

    request_id: str = field(default_factory=lambda: secrets.token_hex(8).upper())
    host_id: str = field(default_factory=lambda: b64encode(secrets.token_bytes(56)).decode())

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every answer of S3."""
        return {"x-amz-request-id": self.request_id, "x-amz-id-2": self.host_id, "server": "AmazonS3"}


async def dispatch(ctx: Context, request: Request, body: UploadBody) -> Response:
    """Answer one authenticated S3 request; `body` is its body without transfer coding."""
    ids = AnswerIds()
    try:
        answer = await _answer(ctx, request, body)
    except ServiceError as error:
        return error_response(request, error, ids)
    except Exception:
        log.exception("%s %s failed (request %s)", request.method, request.path, ids.request_id)
        internal_error = ServiceError("InternalError", f"The engine's log has {ids.request_id}.", 500)
        return error_response(request, internal_error, ids)
    return Response(answer.status, {**answer.headers, **ids.headers}, answer.body)


def error_response(request: Request, error: ServiceError, ids: AnswerIds) -> Response:
    """An error as S3's XML; answers to HEAD and with status 304 have no body."""
    fields = {
        "Code": error.code,
        "Message": error.message,
        **error.extra,
        "RequestId": ids.request_id,
        "HostId": ids.host_id,
    }
    content = "".join(f"<{name}>{escape_text(text)}</{name}>" for name, text in fields.items())
    headers = {**error.headers, **ids.headers}
    if request.method == "HEAD" or error.status == 304:
        return Response(error.status, headers)
    body = f"{DECLARATION}<Error>{content}</Error>".encode()
    return Response(error.status, {"content-type": "application/xml", **headers}, body)


async def _answer(ctx: Context, request: Request, body: UploadBody) -> Response:
    target = find_target(request)
    query = dict(request.query_pairs())
    model = find_operation(
        request.method, bucket=bool(target.bucket), key=bool(target.key), query=query, headers=request.headers
    )
    if model is None:
        raise ServiceError(
            "MethodNotAllowed", "The specified method is not allowed against this resource.", 405
        )
    operation = OPERATIONS.get(("s3", model.name))
    if operation is None:
        raise _not_implemented(model.name)
    params = await _params(model, request, target, query, body)
    authorize(ctx, "s3", model.name, params)
    check_supported(params, ctx.config.account_id)
    return serialize(model, await run_operation(ctx, operation, params))


def _not_implemented(operation: str) -> ServiceError:
    error = not_implemented("s3", operation)
    return ServiceError("NotImplemented", error.message, status=501)


def find_target(request: Request) -> Target:
    """The request's bucket and key, in path style or by virtual host (`bucket.localhost`, `bucket.s3.…`)."""
    path = percent_decoded(request.path).removeprefix("/")
    if bucket := host_bucket(request):
        return Target(bucket, path)
    bucket, _, key = path.partition("/")
    return Target(bucket, key)


def host_bucket(request: Request) -> str:
    """The bucket in the request's host name; empty in path style."""
    match = _BUCKET_HOST.fullmatch(request.headers.get("host", ""))
    return match[1] if match else ""


async def _params(
    model: OperationModel, request: Request, target: Target, query: dict[str, str], body: UploadBody
) -> dict[str, Any]:
    shape = model.input_shape
    params: dict[str, Any] = {}
    if shape is None:
        return params
    texts_by_location: dict[str, Mapping[str, str]] = {
        "uri": {"Bucket": target.bucket, "Key": target.key},
        "querystring": query,
        "header": request.headers,
    }
    for name, location, wire_name, member in _located(shape):
        if location == "headers":
            params[name] = _prefixed(request, wire_name)
        elif (text := texts_by_location[location].get(wire_name)) is not None:
            _set(params, name, member, text)
    await _set_payload(params, shape, body)
    _check_required(shape, params)
    return params


def _check_enum(name: str, shape: Shape, text: str) -> None:
    allowed = shape.metadata.get("enum")
    if allowed and text not in allowed:
        message = f"The value {text!r} of {name} is none of {', '.join(allowed)}."
        if name == "StorageClass":
            raise ServiceError("InvalidStorageClass", message)
        raise invalid_argument(message, shape.serialization.get("name", name), text)


@functools.cache
def _located(shape: StructureShape) -> list[tuple[str, str, str, Shape]]:
    """The shape's members outside of the body as (name, location, name on the wire, shape). Cached for speed."""
    located_members = []
    for name, member in shape.members.items():
        if location := member.serialization.get("location"):
            wire_name = member.serialization.get("name", name)
            located_members.append(
                (name, location, wire_name.lower() if "header" in location else wire_name, member)
            )
    return located_members


def _set(params: dict[str, Any], name: str, shape: Shape, text: str) -> None:
    if not text and name in _ABSENT_IF_EMPTY:
        return
    text = text.upper() if name in _IN_CAPITALS else text
    try:
        # S3 stores Expires as text, even if it is not a date.
        params[name] = text if name in _UNPARSED else from_text(shape.type_name, text)
    except ValueError:
        if name in _IGNORED_UNLESS_VALID:
            return
        message = f"{name} is not a valid {shape.type_name}: {text!r}"
        raise invalid_argument(message, shape.serialization.get("name", name), text) from None
    _check_enum(name, shape, text)


async def _set_payload(params: dict[str, Any], shape: StructureShape, body: UploadBody) -> None:
    payload = shape.serialization.get("payload")
    if payload is None:
        return
    member = shape.members[payload]
    if member.type_name == "blob":
        params[payload] = body
        return
    if "ChecksumType" in shape.members:
        # CompleteMultipartUpload: its checksums are those of the object, not of the XML.
        body = replace(body, headers=_without_checksums(body.headers))
    most_bytes, most_tags = _LARGER_XML.get(shape.name, _LARGEST_XML)
    if data := await body.read(most_bytes):
        params[payload] = parse_xml(member, data, most_tags)
    elif payload in shape.required_members:
        raise ServiceError("MissingRequestBodyError", "Request Body is empty")


def _without_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in headers.items() if not name.startswith("x-amz-checksum-")}


def _check_required(shape: StructureShape, params: dict[str, Any]) -> None:
    for name in shape.required_members:
        if name not in params:
            raise ServiceError("InvalidRequest", f"Missing required parameter: {name}")


def _prefixed(request: Request, prefix: str) -> dict[str, str]:
    """The headers that start with `prefix`, without the prefix, such as user metadata."""
    start = prefix.lower()
    return {name[len(start) :]: value for name, value in request.headers.items() if name.startswith(start)}


def serialize(model: OperationModel, result: dict[str, Any]) -> Response:
    """Convert an operation's answer to HTTP. Its `StatusCode` replaces 200; its `Body` is streamed."""
    status = result.pop("StatusCode", 200)
    shape = model.output_shape
    headers: dict[str, str] = {}
    if shape is None:
        return Response(status, headers)
    for name, location, wire_name, member in _located(shape):
        if (value := result.get(name)) is None:
            continue
        if location == "headers":
            headers.update({wire_name + key: text for key, text in value.items()})
        elif location == "header":
            headers[wire_name] = _header_text(member, value)
    payload = shape.serialization.get("payload")
    body: bytes | AsyncIterator[bytes] = b""
    if payload is None:
        if len(_located(shape)) < len(shape.members):
            body = _document(_ROOTS.get(shape.name, shape.name.replace("Output", "Result")), shape, result)
    elif shape.members[payload].type_name == "blob":
        body = result.get(payload, b"")
    else:
        body = _document(payload, shape.members[payload], result[payload])
    # HeadBucket has the type of an answer without having one.
    if shape.name == "HeadBucketOutput" or (isinstance(body, bytes) and body.startswith(b"<?xml")):
        headers["content-type"] = "application/xml"
    return Response(status, headers, body)


def _document(root: str, shape: Shape, value: Any) -> bytes:
    if root == "GetBucketLocationResult":
        # The only answer whose root element is the value itself.
        text = escape_text(value.get("LocationConstraint") or "")
        return f'{DECLARATION}<LocationConstraint xmlns="{NAMESPACE}">{text}</LocationConstraint>'.encode()
    return f'{DECLARATION}<{root} xmlns="{NAMESPACE}">{write_content(shape, value)}</{root}>'.encode()


def _header_text(shape: Shape, value: Any) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp" and not isinstance(value, str):
        return formatdate(value, usegmt=True)
    return str(value)
