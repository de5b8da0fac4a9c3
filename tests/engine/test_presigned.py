"""Presigned URLs as boto3 makes them, of both signature versions: good for one thing, for a while."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from tests.engine.s3 import Answer, send
from tests.support.engine import REGION, EngineProcess

ROLE = "arn:aws:iam::000000000000:role/SageMakerRole"


@pytest.fixture(params=["s3", "s3v4", "unset"])
def presigner(engine: EngineProcess, request: pytest.FixtureRequest) -> Any:
    """A client that presigns with that version; told none, boto3 takes version 2 here."""
    options = {} if request.param == "unset" else {"signature_version": request.param}
    return engine.client("s3", **options)


def fetch(
    engine: EngineProcess,
    url: str,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    parts = urlsplit(url)
    return send(
        engine, method, f"{parts.path}?{parts.query}", {"Host": parts.netloc, **(headers or {})}, body
    )


def test_a_url_gets_an_object_for_anybody(
    engine: EngineProcess, s3: Any, bucket: str, presigner: Any
) -> None:
    for key in ("k", "a//b c+d%é?x=1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"body")
        where = {"Bucket": bucket, "Key": key}
        more = {"ResponseContentType": "text/csv", "ResponseContentDisposition": 'attachment; filename="a b"'}
        answer = fetch(engine, presigner.generate_presigned_url("get_object", {**where, **more}))
        assert (answer.status, answer.body) == (200, b"body")
        assert answer.headers["content-type"] == "text/csv"
        assert answer.headers["content-disposition"] == 'attachment; filename="a b"'
        part = fetch(
            engine, presigner.generate_presigned_url("get_object", where), headers={"Range": "bytes=1-2"}
        )
        assert (part.status, part.body) == (206, b"od")
        head = fetch(engine, presigner.generate_presigned_url("head_object", where), "HEAD")
        assert (head.status, head.headers["content-length"]) == (200, "4")


def test_a_header_a_url_asks_for_cannot_break_the_answer(
    engine: EngineProcess, s3: Any, bucket: str, presigner: Any
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    params = {"Bucket": bucket, "Key": "k", "ResponseContentDisposition": "a\r\nX-Evil: 1\x01\x7f\u6f22"}
    answer = fetch(engine, presigner.generate_presigned_url("get_object", params))
    assert (answer.status, answer.body) == (200, b"body")
    assert "x-evil" not in answer.headers


def test_a_url_puts_an_object(engine: EngineProcess, s3: Any, bucket: str, presigner: Any) -> None:
    params = {"Bucket": bucket, "Key": "k", "ContentType": "text/csv", "Metadata": {"a": "1"}}
    url = presigner.generate_presigned_url("put_object", params)
    headers = {"Content-Type": "text/csv", "x-amz-meta-a": "1"}
    assert fetch(engine, url, "PUT", b"body", headers).status == 200
    stored = s3.get_object(Bucket=bucket, Key="k")
    assert (stored["Body"].read(), stored["ContentType"], stored["Metadata"]) == (
        b"body",
        "text/csv",
        {"a": "1"},
    )
    assert fetch(engine, url, "PUT", b"body", {**headers, "Content-Type": "text/html"}).status == 403
    assert fetch(engine, url, "PUT", b"body", {**headers, "x-amz-meta-b": "2"}).status == 403


def test_a_url_is_good_for_its_own_request_only(
    engine: EngineProcess, s3: Any, bucket: str, presigner: Any
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    s3.put_object(Bucket=bucket, Key="other", Body=b"secret")
    url = presigner.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    for changed in (
        url.replace("/k?", "/other?"),
        url + "&response-content-type=text%2Fhtml",
        url + "&tagging",
        url + "&%74agging",
        url + "&%72esponse-content-type=text%2Fhtml",
        url.replace("Signature=", "Signature=A"),
        url.replace("Expires=", "Expires=9"),
    ):
        assert fetch(engine, changed).status in (400, 403)
    for method in ("PUT", "DELETE"):
        assert fetch(engine, url, method).status == 403
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"


def test_a_url_expires(
    engine: EngineProcess, s3: Any, bucket: str, presigner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    where = {"Bucket": bucket, "Key": "k"}
    past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=100)
    # boto3 signs version 4 in C.
    monkeypatch.setattr("botocore.crt.auth.get_current_datetime", lambda *_, **__: past.replace(tzinfo=None))
    monkeypatch.setattr("botocore.auth.time.time", past.timestamp)
    answer = fetch(engine, presigner.generate_presigned_url("get_object", where, ExpiresIn=60))
    assert (answer.status, b"Request has expired" in answer.body) == (403, True)
    assert fetch(engine, presigner.generate_presigned_url("get_object", where, ExpiresIn=600)).status == 200


def test_a_url_of_nobodys_is_refused(engine: EngineProcess, bucket: str) -> None:
    for version in ("s3", "s3v4"):
        stranger = engine.client("s3", access_key="AKIANOBODY", signature_version=version)
        url = stranger.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
        answer = fetch(engine, url)
        assert (answer.status, b"<Code>InvalidAccessKeyId</Code>" in answer.body) == (403, True)


@pytest.mark.parametrize(
    "query",
    [
        "Signature=a",
        "AWSAccessKeyId=a&Signature=a&Expires=soon",
        "AWSAccessKeyId=a&Signature=a&Expires=" + "9" * 5000,
        "X-Amz-Signature=a",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/s3/e&X-Amz-Date=9&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=a&X-Amz-Expires=" + "9" * 5000,
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/s3/e&X-Amz-Date=99991231T235959Z"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature=a&X-Amz-Expires=604800",
    ],
)
def test_a_url_with_half_a_signature_is_refused(engine: EngineProcess, bucket: str, query: str) -> None:
    assert fetch(engine, f"http://127.0.0.1:{engine.port}/{bucket}/k?{query}").status in (400, 403)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_session_keys_presign_too(engine: EngineProcess, s3: Any, bucket: str, version: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    keys = engine.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="tests")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    config = boto3.session.Config(signature_version=version)
    client = session.client("s3", endpoint_url=engine.url, config=config)
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    assert fetch(engine, url).body == b"body"
