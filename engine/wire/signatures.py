"""Verification of Signature Version 4.

See "AWS Signature Version 4 for API requests" in the IAM user guide, and the S3 API reference for presigned URLs
and S3's payload words.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from engine.credentials import Credentials, Key
from engine.errors import ServiceError, invalid_argument
from engine.whole_numbers import whole_number
from engine.wire.request import Request, percent_decoded

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_SKEW = 15 * 60
_LONGEST_PRESIGNED = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature in the Authorization header, a presigned URL or a form."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    presigned_seconds: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope in the string to sign."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request with a valid signature: the key that signed it, and what is needed to verify its chunks."""

    key: Key
    signature: Signature
    signing_key: bytes
    payload_hash: str


def read_signature(request: Request) -> Signature | None:
    """The request's version 4 signature, or None. Raises ServiceError if it is malformed."""
    header = request.headers.get("authorization")
    if header:
        return _from_header(header, request.headers.get("x-amz-date") or request.headers.get("date", ""))
    query = dict(request.query_pairs())
    return _from_query(query) if "X-Amz-Signature" in query else None


def verify(
    request: Request, signature: Signature, credentials: Credentials, payload_hash: str
) -> VerifiedRequest:
    """Verify key, time and signature. `payload_hash` is the hex digest or word that the client signed.

    Raises InvalidAccessKeyId, InvalidToken, RequestTimeTooSkewed, AccessDenied (expired) or SignatureDoesNotMatch,
    which the caller translates for services other than S3.
    """
    key = find_key(credentials, signature.access_key_id)
    check_token(request, key)
    _check_clock(signature)
    _check_signed_headers(request, signature)
    signing_key = _signing_key(key.secret_access_key, signature)
    for path in _canonical_paths(request, signature):
        canonical = _canonical_request(request, signature, path, payload_hash)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = "\n".join((ALGORITHM, signature.timestamp, signature.scope, digest))
        if hmac.compare_digest(_sign(signing_key, to_sign).hex().encode(), signature.signature.encode()):
            return VerifiedRequest(key, signature, signing_key, payload_hash)
    raise signature_mismatch()


def find_key(credentials: Credentials, access_key_id: str) -> Key:
    """The key with that id. Raises InvalidAccessKeyId."""
    key = credentials.find(access_key_id)
    if key is None:
        raise ServiceError(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            status=403,
            extra={"AWSAccessKeyId": access_key_id},
        )
    return key


def signature_mismatch() -> ServiceError:
    """S3's error for a wrong signature."""
    return ServiceError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        status=403,
    )


def policy_signature(key: Key, signature: Signature, policy: str) -> str:
    """The signature of a POST form's policy, whose Base64 text is signed."""
    return _sign(_signing_key(key.secret_access_key, signature), policy).hex()


def chunk_signature(verified: VerifiedRequest, previous: str, kind: str, sha256: str) -> str:
    """The signature of an aws-chunked chunk (`kind` PAYLOAD) or of the trailers (`kind` TRAILER)."""
    parts = [f"{ALGORITHM}-{kind}", verified.signature.timestamp, verified.signature.scope, previous]
    if kind == "PAYLOAD":
        parts.append(EMPTY_SHA256)
    parts.append(sha256)
    return _sign(verified.signing_key, "\n".join(parts)).hex()


def _from_header(header: str, timestamp: str) -> Signature:
    algorithm, _, parameters = header.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in parameters.split(","))
    credential = fields.get("Credential", "").split("/")
    if algorithm == "AWS":
        raise ServiceError(
            "InvalidRequest",
            f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
        )
    required_fields = {"Credential", "SignedHeaders", "Signature"}
    if (
        algorithm != ALGORITHM
        or not required_fields.issubset(fields)
        or len(credential) != 5
        or not timestamp
    ):
        raise ServiceError("AuthorizationHeaderMalformed", "The authorization header is malformed.")
    access_key_id, date, region, service, _ = credential
    signed = tuple(fields["SignedHeaders"].split(";"))
    return Signature(access_key_id, date, region, service, signed, fields["Signature"], timestamp)


