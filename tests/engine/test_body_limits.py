"""Requests that are no uploads have limits, which are looked at before their content is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from engine.wire.json_protocol import MAX_BODY
from tests.support.engine import REGION, EngineProcess

TAGS_ARN = "arn:aws:sagemaker:us-east-1:000000000000:model/none"


def sent(engine: EngineProcess, service: str, method: str, path: str, body: bytes, **headers: str) -> Any:
    """The answer to a signed request whose body boto3 would not send."""
    request = AWSRequest(
        method, engine.url + path, {"Content-Type": "application/x-amz-json-1.1", **headers}, body
    )
    signer: Any = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(engine.access_key, engine.secret_key), service, REGION).add_auth(request)
    return URLLib3Session().send(request.prepare())


def add_tags(engine: EngineProcess, body: bytes) -> Any:
    return sent(engine, "sagemaker", "POST", "/", body, **{"X-Amz-Target": "SageMaker.AddTags"})


@pytest.mark.parametrize("number", [51, 20_000])
def test_a_list_that_is_too_long_is_refused_for_its_length_alone(engine: EngineProcess, number: int) -> None:
    tags = [{"Key": "*" * 3, "Value": "v"} for _ in range(number)]
    answer = add_tags(engine, json.dumps({"ResourceArn": TAGS_ARN, "Tags": tags}).encode())
    assert answer.status_code == 400
    error = json.loads(answer.content)
    assert error["__type"] == "ValidationException"
    assert error["message"].startswith("1 validation error detected: Value '[{Key=***, Value=v}, ")
    assert (
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
        in error["message"]
    )
    # The error repeats some of the list, not all of it.
    assert len(answer.content) < 10_000


def test_a_json_body_beyond_its_limit_is_a_413(engine: EngineProcess) -> None:
    answer = add_tags(engine, b'{"ResourceArn": "' + b"a" * MAX_BODY + b'"}')
    assert answer.status_code == 413
    assert json.loads(answer.content)["__type"].startswith("RequestEntityTooLarge")


@pytest.mark.parametrize(
    ("number", "code"), [(100_000, "EntityTooLarge"), (2_000, "MalformedXML"), (51, "BadRequest")]
)
def test_tags_of_a_bucket_are_refused_by_size_and_by_number(
    engine: EngineProcess, bucket: str, number: int, code: str
) -> None:
    tags = "".join(f"<Tag><Key>k{index}</Key><Value>v</Value></Tag>" for index in range(number))
    body = f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()
    answer = sent(engine, "s3", "PUT", f"/{bucket}?tagging", body)
    assert answer.status_code == 400
    assert f"<Code>{code}</Code>" in answer.text, answer.text


def test_a_thousand_objects_are_deleted_at_once_and_more_are_refused(
    engine: EngineProcess, bucket: str
) -> None:
    s3 = engine.client("s3")
    longest = [{"Key": f"{index:04}" + "&" * 1020} for index in range(1000)]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": longest})
    assert len(answer["Deleted"]) == 1000
    many = "".join(f"<Object><Key>{index}</Key></Object>" for index in range(100_000))
    refused = sent(engine, "s3", "POST", f"/{bucket}?delete", f"<Delete>{many}</Delete>".encode())
    assert refused.status_code == 400
    assert "<Code>MalformedXML</Code>" in refused.text


def test_a_form_with_fields_without_end_is_refused(engine: EngineProcess) -> None:
    form = b"Action=GetCallerIdentity&Version=2011-06-15&" + b"a=&" * 100_000
    answer = sent(engine, "sts", "POST", "/", form, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert "<Code>MalformedQueryString</Code>" in answer.text
