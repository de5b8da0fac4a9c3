"""A connection's test: each call by itself, through a wall in front of the real engine that denies some of them."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from jobs.models import Connection, TransformJob
from jobs.services.connections import connections, permissions
from jobs.states import JobState
from tests.cast import FIELDS, House
from tests.jobs.test_costs import to_aws
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db
JSON = "application/json"
#: {"__type": "AccessDeniedException"} as CBOR, which CloudWatch speaks.
_CBOR = b"\xa1\x66__type\x75AccessDeniedException"


class Wall(ThreadingHTTPServer):
    """Passes calls on to an engine, but for those that it denies, told by a part of their address or target."""

    daemon_threads = True

    def __init__(self, engine: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = urlsplit(engine).netloc
        self.denied: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Wall

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        named = f"{self.command} {self.path} {self.headers.get('X-Amz-Target', '')} {body[:200]!r}"
        if any(part in named for part in self.server.denied):
            self.deny()
            return
        there = http.client.HTTPConnection(self.server.engine)
        there.request(self.command, self.path, body, dict(self.headers.items()))
        answer = there.getresponse()
        self.reply(answer.status, answer.read(), answer.headers.get("Content-Type", ""), dict(answer.headers))

    def deny(self) -> None:
        if "cbor" in (self.headers.get("Content-Type") or ""):
            self.reply(403, _CBOR, "application/cbor", {"smithy-protocol": "rpc-v2-cbor"})
        elif self.headers.get("X-Amz-Target"):
            error_document = {"__type": "AccessDeniedException", "message": "User: me is not authorized."}
            self.reply(403, json.dumps(error_document).encode(), "application/x-amz-json-1.1", {})
        else:
            xml = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            self.reply(403, b"" if self.command == "HEAD" else xml, "application/xml", {})

    def reply(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() in ("smithy-protocol", "x-amz-bucket-region"):
                self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PUT = handle_any

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def wall(engine: EngineProcess) -> Iterator[Wall]:
    wall = Wall(engine.url)
    threading.Thread(target=wall.serve_forever, daemon=True).start()
    yield wall
    wall.shutdown()
    wall.server_close()


@pytest.fixture
def walled(real: House, wall: Wall, engine: EngineProcess) -> House:
    """The team's connection through the wall; its jobs and model name a bucket that is there."""
    Connection.objects.update(endpoint_url=wall.url)
    real.connection.refresh_from_db()
    engine.client("s3").create_bucket(Bucket="walled")
    real.model.containers = [{"Image": "image:1", "ModelDataUrl": "s3://walled/model.tar.gz"}]
    real.model.save()
    job = real.job()
    TransformJob.objects.update(spec={**job.spec, "data": "s3://walled/", "output_path": "s3://walled/out"})
    return real


def outcomes(report: permissions.PermissionReport) -> dict[str, str]:
    return {line.action: line.outcome for line in report.lines}


def test_every_call_works_on_an_engine_that_denies_none(walled: House) -> None:
    report = permissions.test(walled.connection)
    outcomes_by_action = outcomes(report)
    assert (outcomes_by_action.pop("pricing:GetProducts"), outcomes_by_action.pop("sqs:ReceiveMessage")) == (
        "not needed",
        "not needed",
    )
    assert set(outcomes_by_action.values()) == {"fine"}, report.lines
    assert {"sts:GetCallerIdentity", "logs:GetLogEvents", "cloudwatch:GetMetricData", "s3:ListBucket"} <= set(
        outcomes_by_action
    )
    assert (report.account, report.policy) == ("000000000000", "")


@pytest.mark.parametrize(
    ("denied", "action", "resource"),
    [
        ("SageMaker.ListTransformJobs", "sagemaker:ListTransformJobs", "*"),
        ("SageMaker.ListModels", "sagemaker:ListModels", "*"),
        (
            "SageMaker.DescribeTransformJob",
            "sagemaker:DescribeTransformJob",
            "arn:aws:sagemaker:us-east-1:000000000000:transform-job/*",
        ),
        (
            "DescribeLogStreams",
            "logs:DescribeLogStreams",
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/TransformJobs:*",
        ),
        ("GetMetricData", "cloudwatch:GetMetricData", "*"),
        ("HEAD /walled ", "s3:ListBucket", "arn:aws:s3:::walled"),
        ("HEAD /walled/", "s3:GetObject", "arn:aws:s3:::walled/*"),
        ("PUT /walled/out/", "s3:PutObject", "arn:aws:s3:::walled/out/*"),
        (
            "SageMaker.StopTransformJob",
            "sagemaker:StopTransformJob",
            "arn:aws:sagemaker:us-east-1:000000000000:transform-job/*",
        ),
        ("GET / ", "s3:ListAllMyBuckets", "*"),
        ("ListServiceQuotas", "servicequotas:ListServiceQuotas", "*"),
    ],
)
def test_a_denied_call_is_named_with_the_policy_that_would_allow_it(
    walled: House, wall: Wall, denied: str, action: str, resource: str
) -> None:
    wall.denied = {denied}
    report = permissions.test(walled.connection)
    assert [line.action for line in report.denied] == [action]
    assert json.loads(report.policy) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": [action], "Resource": resource}],
    }


