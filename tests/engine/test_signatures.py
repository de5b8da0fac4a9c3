"""Who may speak to the engine: whoever signs with its keys, now, the very request that arrives."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import zlib
from base64 import b64encode
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.s3 import Answer, refused, send, signed
from tests.support.engine import REGION, EngineProcess

BODY = b"0123456789" * 20_000
CHUNKS = [BODY[:70_000], BODY[70_000:199_999], BODY[199_999:]]
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"


@pytest.mark.parametrize("service", ["s3", "sagemaker", "logs", "sts", "cloudwatch", "service-quotas"])
def test_a_wrong_key_opens_nothing(engine: EngineProcess, service: str) -> None:
    calls = {"s3": "list_buckets", "sagemaker": "list_models", "logs": "describe_log_groups"}
    calls |= {"cloudwatch": "list_metrics", "service-quotas": "list_services"}
    call = calls.get(service, "get_caller_identity")
    codes = {
        "s3": ("SignatureDoesNotMatch", "InvalidAccessKeyId"),
        "sts": ("SignatureDoesNotMatch", "InvalidClientTokenId"),
        "sagemaker": ("InvalidSignatureException", "UnrecognizedClientException"),
    }
    wrong_secret, wrong_id = codes.get(service, codes["sagemaker"])
    with pytest.raises(ClientError) as caught:
        getattr(engine.client(service, secret_key="wrong"), call)()
    assert caught.value.response["Error"]["Code"] == wrong_secret
    with pytest.raises(ClientError) as caught:
        getattr(engine.client(service, access_key="AKIANOBODY"), call)()
    assert caught.value.response["Error"]["Code"] == wrong_id
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_unsigned_request_is_refused(engine: EngineProcess, bucket: str) -> None:
    for method, target in (("GET", "/"), ("GET", f"/{bucket}/k"), ("PUT", f"/{bucket}/k"), ("POST", "/")):
        answer = send(engine, method, target, body=b"x" if method in ("PUT", "POST") else b"")
        assert (answer.status, b"<Code>AccessDenied</Code>" in answer.body) == (403, True)
    answer = send(engine, "POST", "/", {"X-Amz-Target": "SageMaker.ListModels"}, b"{}")
    assert (answer.status, b"MissingAuthenticationToken" in answer.body) == (403, True)


@pytest.mark.parametrize(
    ("service", "start"),
    [("sts", b"<?xml"), ("scheduler", b'{"Message"'), ("sagemaker", b'{"__type"'), ("s3", b"<?xml")],
)
def test_a_broken_signature_is_refused_in_the_form_of_the_service_that_it_names(
    engine: EngineProcess, service: str, start: bytes
) -> None:
    scope = f"AKIANOBODY/20261201/us-east-1/{service}/aws4_request"
    answer = send(engine, "POST", "/", {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}, b"x")
    assert (answer.status in (400, 403), answer.body.startswith(start)) == (True, True)


def test_an_address_that_is_not_utf_8_is_refused(engine: EngineProcess, bucket: str) -> None:
    for target in ("/?prefix=%ff", f"/{bucket}?%ff", "/?Action=%ff&Version=1"):
        answer = send(engine, "GET", target)
        assert (answer.status, b"<Code>InvalidURI</Code>" in answer.body) == (400, True)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_wrong_is_told_so(
    engine: EngineProcess, bucket: str, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: moment.replace(tzinfo=None))
    answer = send(engine, "GET", f"/{bucket}", signed(engine, "GET", f"/{bucket}"))
    assert (answer.status, b"<Code>RequestTimeTooSkewed</Code>" in answer.body) == (403, True)


def test_a_request_changed_on_its_way_is_refused(engine: EngineProcess, s3: Any, bucket: str) -> None:
    target = f"/{bucket}?list-type=2&prefix=a"
    headers = signed(engine, "GET", target)
    assert send(engine, "GET", target, headers).status == 200
    assert send(engine, "GET", f"/{bucket}?prefix=a&list-type=2", headers).status == 200
    for method, changed in (("GET", target + "b"), ("GET", target + "&x=1"), ("HEAD", f"/{bucket}")):
        assert send(engine, method, changed, headers).status == 403
    for more in ({"x-amz-meta-extra": "1"}, {"x-amz-date": "20200101T000000Z"}, {"Host": "else.where"}):
        assert send(engine, "GET", target, {**headers, **more}).status == 403


def test_a_body_changed_on_its_way_is_not_stored(engine: EngineProcess, s3: Any, bucket: str) -> None:
    headers = signed(engine, "PUT", f"/{bucket}/k", body=b"right")
    answer = send(engine, "PUT", f"/{bucket}/k", headers, b"wrong")
    assert (answer.status, b"XAmzContentSHA256Mismatch" in answer.body) == (400, True)
    with refused(404):
        s3.head_object(Bucket=bucket, Key="k")


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=\xe9",
        "AWS AKIA:signature",
        "Bearer token",
        "Basic dTpw",
    ],
)
def test_an_authorization_that_is_none_is_refused(engine: EngineProcess, header: str) -> None:
    answer = send(engine, "GET", "/", {"Authorization": header, "X-Amz-Date": "20261121T000000Z"})
    assert answer.status in (400, 403)
    assert b"<Error>" in answer.body


def test_a_signature_that_is_not_ascii_is_only_wrong(engine: EngineProcess) -> None:
    headers = signed(engine, "GET", "/")
    headers["Authorization"] = headers["Authorization"][:-3] + "\xe9\xe9\xe9"
    assert send(engine, "GET", "/", headers).status == 403


@pytest.mark.parametrize("word", ["", "nonsense", "STREAMING-SOMETHING", "A" * 64])
def test_a_payload_hash_that_is_none_is_refused(engine: EngineProcess, bucket: str, word: str) -> None:
    headers = {**signed(engine, "PUT", f"/{bucket}/k", body=b"x"), "X-Amz-Content-SHA256": word}
    answer = send(engine, "PUT", f"/{bucket}/k", headers, b"x")
    assert (answer.status, b"<Code>InvalidArgument</Code>" in answer.body) == (400, True)


# uploads whose chunks are signed, as SDKs other than boto3 send them


def hmac256(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class SignedChunks:
    """Signs chunks one after another, each over the signature before it."""

    def __init__(self, engine: EngineProcess, headers: dict[str, str]) -> None:
        self._timestamp = headers["X-Amz-Date"]
        self._scope = f"{self._timestamp[:8]}/{REGION}/s3/aws4_request"
        self._key = b"AWS4" + engine.secret_key.encode()
        for word in self._scope.split("/"):
            self._key = hmac256(self._key, word)
        self._previous = headers["Authorization"].rpartition("Signature=")[2]

    def sign(self, kind: str, *digests: str) -> str:
        lines = (f"AWS4-HMAC-SHA256-{kind}", self._timestamp, self._scope, self._previous, *digests)
        self._previous = hmac256(self._key, "\n".join(lines)).hex()
        return self._previous

    def chunk(self, data: bytes) -> bytes:
        digests = (hashlib.sha256(b"").hexdigest(), hashlib.sha256(data).hexdigest())
        head = f"{len(data):x};chunk-signature={self.sign('PAYLOAD', *digests)}\r\n"
        return head.encode() + data + (b"\r\n" if data else b"")

    def trailer(self, line: bytes) -> bytes:
        signature = self.sign("TRAILER", hashlib.sha256(line + b"\n").hexdigest())
        return line + b"\r\nx-amz-trailer-signature:" + signature.encode() + b"\r\n\r\n"


def upload(engine: EngineProcess, target: str, kind: str = SIGNED, tamper: Any = lambda body: body) -> Answer:
    """PUT BODY in signed chunks; `tamper` may change what is sent."""
    extra = {
        "X-Amz-Content-SHA256": kind,
        "X-Amz-Decoded-Content-Length": str(len(BODY)),
        "Content-Encoding": "aws-chunked",
        **({"X-Amz-Trailer": "x-amz-checksum-crc32"} if kind == WITH_TRAILER else {}),
    }
    headers = signed(engine, "PUT", target, extra)
    chunks = SignedChunks(engine, headers)
    body = b"".join(chunks.chunk(data) for data in [*CHUNKS, b""])
    if kind == WITH_TRAILER:
        crc = b64encode(zlib.crc32(BODY).to_bytes(4, "big"))
        body += chunks.trailer(b"x-amz-checksum-crc32:" + crc)
    else:
        body += b"\r\n"
    return send(engine, "PUT", target, headers, tamper(body))


@pytest.mark.parametrize("kind", [SIGNED, WITH_TRAILER])
def test_an_upload_in_signed_chunks_is_stored(engine: EngineProcess, s3: Any, bucket: str, kind: str) -> None:
    assert upload(engine, f"/{bucket}/k", kind).status == 200
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert answer["Body"].read() == BODY
    assert "ContentEncoding" not in answer


@pytest.mark.parametrize(
    ("tamper", "status", "code"),
    [
        (lambda body: body.replace(b"0123", b"3210", 1), 403, b"SignatureDoesNotMatch"),
        (lambda body: body[:-200], 400, b"IncompleteBody"),
        (lambda body: body.replace(b"11170;chunk-", b"11171;chunk-", 1), 403, b"SignatureDoesNotMatch"),
        (lambda body: b"zz;" + body, 400, b"InvalidRequest"),
        (lambda body: b"-5;" + body, 400, b"InvalidRequest"),
        (lambda body: b"x" * 10_000, 400, b"InvalidRequest"),
        (lambda body: body.replace(b"crc32:", b"crc32:A", 1), 403, b"SignatureDoesNotMatch"),
        (lambda body: body[:-100] + b"x" * 66 + body[-34:], 403, b"SignatureDoesNotMatch"),
        (lambda body: body[: body.rindex(b"x-amz-trailer-sig")] + b"\r\n", 403, b"SignatureDoesNotMatch"),
    ],
)
def test_chunks_changed_on_their_way_are_not_stored(
    engine: EngineProcess, s3: Any, bucket: str, tamper: Any, status: int, code: bytes
) -> None:
    answer = upload(engine, f"/{bucket}/k", WITH_TRAILER, tamper)
    assert (answer.status, code in answer.body) == (status, True)
    with refused(404):
        s3.head_object(Bucket=bucket, Key="k")


def test_a_checksum_may_follow_unsigned_chunks(engine: EngineProcess, s3: Any, bucket: str) -> None:
    extra = {
        "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": "4",
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }
    crc = b64encode(zlib.crc32(b"body").to_bytes(4, "big"))
    for checksum, status in ((crc, 200), (b"AAAAAA==", 400)):
        body = b"4\r\nbody\r\n0\r\nx-amz-checksum-crc32:" + checksum + b"\r\n\r\n"
        headers = signed(engine, "PUT", f"/{bucket}/{status}", extra)
        assert send(engine, "PUT", f"/{bucket}/{status}", headers, body).status == status
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["200"]


def test_session_keys_need_their_token(engine: EngineProcess, bucket: str) -> None:
    role = "arn:aws:iam::000000000000:role/SageMakerRole"
    keys = engine.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    with refused(403, "InvalidToken"):
        engine.client(
            "s3", access_key=keys["AccessKeyId"], secret_key=keys["SecretAccessKey"]
        ).list_objects_v2(Bucket=bucket)
