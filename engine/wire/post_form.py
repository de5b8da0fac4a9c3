"""Uploads by HTML forms: the form has a signed policy, and its file is stored by PutObject.

"POST Object" in the S3 API reference describes the fields.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from engine.credentials import Key
from engine.errors import ServiceError, invalid_argument
from engine.operations.context import Context
from engine.operations.upload_body import UploadBody
from engine.wire import s3_protocol
from engine.wire.form_data import FormData
from engine.wire.post_policy import Policy, check_policy
from engine.wire.request import Request
from engine.wire.response import Response
from engine.wire.signatures import (
    check_token_text,
    find_key,
    form_signature,
    policy_signature,
    signature_mismatch,
)
from engine.wire.xml import DECLARATION, escape_text

#: Fields that become headers of PutObject. Other fields must not, or a form could turn into a copy.
_HEADERS = ("cache-control", "content-type", "content-disposition", "content-encoding", "expires")
_HEADER_PREFIXES = ("x-amz-meta-", "x-amz-checksum-", "x-amz-storage-class", "x-amz-server-side-encryption")


def is_form(request: Request) -> bool:
    """Whether the request is a form upload."""
    return request.method == "POST" and request.headers.get("content-type", "").lower().startswith(
        "multipart/form-data"
    )


async def answer(ctx: Context, request: Request) -> Response:
    """Store the file of a form. Raises ServiceError if its policy or signature is not valid."""
    target = s3_protocol.find_target(request)
    if target.key or not target.bucket:
        raise ServiceError("MethodNotAllowed", "A form is posted to a bucket.", status=405)
    form = FormData(request.headers["content-type"], request.body)
    fields = await form.fields()
    if "key" not in fields:
        raise _missing_field("key")
    if "policy" not in fields:
        raise ServiceError("AccessDenied", "Access Denied", status=403)
    key = _verify(ctx, fields)
    # The policy is about the key that the object gets.
    name = fields["key"].replace("${filename}", form.filename)
    policy = check_policy(fields["policy"], {**fields, "key": name, "bucket": target.bucket})
    if not name:
        raise invalid_argument("User key must have a length greater than 0.", "key", "")
    path = f"/{target.bucket}/{quote(name, safe='/')}"
    headers = {field: value for field, value in fields.items() if _is_header(field)}
    put = Request("PUT", path, "", {**headers, "host": ""}, request.body)
    body = UploadBody(_sized(form.file(), policy), headers)
    stored = await s3_protocol.dispatch(replace(ctx, caller=key), put, body)
    if stored.status != 200:
        return stored
    return _success(fields, target.bucket, name, stored, f"{_origin(request)}{path}")


def _verify(ctx: Context, fields: Mapping[str, str]) -> Key:
    if "x-amz-signature" in fields:
        signature = form_signature(fields)
        key = find_key(ctx.credentials, signature.access_key_id)
        expected_signature = policy_signature(key, signature, fields["policy"])
        sent_signature = signature.signature
    else:
        for field in ("AWSAccessKeyId", "signature"):
            if field.lower() not in fields:
                raise _missing_field(field)
        key = find_key(ctx.credentials, fields["awsaccesskeyid"])
        digest = hmac.new(key.secret_access_key.encode(), fields["policy"].encode(), hashlib.sha1).digest()
        expected_signature, sent_signature = base64.b64encode(digest).decode(), fields["signature"]
    check_token_text(key, fields.get("x-amz-security-token"))
    if not hmac.compare_digest(expected_signature.encode(), sent_signature.encode()):
        raise signature_mismatch()
    return key


def _missing_field(name: str) -> ServiceError:
    return invalid_argument(
        f"Bucket POST must contain a field named '{name}'.  "
        "If it is specified, please check the order of the fields.",
        name,
        "",
    )


def _is_header(field: str) -> bool:
    return field in _HEADERS or field.startswith(_HEADER_PREFIXES)


async def _sized(file: AsyncIterator[bytes], policy: Policy) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in file:
        size += len(chunk)
        if policy.most is not None and size > policy.most:
            policy.check_size(size)
        yield chunk
    policy.check_size(size)


def _origin(request: Request) -> str:
    return f"http://{request.headers.get('host', '')}"


def _success(fields: Mapping[str, str], bucket: str, key: str, stored: Response, location: str) -> Response:
    etag = stored.headers["etag"]
    headers = {"etag": etag, "location": location}
    redirect = urlsplit(fields.get("success_action_redirect", ""))
    if redirect.scheme in ("http", "https") and redirect.netloc:
        query = [*parse_qsl(redirect.query), ("bucket", bucket), ("key", key), ("etag", etag)]
        return Response(303, {**headers, "location": urlunsplit(redirect._replace(query=urlencode(query)))})
    if fields.get("success_action_status") == "201":
        values = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
        content = "".join(f"<{name}>{escape_text(value)}</{name}>" for name, value in values.items())
        body = f"{DECLARATION}<PostResponse>{content}</PostResponse>".encode()
        return Response(201, {**headers, "content-type": "application/xml"}, body)
    return Response(200 if fields.get("success_action_status") == "200" else 204, headers)
