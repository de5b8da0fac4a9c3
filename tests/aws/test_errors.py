"""AWS's errors in our words: each kind leads to its decision. A small server answers as AWS would."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from aws import GatewayError, NoCapacity, Rejected, Target, Throttled, Unreachable, transforms
from aws.clients import client
from jobs.lifecycle.queue import starting
from jobs.states import JobState
from tests.cast import House

REQUEST: dict[str, Any] = {
    "TransformJobName": "job",
    "ModelName": "model",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}},
    "TransformOutput": {"S3OutputPath": "s3://b/out"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}
LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"


class Answering(HTTPServer):
    """Answers every SageMaker call with one error, and S3 listings with nothing."""

    status, code, message = 400, "", ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.reply(200, LISTING)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = {"__type": self.server.code, "message": self.server.message}
        self.reply(self.server.status, json.dumps(body).encode())

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Answering]:
    server = Answering(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


QUOTA = "The account-level service limit 'ml.m5.large for transform job usage' is 0 Instances."
CASES = [
    (400, "ThrottlingException", "Rate exceeded", Throttled, JobState.WAITING),
    (400, "ResourceLimitExceeded", QUOTA, NoCapacity, JobState.WAITING),
    (500, "InternalFailure", "oops", Unreachable, JobState.WAITING),
    (400, "UnrecognizedClientException", "bad token", Unreachable, JobState.WAITING),
    (400, "ValidationException", 'Could not find model "arn:x".', Rejected, JobState.REJECTED),
    (400, "AccessDeniedException", "not authorized to perform", Rejected, JobState.REJECTED),
]


@pytest.mark.parametrize(("status", "code", "message", "kind", "state"), CASES)
def test_each_error_is_of_the_kind_that_decides_what_follows(
    service: Answering,
    engine_keys: Path,
    status: int,
    code: str,
    message: str,
    kind: type[GatewayError],
    state: JobState,
) -> None:
    service.status, service.code, service.message = status, code, message
    target = Target(region="us-east-1", endpoint_url=service.url, credentials_file=str(engine_keys))
    with pytest.raises(kind) as raised:
        transforms.create(target, REQUEST)
    assert raised.value.code == code
    assert raised.value.sentence


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "code", "message", "kind", "state"), CASES)
def test_the_job_waits_or_is_rejected_accordingly(
    house: House,
    service: Answering,
    status: int,
    code: str,
    message: str,
    kind: type[GatewayError],
    state: JobState,
) -> None:
    service.status, service.code, service.message = status, code, message
    house.connection.endpoint_url = service.url
    house.connection.save()
    job = house.job()
    starting.start(job.pk)
    job.refresh_from_db()
    assert job.state == state, job.state_reason
    assert job.state_reason
    assert (job.next_attempt_at is not None) == (state == JobState.WAITING)


def test_a_request_that_boto3_itself_refuses_is_rejected(engine_keys: Path) -> None:
    target = Target(region="us-east-1", endpoint_url="http://127.0.0.1:9", credentials_file=str(engine_keys))
    with pytest.raises(Rejected, match="InstanceCount"):
        transforms.create(target, {**REQUEST, "TransformResources": {"InstanceType": "ml.m5.large"}})


def test_new_keys_of_an_engine_are_used_at_once(service: Answering, engine_keys: Path) -> None:
    """An engine with a fresh data directory makes fresh keys; clients made with the old ones are left."""
    target = Target(region="us-east-1", endpoint_url=service.url, credentials_file=str(engine_keys))
    first = client(target, "sts")
    assert client(target, "sts") is first
    engine_keys.write_text(json.dumps({"access_key_id": "AKIDOTHER", "secret_access_key": "s"}))
    os.utime(engine_keys, (1, 1))
    assert client(target, "sts") is not first
