"""Signature Version 2 in URLs, the default of boto3 and the aws CLI for presigned URLs.

See "Signing and authenticating REST requests" in the S3 user guide.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from engine.credentials import Credentials, Key
from engine.errors import ServiceError
from engine.whole_numbers import whole_number
from engine.wire.request import Request, percent_decoded
from engine.wire.signatures import check_token, find_key, signature_mismatch

#: The query parameters that are signed: those that determine the operation. Others are ignored.
_SIGNED_PARAMETERS = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)


@dataclass(frozen=True, slots=True)
class PresignedV2:
    """The signature in a URL. `expires` is in epoch seconds."""

    access_key_id: str
    expires: int
    signature: str


def read_presigned_v2(request: Request) -> PresignedV2 | None:
    """The signature in the request's URL, or None. Raises AccessDenied if it is incomplete."""
    query = dict(request.query_pairs())
    names = ("AWSAccessKeyId", "Expires", "Signature")
    if not any(name in query for name in names):
        return None
    expires = whole_number(query.get("Expires", ""), digits=15)
    if expires is None or not all(query.get(name) for name in names):
        raise ServiceError(
            "AccessDenied",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
            status=403,
        )
    return PresignedV2(query["AWSAccessKeyId"], expires, query["Signature"])


def verify_v2(
    request: Request, signature: PresignedV2, credentials: Credentials, bucket: str
) -> tuple[Key, Request]:
    """Verify the signature; returns the key that signed, and the request with the headers from its URL.

    `bucket` is the bucket in the host name, or empty. Raises InvalidAccessKeyId, AccessDenied (expired),
    InvalidToken or SignatureDoesNotMatch.
    """
    key = find_key(credentials, signature.access_key_id)
    check_token(request, key)
    if time.time() > signature.expires:
        raise ServiceError("AccessDenied", "Request has expired", status=403)
    headers = {**_carried(request), **request.headers}
    for resource in _resources(request, bucket):
        to_sign = _string_to_sign(request, signature, headers, resource)
        digest = hmac.new(key.secret_access_key.encode(), to_sign.encode(), hashlib.sha1).digest()
        if hmac.compare_digest(base64.b64encode(digest), signature.signature.encode()):
            return key, Request(request.method, request.path, request.query, headers, request.body)
    raise signature_mismatch()


def _carried(request: Request) -> dict[str, str]:
    """Headers that the signer put into the URL."""
    return {
        name: value
        for name, value in request.query_pairs()
        if name.startswith("x-amz-") or name in ("content-md5", "content-type")
    }


def _resources(request: Request, bucket: str) -> list[str]:
    """The forms in which the path may be signed: a bucket's also with a slash, which boto3 signs and does not send."""
    resource = f"/{bucket}{request.path}" if bucket else request.path
    return [resource, f"{resource}/"] if resource.count("/") == 1 and resource != "/" else [resource]


def _string_to_sign(
    request: Request, signature: PresignedV2, headers: Mapping[str, str], resource: str
) -> str:
    standard = [headers.get(name, "").strip() for name in ("content-md5", "content-type")]
    amazon = sorted(name for name in headers if name.startswith("x-amz-"))
    custom = [f"{name}:{headers[name].strip()}" for name in amazon]
    if parameters := _signed_parameters(request):
        resource += "?" + "&".join(parameters)
    return "\n".join((request.method, *standard, str(signature.expires), *custom, resource))


def _signed_parameters(request: Request) -> list[str]:
    """The signed parameters as NAME or NAME=VALUE, decoded, sorted by name."""
    pairs = [
        (percent_decoded(name), equals, unquote(value))
        for name, equals, value in (part.partition("=") for part in request.query.split("&"))
    ]
    signed = sorted((pair for pair in pairs if pair[0] in _SIGNED_PARAMETERS), key=lambda pair: pair[0])
    return ["".join(pair) for pair in signed]