def test_what_the_last_test_found_stays_on_the_page(walled: House, wall: Wall) -> None:
    wall.denied = {"SageMaker.ListModels", "SageMaker.ListTransformJobs"}
    client = walled.page("vera")
    page_text = client.post("/connections/engine/test/", follow=True).content.decode()
    assert "answers, but not everything works" in page_text
    page = Page(client.get("/connections/engine/"))
    policy = json.loads(page.by_id("policy").text)
    assert policy["Statement"][0]["Action"] == ["sagemaker:ListModels", "sagemaker:ListTransformJobs"]
    assert len([node for node in page.of_class("fail") if node.text == "Denied"]) == 2
    answer = walled.api("vera").post("/api/v1/connections/engine/test/").json()
    assert [line["action"] for line in answer["lines"] if line["outcome"] == "denied"] == [
        "sagemaker:ListTransformJobs",
        "sagemaker:ListModels",
    ]


def test_a_closed_port_is_unreachable_and_soon_told(house: House) -> None:
    report = permissions.test(house.connection)
    assert set(outcomes(report).values()) == {"unreachable", "not needed"}
    assert not report.reached
    house.connection.refresh_from_db()
    assert "cannot be reached" in house.connection.last_error
    page_text = house.page("vera").post("/connections/engine/test/", follow=True).content.decode()
    assert "Unreachable" in page_text


def test_without_credentials_that_is_told_once_and_soon(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    to_aws(house)
    Connection.objects.update(region="eu-north-1")
    page_text = house.page("vera").post("/connections/engine/test/", follow=True).content.decode()
    table = page_text[page_text.index('id="test"') :]
    assert table.count("Unreachable") == 18
    assert table.count("No AWS credentials were found.") == 1


def test_a_bucket_that_is_gone_is_told_by_its_name(walled: House) -> None:
    job = TransformJob.objects.get()
    TransformJob.objects.update(spec={**job.spec, "data": "s3://no-such-bucket-here/in/"})
    says = {line.use: line.says for line in permissions.test(walled.connection).lines}
    assert (
        says["no-such-bucket-here: listing inputs and outputs"] == "There is no bucket no-such-bucket-here."
    )


def test_a_folder_with_braces_is_tested_and_named_as_it_is(walled: House, wall: Wall) -> None:
    Connection.objects.update(allowed_places=["s3://walled/{date}/{0}/"])
    walled.connection.refresh_from_db()
    wall.denied = {"PUT /walled/"}
    report = permissions.test(walled.connection)
    assert [line.resource for line in report.denied] == ["arn:aws:s3:::walled/{date}/{0}/*"]


def test_a_connection_is_not_removed_while_it_has_work(house: House, settings: Any) -> None:
    job = house.job(JobState.IN_PROGRESS)
    answer = house.api("alice").delete("/api/v1/connections/engine/")
    assert answer.status_code == 409
    assert "1 job that is not over" in answer.json()["error"]["message"]
    TransformJob.objects.filter(pk=job.pk).update(state=JobState.COMPLETED)
    settings.ENGINE_URL = house.connection.endpoint_url
    assert house.api("alice").delete("/api/v1/connections/engine/").status_code == 409
    settings.ENGINE_URL = "http://127.0.0.1:1"
    assert house.api("bob").delete("/api/v1/connections/engine/").status_code == 403
    assert house.api("alice").delete("/api/v1/connections/engine/").status_code == 204


def test_what_ran_on_a_removed_connection_stays_and_nothing_new_does(house: House) -> None:
    job = house.job(JobState.FAILED)
    preset = house.preset
    connections.remove(house.connection, by=house.people["alice"])
    client = house.page("bob")
    for path in ("/jobs/", f"/jobs/{job.key}/", f"/jobs/{job.key}/request/", "/jobs/?connection=engine"):
        assert job.name in client.get(path).content.decode(), path
    assert "was removed" in client.get(f"/models/{house.model.pk}/").content.decode()
    assert client.get("/connections/engine/").status_code == 404
    for path in ("/models/", "/connections/", "/models/new/"):
        assert "Engine" not in client.get(path).content.decode(), path
    assert "is gone" in client.get(f"/presets/{preset.slug}/").content.decode()
    job_fields = {**FIELDS, "model": house.model.name, "connection": "engine"}
    assert house.api("bob").post("/api/v1/jobs/", job_fields, JSON).status_code == 400
    again = house.api("bob").post(f"/api/v1/jobs/{job.key}/retry/", {}, "application/json")
    assert (again.status_code, "was removed" in again.json()["error"]["message"]) == (409, True)
    assert client.post("/jobs/new/", {**FIELDS, "model": house.model.pk}).status_code == 400


def test_the_slug_of_a_removed_connection_is_free_again(house: House) -> None:
    to_aws(house)
    connections.remove(house.connection, by=house.people["alice"])
    answer = house.api("alice").post("/api/v1/connections/", {"name": "Engine", "region": "eu-west-1"}, JSON)
    assert (answer.status_code, answer.json()["slug"]) == (201, "engine")
    assert [row["kind"] for row in house.api("vera").get("/api/v1/connections/").json()["results"]] == ["aws"]
