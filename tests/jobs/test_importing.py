"""Jobs made outside Batchdeck, by boto3 on the real engine: they appear, are followed, and stay their makers'."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.lifecycle.follow import importing, polling
from jobs.lifecycle.queue import starting
from jobs.models import Connection, TransformJob
from jobs.services.connections import prices
from jobs.services.submitting import sample
from jobs.states import JobState
from tests.cast import House
from tests.jobs.following import follow, poll_now
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db


@pytest.fixture
def open_house(real: House) -> House:
    """Alice's team on the real engine, with the sample, and looking for jobs made elsewhere from now on."""
    sample.load(real.connection, by=real.people["alice"])
    look_from_now(real.connection)
    return real


def look_from_now(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        import_external=True, imported_until=timezone.now() + importing.OVERLAP, imported_at=None
    )
    connection.refresh_from_db()


def made_by_boto3(engine: EngineProcess, name: str, **changes: Any) -> str:
    """A transform job of the sample's model, made by somebody who does not know of Batchdeck."""
    request = {
        "TransformJobName": name,
        "ModelName": "breast-cancer-xgb",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://batchdeck-samples/breast-cancer/data/part-0.csv",
                }
            },
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://batchdeck-samples/{name}/", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Tags": [{"Key": "cost-center", "Value": "42"}],
        **changes,
    }
    engine.client("sagemaker").create_transform_job(**request)
    return name


def look(connection: Connection) -> None:
    """One poll, with the look for jobs made elsewhere due."""
    Connection.objects.filter(pk=connection.pk).update(imported_at=None)
    assert poll_now(connection).problem == ""


def test_a_job_made_by_boto3_appears_and_is_followed_to_its_end(
    open_house: House, engine: EngineProcess
) -> None:
    name = made_by_boto3(engine, "by-boto3")
    look(open_house.connection)
    job = TransformJob.objects.get(name=name)
    assert job.external
    assert job.submitted_by is None
    assert job.state in {JobState.IN_PROGRESS, JobState.COMPLETED}
    job = follow(job)
    assert job.state == JobState.COMPLETED
    assert job.ended_at is not None
    assert job.data == "s3://batchdeck-samples/breast-cancer/data/part-0.csv"
    job_json = open_house.api("bob").get(f"/api/v1/jobs/{job.key}/").json()
    assert job_json["external"] is True
    assert job_json["submitted_by"] == ""
    assert job_json["request"]["Tags"] == [{"Key": "cost-center", "Value": "42"}]
    for part in ("", "files/", "results/", "logs/", "request/"):
        page = open_house.page("vera").get(f"/jobs/{job.key}/{part}")
        assert page.status_code == 200
        assert "external" in page.content.decode()


def test_a_job_that_ended_before_it_was_found_has_its_end(open_house: House, engine: EngineProcess) -> None:
    prices.change(open_house.connection, {"ml.m5.large": 1}, by=open_house.people["alice"])
    name = made_by_boto3(engine, "ended-unseen", ModelClientConfig={"InvocationsTimeoutInSeconds": 60})
    waiter = engine.client("sagemaker").get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    look(open_house.connection)
    job = TransformJob.objects.get(name=name)
    assert (job.state, job.ended_at is not None) == (JobState.COMPLETED, True)
    assert [event.to_state for event in job.events.all()] == [JobState.COMPLETED]
    assert (job.cost.final, job.cost.price, job.cost.reason) == (True, 1, None)


def test_looking_again_finds_nothing_new(open_house: House, engine: EngineProcess) -> None:
    name = made_by_boto3(engine, "found-once")
    for _ in range(3):
        look(open_house.connection)
    follow(TransformJob.objects.get(name=name))


def test_both_teams_of_an_account_see_a_job_made_outside_and_neither_sees_the_others(
    open_house: House, other_house: House, engine: EngineProcess
) -> None:
    Connection.objects.filter(pk=other_house.connection.pk).update(endpoint_url=engine.url)
    look_from_now(other_house.connection)
    outside = made_by_boto3(engine, "seen-by-both")
    ours = sample.run(open_house.team, by=open_house.people["bob"])
    starting.start(ours.pk)
    for house in (open_house, other_house):
        look(house.connection)
    assert set(TransformJob.objects.filter(team=open_house.team).values_list("name", flat=True)) == {
        outside,
        ours.name,
    }
    assert list(TransformJob.objects.filter(team=other_house.team).values_list("name", flat=True)) == [
        outside
    ]
    for job in TransformJob.objects.all():
        follow(job)


def test_the_list_is_narrowed_to_jobs_made_outside(open_house: House) -> None:
    open_house.job(JobState.COMPLETED, name="theirs", external=True)
    open_house.job(JobState.COMPLETED, name="ours")
    for query, names in [
        ("?external=true", ["theirs"]),
        ("?external=false", ["ours"]),
        ("", ["ours", "theirs"]),
    ]:
        answer = open_house.api("vera").get(f"/api/v1/jobs/{query}").json()
        assert [job["name"] for job in answer["results"]] == names


def test_a_connection_that_does_not_want_them_is_not_searched(
    open_house: House, engine: EngineProcess
) -> None:
    answer = open_house.api("alice").patch(
        "/api/v1/connections/engine/", {"import_external": False}, content_type="application/json"
    )
    assert answer.json()["import_external"] is False
    made_by_boto3(engine, "not-wanted")
    assert polling.due_connections() == []
    look(open_house.connection)
    assert TransformJob.objects.count() == 0


def test_a_look_back_ends_at_the_present_and_is_due_again_later(open_house: House) -> None:
    Connection.objects.filter(pk=open_house.connection.pk).update(
        imported_until=timezone.now() - timedelta(days=5)
    )
    began = timezone.now()
    look(open_house.connection)
    open_house.connection.refresh_from_db()
    assert open_house.connection.imported_until is not None
    assert open_house.connection.imported_until >= began
    assert not importing.is_due(open_house.connection)
