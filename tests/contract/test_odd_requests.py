"""Whatever a client sends in AWS's protocols, the engine answers: never with a failure of its own, always in the
protocol's form, and the connection goes on.

FUZZ_EXAMPLES=5000 makes as many of each kind, other ones in each run; without it the same few are made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.aws_models import service_model
from engine.wire import cbor
from tests.support.conformance.cases import Accepted, Case
from tests.support.conformance.encoding import SIGNED_AS, Message, encode, protocols
from tests.support.conformance.running import Runner, cases_of, engine_settings, operations
from tests.support.conformance.s3_cases import S3Case
from tests.support.conformance.values import BUCKET, KEY
from tests.support.engine import EngineProcess
from tests.support.fuzzing.client import ALGORITHM, UNSIGNED, Connections, Request, Signer, answers_in
from tests.support.fuzzing.judging import check_answer
from tests.support.fuzzing.mutations import (
    HEADERS,
    METHODS,
    QUERIES,
    SEGMENTS,
    json_bytes,
    odd_bytes,
    odd_documents,
)

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FUZZ = settings(
    max_examples=EXAMPLES or 120,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A failing example is small as it is; making it smaller asks the engine thousands of times more.
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if EXAMPLES else [])],
)

_PROTOCOLS = {
    "query": "query",
    "json": "json",
    "smithy-rpc-v2-cbor": "smithy-rpc-v2-cbor",
    "rest-json": "rest-json",
}


class Target:
    """An engine with one of each thing in it, and right requests of its operations."""

    def __init__(self, engine: EngineProcess) -> None:
        runner = Runner(engine)
        runner.prepare()
        runner.close()
        self.connections = Connections(engine)
        self.signer = Signer(engine)
        self.documents: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        self.s3_messages: dict[str, list[Message]] = {}
        for service, operation in operations():
            for case in cases_of(service, operation, runner.resource_texts):
                if isinstance(case, S3Case) and case.refused is False:
                    self.s3_messages.setdefault(operation, []).append(case.message)
                elif isinstance(case, Case) and isinstance(case.expected, Accepted):
                    for protocol in protocols(service_model(service)):
                        self.documents.setdefault((protocol, service, operation), []).append(
                            dict(case.document)
                        )

    def check(self, protocol: str, service: str, request: Request, payload: str | None = None) -> None:
        """Sign, send and judge a request."""
        self.check_unsigned(protocol, self.signer.sign(service, request, payload))

    def check_unsigned(self, protocol: str, request: Request) -> None:
        """Send a request as it is."""
        check_answer(protocol, self.connections.exchange(request.bytes(), request.method), request.method)

    def check_cut(self, protocol: str, request: Request, sent: int) -> None:
        """Send so many bytes of a request and end."""
        for answer in answers_in(self.connections.end(request.bytes()[:sent])):
            check_answer(protocol, answer, request.method)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """An engine of its own: others would find what odd requests leave behind."""
    process = EngineProcess(tmp_path_factory.mktemp("odd"), **engine_settings()).start()
    target = Target(process)
    yield target
    target.connections.close()
    process.stop()
    assert not process.log.partition("Traceback")[2]


def of_protocol(protocol: str) -> st.SearchStrategy[tuple[str, str]]:
    """Service and operation."""
    return st.sampled_from(
        [row for row in operations() if row[0] != "s3" and protocol in protocols(service_model(row[0]))]
    )


def request_of(message: Message) -> Request:
    return Request(message.method, message.target, tuple(message.headers.items()), message.body)


def odd_request(data: st.DataObject, target: Target, protocol: str, row: tuple[str, str]) -> Request:
    """A request of the operation whose members, bytes and headers are odd."""
    service, operation = row
    model = service_model(service).operation_model(operation)
    base = data.draw(st.sampled_from(target.documents[(protocol, service, operation)]))
    document = data.draw(odd_documents(base))
    if protocol == "smithy-rpc-v2-cbor":
        request = request_of(encode(protocol, model, base))
        body = _cbor_bytes(document)
    elif protocol == "json":
        request = request_of(encode(protocol, model, {}))
        body = json_bytes(_without_bytes(document))
    else:
        request = request_of(encode(protocol, model, _sendable(document)))
        body = request.body
    body = data.draw(odd_bytes(body, protocol))
    return replace(request, body=body).with_headers(_harmless(data.draw(HEADERS)))


def _cbor_bytes(document: Any) -> bytes:
    try:
        return cbor.dumps(document)
    except (UnicodeEncodeError, OverflowError, StopIteration):
        # Values that CBOR has no bytes for.
        return b"\xa0"


def _without_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_bytes(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_bytes(item) for item in value]
    return "" if isinstance(value, bytes) else value


def _sendable(value: Any) -> Any:
    """Without bytes, and without halves of surrogate pairs, which an address cannot have."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_sendable(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item) for item in value]
    return "" if isinstance(value, bytes) else value