def _from_query(query: Mapping[str, str]) -> Signature:
    credential = query.get("X-Amz-Credential", "").split("/")
    seconds = whole_number(query.get("X-Amz-Expires", ""), digits=9)
    complete = {"X-Amz-Date", "X-Amz-SignedHeaders"}.issubset(query) and len(credential) == 5
    if (
        query.get("X-Amz-Algorithm") != ALGORITHM
        or not complete
        or seconds is None
        or seconds > _LONGEST_PRESIGNED
    ):
        raise ServiceError(
            "AuthorizationQueryParametersError",
            "X-Amz-Algorithm, X-Amz-Credential, X-Amz-Date, X-Amz-SignedHeaders and X-Amz-Expires "
            f"(0 to {_LONGEST_PRESIGNED} seconds) are all needed in a presigned URL.",
        )
    access_key_id, date, region, service, _ = credential
    signed = tuple(query["X-Amz-SignedHeaders"].split(";"))
    return Signature(
        access_key_id,
        date,
        region,
        service,
        signed,
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        seconds,
    )


def check_token(request: Request, key: Key) -> None:
    """Raises InvalidToken if the key has a session token and the request lacks it."""
    token_parameters = ("X-Amz-Security-Token", "x-amz-security-token")
    query = dict(request.query_pairs())
    in_query = next((query[name] for name in token_parameters if name in query), None)
    check_token_text(key, request.headers.get("x-amz-security-token") or in_query)


def check_token_text(key: Key, sent_token: str | None) -> None:
    """Raises InvalidToken if the key has a session token other than `sent_token`."""
    if key.token is None:
        return
    if not sent_token or not hmac.compare_digest(sent_token.encode(), key.token.encode()):
        raise ServiceError(
            "InvalidToken", "The provided token is malformed or otherwise invalid.", status=403
        )


def form_signature(fields: Mapping[str, str]) -> Signature:
    """The signature in a POST form's fields. Raises InvalidArgument if it is malformed."""
    credential = fields.get("x-amz-credential", "").split("/")
    if fields.get("x-amz-algorithm") != ALGORITHM or len(credential) != 5 or "x-amz-date" not in fields:
        raise invalid_argument(
            "A signed form has the fields x-amz-algorithm, x-amz-credential, x-amz-date and x-amz-signature.",
            "x-amz-credential",
            fields.get("x-amz-credential", ""),
        )
    access_key_id, date, region, service, _ = credential
    signature_and_date = (fields["x-amz-signature"], fields["x-amz-date"])
    return Signature(access_key_id, date, region, service, (), *signature_and_date)


def _check_clock(signature: Signature) -> None:
    try:
        signed_at = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ServiceError("AccessDenied", "X-Amz-Date must be in the form 20261121T040000Z.", 403) from None
    now = datetime.now(UTC)
    age = (now - signed_at).total_seconds()
    if signature.presigned_seconds is not None and age > signature.presigned_seconds:
        raise ServiceError("AccessDenied", "Request has expired", status=403)
    too_old = signature.presigned_seconds is None and age > _SKEW
    if too_old or age < -_SKEW or not signature.timestamp.startswith(signature.date):
        raise ServiceError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            status=403,
        )


def _check_signed_headers(request: Request, signature: Signature) -> None:
    """Raises AccessDenied for an unsigned host or x-amz-* header, which someone in between could have added."""
    unsigned = [
        name
        for name in request.headers
        if (name == "host" or name.startswith("x-amz-"))
        and name not in signature.signed_headers
        and name != "x-amz-content-sha256"
    ]
    if unsigned:
        raise ServiceError(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            status=403,
            extra={"HeadersNotSigned": ", ".join(unsigned)},
        )


def _canonical_paths(request: Request, signature: Signature) -> list[str]:
    """The forms in which the path may be signed: normalised and, for S3, also as it was sent.

    They differ if a client encodes more than it must, such as a slash in a key.
    """
    path = quote(percent_decoded(request.path), safe="/-_.~") or "/"
    if signature.service != "s3":
        # All services but S3 sign the path as it is sent, encoded once more.
        return [quote(request.path, safe="/-_.~") or "/"]
    return [path] if request.path == path else [path, request.path]


def _canonical_request(request: Request, signature: Signature, path: str, payload_hash: str) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query_pairs()
        if name != "X-Amz-Signature"
    )
    headers = [
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signature.signed_headers
    ]
    return "\n".join(
        (
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(headers),
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )


def _signing_key(secret: str, signature: Signature) -> bytes:
    key = _sign(b"AWS4" + secret.encode(), signature.date)
    for part in (signature.region, signature.service, "aws4_request"):
        key = _sign(key, part)
    return key


def _sign(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
