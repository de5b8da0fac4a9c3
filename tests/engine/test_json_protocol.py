"""The JSON protocol itself: requests no SDK would send, and the form of answers and errors."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.engine.resources import create_model
from tests.support.engine import EngineProcess


def call(
    engine: EngineProcess, target: str, body: bytes, service: str = "sagemaker"
) -> tuple[int, dict[str, str], bytes]:
    """Sign and send a raw request; returns status, headers in lower case, body."""
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", engine.url + "/", headers=headers, data=body)
    SigV4Auth(Credentials(engine.access_key, engine.secret_key), service, "us-east-1").add_auth(request)
    raw = urllib.request.Request(request.url, body, dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(raw) as answer:
            return answer.status, _lower(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _lower(error.headers), error.read()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def error_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    body = json.loads(answer[2])
    assert set(body) >= {"__type", "message"}
    return answer[0], body["__type"]


def test_an_answer_carries_its_type_and_a_request_id(engine: EngineProcess) -> None:
    status, headers, body = call(engine, "SageMaker.ListModels", b'{"NameContains": "nothing-like-it"}')
    assert (status, json.loads(body)) == (200, {"Models": []})
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["x-amzn-requestid"]


def test_an_operation_without_output_answers_an_empty_body(engine: EngineProcess) -> None:
    body = json.dumps({"ModelName": create_model(engine)}).encode()
    assert call(engine, "SageMaker.DeleteModel", body)[::2] == (200, b"")


def test_an_empty_body_is_an_empty_request(engine: EngineProcess) -> None:
    assert call(engine, "SageMaker.ListModels", b"")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"null",
        b"[" * 100_000,
        b'{"MaxResults": NaN}',
        b'{"MaxResults": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object_is_a_serialization_error(engine: EngineProcess, body: bytes) -> None:
    assert error_of(call(engine, "SageMaker.ListModels", body)) == (400, "SerializationException")


@pytest.mark.parametrize("target", ["SageMaker.no such", "Other.ListModels", "ListModels", ""])
def test_a_target_that_is_none_is_an_unknown_operation(engine: EngineProcess, target: str) -> None:
    assert error_of(call(engine, target, b"{}")) == (400, "UnknownOperationException")


@pytest.mark.parametrize("name", ["CreateEndpoint", "CreateWhatIsNewerThanThisBotocore"])
def test_an_operation_of_aws_that_the_engine_lacks_is_named(engine: EngineProcess, name: str) -> None:
    answer = call(engine, f"SageMaker.{name}", b"{}")
    assert error_of(answer) == (501, "NotImplementedException")
    assert name in json.loads(answer[2])["message"]


def test_a_body_over_the_limit_is_refused(engine: EngineProcess) -> None:
    body = b'{"NameContains": "' + b"a" * (5 * 1024 * 1024) + b'"}'
    assert call(engine, "SageMaker.ListModels", body)[0] == 413


@pytest.mark.parametrize(
    ("service", "target", "code"),
    [
        ("sagemaker", "SageMaker.DescribeModel", "ValidationException"),
        ("logs", "Logs_20140328.DescribeLogStreams", "InvalidParameterException"),
    ],
)
def test_each_service_has_its_own_word_for_a_broken_request(
    engine: EngineProcess, service: str, target: str, code: str
) -> None:
    body = b'{"ModelName": "-", "limit": 51}'
    assert error_of(call(engine, target, body, service)) == (400, code)
