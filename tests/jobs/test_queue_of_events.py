"""A connection's queue of events, on moto's SQS: events make jobs be looked at, and nothing in a queue does harm."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.utils import timezone

from aws.feed import read_change
from jobs import tasks
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.follow import event_queue, polling
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import Connection, Lease, TransformJob
from jobs.states import JobState
from tests.cast import House
from tests.engine.resources import create_model, job_request, put, unique
from tests.support.engine import EngineProcess
from tests.support.moto import MotoServer
from tests.support.polling import until

pytestmark = pytest.mark.django_db
JSON = "application/json"
#: As whom moto answers.
ACCOUNT = "123456789012"


@pytest.fixture
def queued(real: House, moto: MotoServer, sqs: Any, settings: Any) -> House:
    """Alice's team on the real engine, with a queue."""
    settings.SQS_URL = moto.url
    real.connection.queue_url = sqs.create_queue(QueueName=unique("events"))["QueueUrl"]
    real.connection.save()
    return real


def event(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "detail-type": "SageMaker Transform Job State Change",
        "source": "aws.sagemaker",
        "account": "000000000000",
        "region": "us-east-1",
        "detail": {"TransformJobName": name, "TransformJobStatus": "Completed"},
        **changed,
    }


def send(sqs: Any, house: House, *bodies: Any) -> None:
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body)
        sqs.send_message(QueueUrl=house.connection.queue_url, MessageBody=text)


def messages_left(sqs: Any, house: House) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=house.connection.queue_url, AttributeNames=names)
    return sum(int(value) for value in answer["Attributes"].values())


def remote_job(engine: EngineProcess) -> str:
    """A job in the engine that has ended; its name."""
    request = job_request(create_model(engine), put(engine, f"{unique('in')}/x"))
    sagemaker = engine.client("sagemaker")
    sagemaker.create_transform_job(**request)
    name = str(request["TransformJobName"])
    until(
        lambda: sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] == "Failed",
        "the job's end",
    )
    return name


def test_an_event_has_its_job_looked_at_before_the_next_poll(
    queued: House, engine: EngineProcess, sqs: Any
) -> None:
    job = queued.job(JobState.IN_PROGRESS, name=remote_job(engine))
    bystander = queued.job(JobState.IN_PROGRESS, name="bystander")
    send(sqs, queued, event(job.name), event(job.name))
    reading = event_queue.read(queued.connection.pk)
    assert (reading.jobs, reading.messages, reading.problem) == ({queued.connection.pk: [job.name]}, 2, "")
    polled = polling.describe_jobs(queued.connection.pk, [job.name])
    assert (polled.ended, polled.problem) == ([job.pk], "")
    job.refresh_from_db()
    bystander.refresh_from_db()
    assert (job.state, bystander.state) == (JobState.FAILED, JobState.IN_PROGRESS)
    assert messages_left(sqs, queued) == 0
    # What a late poll or a second event finds is done already.
    assert polling.describe_jobs(queued.connection.pk, [job.name]).ended == []


def test_the_tasks_pass_an_event_on_to_whoever_looks(
    queued: House, engine: EngineProcess, sqs: Any, django_capture_on_commit_callbacks: Any
) -> None:
    job = queued.job(JobState.IN_PROGRESS, name=remote_job(engine))
    send(sqs, queued, event(job.name))
    with django_capture_on_commit_callbacks() as sent:
        tasks.poll_due_connections()
    # One message for the poll, one for the queue.
    assert len(sent) == 2
    with django_capture_on_commit_callbacks() as sent:
        tasks.read_queue(queued.connection.pk)
    assert len(sent) == 1
    tasks.look_at_jobs(queued.connection.pk, [job.name])
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_an_event_that_lies_changes_nothing(queued: House, engine: EngineProcess, sqs: Any) -> None:
    # SageMaker knows nothing of this job yet; it was accepted a moment ago.
    job = queued.job(JobState.IN_PROGRESS, name=unique("never-made"), accepted_at=timezone.now())
    send(sqs, queued, event(job.name))
    reading = event_queue.read(queued.connection.pk)
    polling.describe_jobs(queued.connection.pk, reading.jobs[queued.connection.pk])
    job.refresh_from_db()
    assert job.state == JobState.IN_PROGRESS


def test_what_is_no_event_of_a_job_here_is_taken_out_and_forgotten(queued: House, sqs: Any) -> None:
    job = queued.job(JobState.IN_PROGRESS)
    queued.connection.account_id = "000000000000"
    queued.connection.save()
    foreign = [
        event(job.name, region="eu-west-1"),
        event(job.name, account="123456789012"),
        event(job.name, **{"detail-type": "SageMaker Training Job State Change"}),
        event(job.name, source="mine"),
        event("job-of-nobody"),
    ]
    malformed = [
        "",
        "no JSON",
        "[1]",
        "null",
        "{}",
        "[" * 5000,
        event(job.name, detail=None),
        '{"detail-type": 3}',
    ]
    send(sqs, queued, *foreign, *filter(None, malformed))
    reading = event_queue.read(queued.connection.pk)
    assert (reading.jobs, reading.problem) == ({}, "")
    assert reading.messages == len(foreign) + len(malformed) - 1
    assert messages_left(sqs, queued) == 0


@pytest.mark.parametrize("name", ["", "x" * 64, "j\u00f6b", 7, None, ["a"]])
def test_a_name_that_no_job_can_have_is_no_event(name: Any) -> None:
    assert read_change(json.dumps(event(name))) is None
    assert read_change(json.dumps(event("job"))) is not None