def _harmless(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without headers that make it a request of another protocol."""
    switching_names = ("x-amz-target", "smithy-protocol", "content-type", "expect", "upgrade", "connection")
    return [row for row in headers if row[0].lower() not in switching_names]


@given(row=of_protocol("json"), data=st.data())
@FUZZ
def test_json(target: Target, row: tuple[str, str], data: st.DataObject) -> None:
    target.check("json", SIGNED_AS.get(row[0], row[0]), odd_request(data, target, "json", row))


@given(row=of_protocol("query"), data=st.data())
@FUZZ
def test_query(target: Target, row: tuple[str, str], data: st.DataObject) -> None:
    request = odd_request(data, target, "query", row)
    if data.draw(st.booleans()):
        text = request.body.decode("latin-1")
        if text.isascii() and text.isprintable() and " " not in text and len(text) < 7000:
            request = replace(request, method="GET", target=f"/?{text}", body=b"")
    target.check("query", SIGNED_AS.get(row[0], row[0]), request)


@given(row=of_protocol("smithy-rpc-v2-cbor"), data=st.data())
@FUZZ
def test_cbor(target: Target, row: tuple[str, str], data: st.DataObject) -> None:
    target.check(
        "smithy-rpc-v2-cbor",
        SIGNED_AS.get(row[0], row[0]),
        odd_request(data, target, "smithy-rpc-v2-cbor", row),
    )


@given(row=of_protocol("rest-json"), data=st.data())
@FUZZ
def test_rest_json(target: Target, row: tuple[str, str], data: st.DataObject) -> None:
    request = odd_request(data, target, "rest-json", row)
    if data.draw(st.booleans()):
        request = replace(
            request, target="/".join([request.target, *data.draw(st.lists(SEGMENTS, max_size=2))])
        )
    if " " not in request.target:
        target.check("rest-json", row[0], request)


@given(operation=st.sampled_from([name for service, name in operations("s3")]), data=st.data())
@FUZZ
def test_s3_bodies_headers_and_queries(target: Target, operation: str, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(target.s3_messages[operation]))
    request = request_of(message)
    if query := data.draw(QUERIES):
        request = replace(request, target=f"{request.target}{'&' if '?' in request.target else '?'}{query}")
    request = replace(request, body=data.draw(odd_bytes(request.body, "rest-xml")))
    target.check(
        "rest-xml",
        "s3",
        request.with_headers(_harmless(data.draw(HEADERS))),
        data.draw(st.sampled_from([None, UNSIGNED])),
    )


@given(
    method=METHODS,
    segments=st.lists(SEGMENTS, max_size=4),
    query=QUERIES,
    headers=HEADERS,
    inside=st.booleans(),
)
@FUZZ
def test_s3_addresses(
    target: Target, method: str, segments: list[str], query: str, headers: list[tuple[str, str]], inside: bool
) -> None:
    path = "/".join(["", *([BUCKET] if inside else []), *segments])
    request = Request(
        method, f"{path or '/'}{'?' if query else ''}{query}", (), b"1,2\n" if method == "PUT" else b""
    )
    target.check("rest-xml", "s3", request.with_headers(_harmless(headers)))


@given(
    data=st.data(), service=st.sampled_from(["s3", "sagemaker", "sts", "scheduler"]), in_query=st.booleans()
)
@FUZZ
def test_signatures(target: Target, data: st.DataObject, service: str, in_query: bool) -> None:
    """Authorization headers and presigned URLs that are broken in some place."""
    protocol = {"s3": "rest-xml", "sagemaker": "json", "sts": "query", "scheduler": "rest-json"}[service]
    if service == "s3":
        request = Request("GET", f"/{BUCKET}/{KEY}")
    else:
        request = Request(
            "POST", "/", (("Content-Type", "application/x-www-form-urlencoded"),), b"Action=GetCallerIdentity"
        )
    signed = target.signer.sign(service, request)
    rows = []
    for name, value in signed.headers:
        if name in ("Authorization", "X-Amz-Date", "X-Amz-Content-SHA256") and data.draw(st.booleans()):
            odd = data.draw(odd_bytes(value.encode("latin-1"), "head")).decode("latin-1")
            value = "".join(letter for letter in odd if letter >= " " and letter != "\x7f")
        rows.append((name, value))
    if in_query:
        fields = dict(signed.headers)
        values = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{target.signer.key_id}/20261201/us-east-1/{service}/aws4_request",
            "X-Amz-Date": fields["X-Amz-Date"],
            "X-Amz-Expires": "60",
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Signature": "0" * 64,
        }
        query = "&".join(f"{name}={value}" for name, value in values.items())
        text = data.draw(odd_bytes(query.encode(), "query")).decode("latin-1")
        text = "".join(letter for letter in text if letter > " " and letter not in "\x7f#")[:7000]
        rows = [row for row in rows if row[0] != "Authorization"]
        signed = replace(signed, target=f"{signed.target}?{text}")
    answer = target.connections.exchange(replace(signed, headers=tuple(rows)).bytes(), signed.method)
    assert answer.status < 500 or answer.status == 501, answer
    if not in_query and answer.status >= 400 and _names(rows, service):
        check_answer(protocol, answer)


def _names(rows: list[tuple[str, str]], service: str) -> bool:
    """Whether the header still names the service, so that the answer has to be in its protocol."""
    header = dict(rows).get("Authorization", "")
    return (
        header.startswith(f"{ALGORITHM} Credential=")
        and f"/us-east-1/{service}/aws4_request, SignedHeaders=" in header
    )


def chunks_of(body: bytes, size: int, signature: str = "") -> bytes:
    """The body in aws-chunked coding, its trailers left out."""
    rows = [body[start : start + size] for start in range(0, len(body), size)]
    extension = f";chunk-signature={signature}".encode() if signature else b""
    return (
        b"".join(b"%x%s\r\n%s\r\n" % (len(row), extension, row) for row in [*rows, b""][: len(rows)])
        + b"0"
        + extension
        + b"\r\n"
    )


@given(
    data=st.data(),
    size=st.integers(1, 40),
    word=st.sampled_from(
        [
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        ]
    ),
    length=st.sampled_from(["40", "0", "-1", "41", "99999999999999999999", "x", ""]),
)
@FUZZ
def test_aws_chunked_uploads(target: Target, data: st.DataObject, size: int, word: str, length: str) -> None:
    signature = "0" * 64 if "HMAC" in word else ""
    content = chunks_of(b"1,2\n" * 10, size, signature) + b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    body = data.draw(odd_bytes(content, "chunks"))
    headers = (
        ("Content-Encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", length),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    )
    request = Request("PUT", f"/{BUCKET}/chunked", headers, body)
    target.check("rest-xml", "s3", request, word)
    target.check_cut("rest-xml", target.signer.sign("s3", request, word), len(request.bytes()) + 400)


@given(
    data=st.data(),
    row=st.sampled_from(
        [
            ("s3", "PutObject"),
            ("s3", "DeleteObjects"),
            ("sagemaker", "ListModels"),
            ("sts", "GetCallerIdentity"),
        ]
    ),
    framing=st.sampled_from(
        [
            (("Content-Length", "-1"),),
            (("Content-Length", "9" * 30),),
            (("Content-Length", "5"), ("Content-Length", "6")),
            (("Content-Length", "5"), ("Transfer-Encoding", "chunked")),
            (("Transfer-Encoding", "chunked"),),
            (("Transfer-Encoding", "gzip, chunked"),),
            (("Transfer-Encoding", "xchunked"),),
            (("Content-Length", "+5"),),
            (("Content-Length", "5 "),),
            (("Content-Length", "1000"),),
            (("Content-Length", ""),),
        ]
    ),
    cut=st.integers(0, 200),
)
@FUZZ
def test_framing(
    target: Target, data: st.DataObject, row: tuple[str, str], framing: tuple[tuple[str, str], ...], cut: int
) -> None:
    """Lengths and chunks that are wrong, cut off anywhere."""
    service, operation = row
    if service == "s3":
        request = (
            Request("PUT", f"/{BUCKET}/framed")
            if operation == "PutObject"
            else Request("POST", f"/{BUCKET}?delete")
        )
    else:
        request = request_of(
            encode(
                "json" if service == "sagemaker" else "query",
                service_model(service).operation_model(operation),
                {},
            )
        )
    body = data.draw(odd_bytes(chunks_of(b"1,2\n" * 10, 7) + b"\r\n", "chunks"))
    request = replace(request, body=body, headers=(*request.headers, *framing))
    signed = target.signer.sign(service, request, UNSIGNED if service == "s3" else None)
    sent = len(signed.bytes()) - data.draw(st.sampled_from([0, cut]))
    for answer in answers_in(target.connections.end(signed.bytes()[:sent])):
        assert answer.status < 500 or answer.status == 501, answer


@given(data=st.data(), boundary=st.sampled_from(["b", "", '"b"', "x" * 200, "b; charset=utf-8"]))
@FUZZ
def test_forms(target: Target, data: st.DataObject, boundary: str) -> None:
    """POST forms of browsers with odd parts."""
    fields = {"key": "form", "policy": "e30=", "x-amz-algorithm": ALGORITHM, "x-amz-date": "20261201T000000Z"}
    fields["x-amz-credential"] = f"{target.signer.key_id}/20261201/us-east-1/s3/aws4_request"
    fields["x-amz-signature"] = "0" * 64
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1,2\n\r\n--b--\r\n'
    tokens = data.draw(st.sampled_from(["head", "chunks", "query"]))
    body = data.draw(odd_bytes("".join([*parts, file]).encode(), tokens))
    headers = (("Host", "a"), ("Content-Type", f"multipart/form-data; boundary={boundary}"))
    target.check_unsigned("rest-xml", Request("POST", f"/{BUCKET}", headers, body))


@given(
    lines=st.lists(st.binary(max_size=60), max_size=6),
    start=st.sampled_from([b"", b"GET / HTTP/1.1\r\n", b"PUT /conformance/k HTTP/1.1\r\nHost: a\r\n"]),
)
@FUZZ
def test_bytes_that_are_no_request(target: Target, lines: list[bytes], start: bytes) -> None:
    for answer in answers_in(target.connections.end(start + b"\r\n".join([*lines, b"", b""]))):
        check_answer("rest-xml", answer, "GET")
