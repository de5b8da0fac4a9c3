"""Whatever arrives on the wire: an answer that is the client's fault or a 501, soon, and nothing half-written."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.s3 import Answer, call, new_bucket, send, signed
from tests.support.engine import EngineProcess
from tests.support.polling import until

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
WORDS = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1", "9" * 30, "null", "true", "\u0661", "1_0", "*", '"', "bytes=0-", "url", "/"]
    ),
    st.text(max_size=20),
)
PARAMETER_NAMES = (
    "acl attributes continuation-token delete delimiter encoding-type key-marker list-type location "
    "marker max-keys max-parts max-uploads part-number-marker partNumber policy prefix response-expires "
    "start-after tagging uploadId uploads upload-id-marker versionId version-id-marker versioning "
    "versions x-id "
)
PARAMETERS = st.dictionaries(
    st.sampled_from(PARAMETER_NAMES.split()),
    WORDS,
    max_size=4,
)
HEADER_NAMES = (
    "content-md5 content-type expires if-match if-modified-since if-none-match if-unmodified-since range "
    "x-amz-acl x-amz-checksum-crc32 x-amz-checksum-mode x-amz-checksum-sha256 x-amz-checksum-type x-amz- "
    "copy-source x-amz-copy-source-range x-amz-metadata-directive x-amz-mp-object-size x-amz-object- "
    "attributes x-amz-sdk-checksum-algorithm x-amz-storage-class x-amz-tagging x-amz-trailer "
)
HEADERS = st.dictionaries(
    st.sampled_from(HEADER_NAMES.split()),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
    max_size=4,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"<Delete><Object><Key>a</Key></Object></Delete>",
            b"<Delete><Object><Key>" + b"x" * 2000 + b"</Key></Object></Delete>",
            b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
            b"<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
            b"<a>" * 5000,
            b"\xef\xbb\xbf<Delete/>",
            b'<?xml version="1.0" encoding="utf-7"?><Delete/>',
        ]
    ),
)
METHODS = st.sampled_from(["GET", "GET", "PUT", "PUT", "POST", "DELETE", "HEAD", "PATCH"])
MANY = settings(
    max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def target(engine: EngineProcess) -> str:
    """A bucket for all examples, which none of them can delete."""
    bucket = new_bucket(engine)
    engine.client("s3").put_object(Bucket=bucket, Key="it stays", Body=b"x" * 100)
    return bucket


def assert_foreseen(answer: Answer) -> None:
    assert answer.status < 500 or answer.status == 501, answer


@given(
    method=METHODS,
    key=st.one_of(st.sampled_from(["", "it stays", "k"]), KEYS),
    parameters=PARAMETERS,
    headers=HEADERS,
    body=BODIES,
)
@MANY
def test_any_signed_s3_request_is_answered(
    engine: EngineProcess,
    target: str,
    method: str,
    key: str,
    parameters: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    assert_foreseen(call(engine, method, f"/{target}/{quote(key, safe='/')}?{query}", headers, body))


@given(
    method=METHODS,
    path=st.binary(max_size=60),
    headers=st.dictionaries(
        st.sampled_from(
            ["Authorization", "X-Amz-Date", "X-Amz-Target", "Content-Type", "Host", "Content-Length"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80),
        max_size=4,
    ),
)
@MANY
def test_any_stranger_is_refused(
    engine: EngineProcess, method: str, path: bytes, headers: dict[str, str]
) -> None:
    lines = [f"{method} /{quote(path)} HTTP/1.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name != "Content-Length"]
    answer = exchange(engine, "\r\n".join([*lines, "", ""]).encode("latin-1"))
    assert answer.startswith(b"HTTP/1.1 4")


@given(key=KEYS, body=st.binary(max_size=40_000))
@MANY
def test_any_object_comes_back_under_its_key(
    engine: EngineProcess, target: str, key: str, body: bytes
) -> None:
    where = f"/{target}/{quote(key, safe='')}"
    assert call(engine, "PUT", where, body=body).status == 200
    assert call(engine, "GET", where).body == body
    listed = call(engine, "GET", f"/{target}?list-type=2&encoding-type=url&prefix={quote(key, safe='')}")
    assert f"<Key>{quote(key, safe='/-_.~*')}</Key>".encode() in listed.body
    assert call(engine, "DELETE", where).status == 204


@given(
    body=st.one_of(st.binary(max_size=300), st.just(b"[" * 100_000), st.just(b'{"a":' + b"9" * 10_000 + b"}"))
)
@MANY
def test_any_body_of_a_json_call_is_answered(engine: EngineProcess, body: bytes) -> None:
    headers = {"X-Amz-Target": "SageMaker.CreateTransformJob", "Content-Type": "application/x-amz-json-1.1"}
    answer = send(engine, "POST", "/", signed(engine, "POST", "/", headers, body, service="sagemaker"), body)
    assert answer.status == 400, answer


def exchange(engine: EngineProcess, request: bytes) -> bytes:
    """What comes back for bytes as they are, once this side has ended."""
    with socket.create_connection(("127.0.0.1", engine.port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\x00" * 1000,
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_bytes_that_are_no_request_do_no_harm(engine: EngineProcess, request_: bytes) -> None:
    answer = exchange(engine, request_)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert send(engine, "GET", "/_engine/health").status == 200


@pytest.mark.parametrize("sent", [0, 1, 20_000, 4_999_999])
def test_an_upload_cut_short_leaves_nothing(engine: EngineProcess, s3: Any, bucket: str, sent: int) -> None:
    body = b"x" * 5_000_000
    s3.put_object(Bucket=bucket, Key="there", Body=b"old")
    bodies = engine.data_dir / "objects" / "bodies"
    before = {path for path in bodies.rglob("*") if path.is_file()}
    for key in ("new", "there"):
        headers = {**signed(engine, "PUT", f"/{bucket}/{key}", body=body), "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"PUT /{bucket}/{key} HTTP/1.1\r\n{head}\r\n".encode() + body[:sent]
        assert b" 200 " not in exchange(engine, request)[:15]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["there"]
    assert s3.get_object(Bucket=bucket, Key="there")["Body"].read() == b"old"
    until(lambda: {path for path in bodies.rglob("*") if path.is_file()} <= before, "the file's removal")


def test_a_huge_body_where_none_belongs_is_refused(engine: EngineProcess, bucket: str) -> None:
    body = b" " * (9 * 1024 * 1024)
    answer = call(engine, "POST", f"/{bucket}?delete", body=body)
    assert (answer.status, b"EntityTooLarge" in answer.body) == (400, True)


def test_a_client_that_leaves_in_the_middle_of_a_download_keeps_nothing(
    engine: EngineProcess, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 30_000_000)
    head = "".join(f"{n}: {v}\r\n" for n, v in signed(engine, "GET", f"/{bucket}/k").items())
    with socket.create_connection(("127.0.0.1", engine.port), timeout=30) as connection:
        connection.sendall(f"GET /{bucket}/k HTTP/1.1\r\n{head}\r\n".encode())
        assert connection.recv(15).startswith(b"HTTP/1.1 200")
    bodies = engine.data_dir / "objects" / "bodies"
    large = {path for path in bodies.rglob("*") if path.is_file() and path.stat().st_size == 30_000_000}
    s3.delete_object(Bucket=bucket, Key="k")
    until(lambda: not any(path.exists() for path in large), "the file's removal")