def test_a_job_made_elsewhere_is_found_at_once(queued: House, engine: EngineProcess, sqs: Any) -> None:
    now = timezone.now()
    Connection.objects.filter(pk=queued.connection.pk).update(
        import_external=True, imported_at=now, imported_until=now - timedelta(seconds=1)
    )
    name = remote_job(engine)
    send(sqs, queued, event(name))
    reading = event_queue.read(queued.connection.pk)
    assert reading.jobs == {queued.connection.pk: [name]}
    polling.describe_jobs(queued.connection.pk, [name])
    assert TransformJob.objects.get(name=name).external


def test_an_event_reaches_the_connection_that_follows_the_job(
    queued: House, other_house: House, sqs: Any
) -> None:
    Connection.objects.filter(pk=other_house.connection.pk).update(
        endpoint_url=queued.connection.endpoint_url
    )
    theirs = other_house.job(JobState.IN_PROGRESS, name="theirs")
    send(sqs, queued, event(theirs.name))
    assert event_queue.read(queued.connection.pk).jobs == {other_house.connection.pk: ["theirs"]}


def test_a_queue_that_cannot_be_read_is_told_and_left_alone_for_a_while(queued: House, sqs: Any) -> None:
    sqs.delete_queue(QueueUrl=queued.connection.queue_url)
    reading = event_queue.read(queued.connection.pk)
    assert "queue" in reading.problem
    queued.connection.refresh_from_db()
    assert queued.connection.queue_error == reading.problem
    assert queued.connection.last_error == ""
    assert reading.problem.split(":")[0] in queued.page("alice").get("/connections/engine/").content.decode()
    assert event_queue.read(queued.connection.pk).problem == ""
    assert queued.page("alice").get("/connections/").status_code == 200


def test_a_service_that_is_away_hangs_nobody(queued: House, settings: Any) -> None:
    settings.SQS_URL = "http://127.0.0.1:9"
    reading = event_queue.read(queued.connection.pk)
    assert reading.problem == "The queue at http://127.0.0.1:9 cannot be reached. Check that it is running."


def test_one_worker_reads_a_queue_at_a_time(queued: House, sqs: Any) -> None:
    job = queued.job(JobState.IN_PROGRESS)
    send(sqs, queued, event(job.name))
    lease = Lease.claim(f"queue-{queued.connection.pk}", event_queue.LEASE)
    assert lease
    assert event_queue.read(queued.connection.pk).messages == 0
    lease.release()
    assert event_queue.read(queued.connection.pk).messages == 1


def test_an_aws_connection_reads_its_queue_and_learns_its_account(
    house: House, moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A region of this test alone: clients are kept for each.
    region = "eu-north-1"
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    addresses = {"AWS_ENDPOINT_URL_SQS": moto.url, "AWS_ENDPOINT_URL_STS": moto.url}
    for name, value in (keys | addresses).items():
        monkeypatch.setenv(name, value)
    sqs = boto3.client("sqs", region_name=region)
    queue = sqs.create_queue(QueueName=unique("events"))["QueueUrl"]
    house.connection.__dict__ |= {"kind": "aws", "endpoint_url": "", "region": region, "queue_url": queue}
    house.connection.save()
    job = house.job(JobState.IN_PROGRESS)
    with asking(house.connection, Pace.AFTER):
        house.connection.refresh_from_db()
        assert (house.connection.account_id, house.connection.place) == (ACCOUNT, f"{ACCOUNT}/{region}")
    send(sqs, house, event(job.name, region=region, account=ACCOUNT), event(job.name, region=region))
    reading = event_queue.read(house.connection.pk)
    assert (reading.jobs, reading.messages, reading.problem) == ({house.connection.pk: [job.name]}, 2, "")


def test_only_connections_that_name_a_queue_are_read(queued: House, other_house: House) -> None:
    assert event_queue.connections() == [queued.connection.pk]
    assert event_queue.read(other_house.connection.pk).messages == 0


def change(house: House, url: Any) -> Any:
    return house.api("alice").patch("/api/v1/connections/engine/", {"queue_url": url}, JSON)


def test_an_admin_names_the_queue_of_an_engine_where_the_operator_allows_one(
    house: House, settings: Any
) -> None:
    url = "http://sqs.example.com:9324/000000000000/events"
    refused = change(house, url)
    assert refused.status_code == 400
    assert "BATCHDECK_SQS_URL" in refused.json()["error"]["fields"]["queue_url"][0]
    assert "queue_url" not in house.page("alice").get("/connections/engine/").content.decode()
    settings.SQS_URL = "http://sqs.example.com:9324"
    assert "queue_url" in house.page("alice").get("/connections/engine/").content.decode()
    assert change(house, url).json()["queue_url"] == url
    for wrong in (
        "http://elsewhere/1/events",
        f"{url}/../x",
        "http://sqs.example.com:9324.evil/1/x",
        3,
        None,
    ):
        assert list(change(house, wrong).json()["error"]["fields"]) == ["queue_url"]
    assert change(house, "").json()["queue_url"] == ""


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/events", True),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/events", False),
        ("http://sqs.eu-west-1.amazonaws.com/123456789012/events", False),
        ("https://sqs.eu-west-1.amazonaws.com.evil.example/123456789012/events", False),
        ("https://169.254.169.254/latest/meta-data", False),
    ],
)
def test_the_queue_of_an_aws_connection_is_one_of_aws_in_its_region(
    house: House, url: str, fits: bool
) -> None:
    body = {"name": "Prod", "region": "eu-west-1", "queue_url": url}
    answer = house.api("alice").post("/api/v1/connections/", body, JSON)
    assert answer.status_code == (201 if fits else 400), answer.content
    assert fits or list(answer.json()["error"]["fields"]) == ["queue_url"]
