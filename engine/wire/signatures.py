"""Signature Version 4: is this request from somebody who knows the secret key?

The rules are those of "AWS Signature Version 4 for API requests" in the IAM user guide, and for presigned
URLs and S3's payload words those of the S3 API reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from engine.credentials import Credentials, Key
from engine.errors import ServiceError
from engine.wire.request import Request, decoded

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_SKEW = timedelta(minutes=15)
_LONGEST_PRESIGNED = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Signature:
    """The parts of a signature, from the Authorization header or a presigned query."""

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
        """The credential scope that the string to sign names."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, slots=True)
class Verified:
    """A request whose signature holds: whose it is, and what signing its chunks goes on from."""

    key: Key
    signature: Signature
    signing_key: bytes
    payload_hash: str


def read_signature(request: Request) -> Signature | None:
    """The signature a request carries, or None if it has none. Raises ServiceError if it is malformed."""
    header = request.headers.get("authorization")
    if header:
        return _from_header(header, request.headers.get("x-amz-date") or request.headers.get("date", ""))
    query = dict(request.query_pairs())
    return _from_query(query) if "X-Amz-Signature" in query else None


def verify(request: Request, signature: Signature, credentials: Credentials, payload_hash: str) -> Verified:
    """Check key, clock and signature. `payload_hash` is the hex digest or word that the client signed.

    Raises InvalidAccessKeyId, RequestTimeTooSkewed, AccessDenied (expired) or SignatureDoesNotMatch; the
    caller puts them in the words of the service that was asked.
    """
    key = credentials.find(signature.access_key_id)
    if key is None:
        raise ServiceError(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            status=403,
            extra={"AWSAccessKeyId": signature.access_key_id},
        )
    _check_token(request, key)
    _check_clock(signature)
    signing_key = _signing_key(key.secret_access_key, signature)
    canonical = _canonical_request(request, signature, payload_hash)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, signature.timestamp, signature.scope, digest))
    if not hmac.compare_digest(_sign(signing_key, to_sign).hex(), signature.signature):
        raise ServiceError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            status=403,
        )
    return Verified(key, signature, signing_key, payload_hash)


def chunk_signature(verified: Verified, previous: str, kind: str, data: bytes) -> str:
    """The signature of one aws-chunked chunk (`kind` PAYLOAD) or of the trailers (`kind` TRAILER)."""
    parts = [f"{ALGORITHM}-{kind}", verified.signature.timestamp, verified.signature.scope, previous]
    if kind == "PAYLOAD":
        parts.append(EMPTY_SHA256)
    parts.append(hashlib.sha256(data).hexdigest())
    return _sign(verified.signing_key, "\n".join(parts)).hex()


def _from_header(header: str, timestamp: str) -> Signature:
    algorithm, _, rest = header.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    credential = fields.get("Credential", "").split("/")
    wanted = {"Credential", "SignedHeaders", "Signature"}
    if algorithm != ALGORITHM or not wanted.issubset(fields) or len(credential) != 5 or not timestamp:
        raise ServiceError("AuthorizationHeaderMalformed", "The authorization header is malformed.")
    access_key_id, date, region, service, _ = credential
    signed = tuple(fields["SignedHeaders"].split(";"))
    return Signature(access_key_id, date, region, service, signed, fields["Signature"], timestamp)


def _from_query(query: Mapping[str, str]) -> Signature:
    credential = query.get("X-Amz-Credential", "").split("/")
    seconds = query.get("X-Amz-Expires", "")
    complete = {"X-Amz-Date", "X-Amz-SignedHeaders"}.issubset(query) and len(credential) == 5
    in_range = seconds.isascii() and seconds.isdecimal() and int(seconds) <= _LONGEST_PRESIGNED
    if query.get("X-Amz-Algorithm") != ALGORITHM or not complete or not in_range:
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
        int(seconds),
    )


def _check_token(request: Request, key: Key) -> None:
    if key.token is None:
        return
    given = request.headers.get("x-amz-security-token") or dict(request.query_pairs()).get(
        "X-Amz-Security-Token"
    )
    if not given or not hmac.compare_digest(given.encode(), key.token.encode()):
        raise ServiceError(
            "InvalidToken", "The provided token is malformed or otherwise invalid.", status=403
        )


def _check_clock(signature: Signature) -> None:
    try:
        signed_at = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ServiceError("AccessDenied", "X-Amz-Date must be in the form 20261121T040000Z.", 403) from None
    now = datetime.now(UTC)
    if signature.presigned_seconds is not None and now > signed_at + timedelta(
        seconds=signature.presigned_seconds
    ):
        raise ServiceError("AccessDenied", "Request has expired", status=403)
    too_old = signature.presigned_seconds is None and signed_at < now - _SKEW
    if too_old or signed_at > now + _SKEW or not signature.timestamp.startswith(signature.date):
        raise ServiceError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            status=403,
        )


def _canonical_request(request: Request, signature: Signature, payload_hash: str) -> str:
    path = decoded(request.path)
    if signature.service == "s3":
        canonical_path = quote(path, safe="/-_.~")
    else:
        # All services but S3 sign the path encoded once more.
        canonical_path = quote(quote(path, safe="/-_.~"), safe="/-_.~")
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
            canonical_path or "/",
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
