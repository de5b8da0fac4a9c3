"""The life of a job on the real engine where something is not as it should be.

Each ends in a state and a sentence that says what to do.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import queries
from jobs.lifecycle.follow import polling
from jobs.lifecycle.queue import starting, stopping
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.pages.sentences import sentence
from jobs.services.attempts import stopping as stop_service
from jobs.services.connections import permissions
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.registry import registered_models
from jobs.services.submitting import sample, submission
from jobs.states import JobState
from results import job_outputs, logs
from tests.cast import House
from tests.jobs.following import follow, poll_now
from tests.support.engine import EngineProcess
from transform.keys import parse_s3_uri
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
BUCKET = "lives"


@pytest.fixture
def bucket(engine: EngineProcess) -> Any:
    """A client for a bucket with one CSV object of two rows."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="in/a.csv", Body=b"1,2\n3,4\n")
    return s3


@pytest.fixture
def loaded(real: House) -> RegisteredModel:
    """The sample's model and data."""
    return sample.load(real.connection, by=real.people["alice"])


def submit(house: House, by: str = "bob", **fields: Any) -> TransformJob:
    values = {
        "data": f"s3://{BUCKET}/in/",
        "output_path": f"s3://{BUCKET}/out/",
        "instance_type": "ml.m5.large",
        "content_type": "text/csv",
        "split_type": "Line",
        "assemble_with": "Line",
        "model_name": "breast-cancer-xgb",
        **fields,
    }
    return submission.submit(house.connection, TransformSpec.from_fields(values), by=house.people[by])


def sample_job(house: House) -> TransformJob:
    return sample.run(house.team, by=house.people["bob"])


def register(house: House, name: str, image: str = IMAGE, data: str = "") -> RegisteredModel:
    return registered_models.register(
        house.connection,
        name=name,
        containers=[registered_models.container(image, data)],
        by=house.people["bob"],
    )


def test_missing_input_is_rejected_with_the_address(
    real: House, loaded: RegisteredModel, bucket: Any
) -> None:
    for data in [f"s3://{BUCKET}/nothing/", "s3://no-such-bucket/in/"]:
        job = submit(real, data=data)
        assert starting.start(job.pk) is starting.Started.REJECTED
        job.refresh_from_db()
        assert job.state == JobState.REJECTED
        assert data in job.state_reason
        assert job.ended_at is not None


def test_an_unknown_model_is_rejected_by_name(real: House, bucket: Any) -> None:
    job = submit(real, model_name="never-registered")
    starting.start(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.REJECTED
    assert "never-registered" in job.state_reason
    assert "Register it" in job.state_reason


def test_a_name_that_a_stranger_took_is_rejected_and_the_strangers_job_left_alone(
    real: House, other_house: House, loaded: RegisteredModel, bucket: Any
) -> None:
    # The other team's connection leads to the same engine.
    Connection.objects.filter(pk=other_house.connection.pk).update(endpoint_url=real.connection.endpoint_url)
    other_house.connection.refresh_from_db()
    first, second = submit(real, name="taken-by-us"), submit(other_house, name="taken-by-us", by="charlie")
    for job in (first, second):
        starting.start(job.pk)
        job.refresh_from_db()
    assert first.state == JobState.IN_PROGRESS
    assert second.state == JobState.REJECTED
    assert "Choose another name" in second.state_reason
    follow(first)


def test_a_corrupt_archive_fails_the_job_and_says_so(real: House, bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="corrupt.tar.gz", Body=b"this is no archive")
    register(real, "corrupt", data=f"s3://{BUCKET}/corrupt.tar.gz")
    job = submit(real, model_name="corrupt")
    starting.start(job.pk)
    job = follow(job)
    assert job.state == JobState.FAILED
    assert job.state_reason
    assert job.objects_done == 0


def test_outputs_that_an_earlier_job_left_are_not_a_later_ones(
    real: House, loaded: RegisteredModel, bucket: Any
) -> None:
    bucket.put_object(Bucket=BUCKET, Key="shared/a.csv", Body=b",".join([b"1.5"] * 30) + b"\n")
    bucket.put_object(Bucket=BUCKET, Key="corrupt.tar.gz", Body=b"this is no archive")
    register(real, "never-starts", data=f"s3://{BUCKET}/corrupt.tar.gz")
    shared = {"data": f"s3://{BUCKET}/shared/", "output_path": f"s3://{BUCKET}/shared-out/"}
    first, second = submit(real, **shared), submit(real, **shared, model_name="never-starts")
    for job in (first, second):
        starting.start(job.pk)
    first, second = follow(first), follow(second)
    assert (first.state, first.objects_done) == (JobState.COMPLETED, 1)
    # The second was accepted before the first wrote; it failed before it ran.
    assert (second.state, second.started_at, second.objects_done) == (JobState.FAILED, None, 0)
    assert job_outputs.outputs(second).outputs == ()
    cause = "the model's archive cannot be fetched or unpacked"
    assert sentence(second) == f"Failed: {cause}. No output is written."


def test_an_archive_that_climbs_out_of_its_folder_fails_the_job(real: House, bucket: Any) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../climbed")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    bucket.put_object(Bucket=BUCKET, Key="climbing.tar.gz", Body=packed.getvalue())
    register(real, "climbing", data=f"s3://{BUCKET}/climbing.tar.gz")
    job = submit(real, model_name="climbing")
    starting.start(job.pk)
    assert follow(job).state == JobState.FAILED


def test_an_image_without_a_runtime_ends_with_a_reason(
    real: House, bucket: Any, engine: EngineProcess
) -> None:
    register(real, "unknown-image")
    # Somebody makes the model anew, past the dashboard, which would not register such an image.
    sagemaker = engine.client("sagemaker")
    described = sagemaker.describe_model(ModelName="unknown-image")
    sagemaker.delete_model(ModelName="unknown-image")
    sagemaker.create_model(
        ModelName="unknown-image",
        PrimaryContainer={**described["PrimaryContainer"], "Image": "example.com/nobody/knows:this"},
    )
    job = submit(real, model_name="unknown-image")
    starting.start(job.pk)
    job.refresh_from_db()
    if not job.is_terminal:
        job = follow(job)
    assert job.state in {JobState.FAILED, JobState.REJECTED}
    assert "example.com/nobody/knows:this" in job.state_reason


def test_a_job_that_completed_without_all_its_outputs_says_so(
    real: House, loaded: RegisteredModel, engine: EngineProcess
) -> None:
    job = sample_job(real)
    starting.start(job.pk)
    sagemaker, deadline = engine.client("sagemaker"), time.monotonic() + 120
    while sagemaker.describe_transform_job(TransformJobName=job.name)["TransformJobStatus"] == "InProgress":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    bucket, folder = parse_s3_uri(job.output_path)
    engine.client("s3").delete_object(Bucket=bucket, Key=f"{folder}part-0.csv.out")
    job = follow(job)
    assert job.state == JobState.COMPLETED
    assert job.warning_texts == ["1 of 4 outputs are missing: part-0.csv."]
    assert job.objects_done == 3


def test_stop_reaches_the_engine_and_the_job_ends_stopped(
    real: House, loaded: RegisteredModel, bucket: Any
) -> None:
    rows = (b",".join([b"1.5"] * 30) + b"\n") * 20_000
    bucket.put_object(Bucket=BUCKET, Key="long/rows.csv", Body=rows)
    job = submit(real, data=f"s3://{BUCKET}/long/", strategy="SingleRecord", max_concurrent_transforms=1)
    starting.start(job.pk)
    poll_now(real.connection)
    stop_service.stop(job, by=real.people["bob"])
    assert stopping.stop_remote(job.pk)
    job = follow(job)
    assert (job.state, job.state_reason) == (JobState.STOPPED, "Stopped by bob.")
    stop_request = next(event for event in queries.timeline(job) if event.to_state == JobState.STOPPING)
    assert stop_request.by == real.people["bob"]
    with pytest.raises(NotPossible, match="it is stopped"):
        stop_service.stop(job, by=real.people["bob"])


def test_a_stop_asked_for_while_the_job_is_submitted_is_passed_on(
    real: House, loaded: RegisteredModel
) -> None:
    job = sample_job(real)
    job.move(JobState.SUBMITTING, from_={JobState.WAITING})
    stop_service.stop(job, by=real.people["bob"])
    TransformJob.objects.filter(pk=job.pk).update(changed_at=timezone.now() - timedelta(minutes=5))
    assert starting.start(job.pk) is starting.Started.TO_STOP
    stopping.stop_remote(job.pk)
    assert follow(job).state in {JobState.STOPPED, JobState.COMPLETED}


def test_the_plan_keeps_what_each_input_was(real: House, loaded: RegisteredModel, bucket: Any) -> None:
    for name, body in [("keep/a.csv", b"1,2\n"), ("keep/b.csv", b"")]:
        bucket.put_object(Bucket=BUCKET, Key=name, Body=body)
    job = submit(real, data=f"s3://{BUCKET}/keep/")
    starting.start(job.pk)
    assert [(row.key, row.size, row.etag) for row in job.planned.all()] == [
        ("keep/a.csv", 4, hashlib.md5(b"1,2\n", usedforsecurity=False).hexdigest()),
        ("keep/b.csv", 0, hashlib.md5(b"", usedforsecurity=False).hexdigest()),
    ]


def test_a_manifest_is_planned_entry_by_entry(real: House, loaded: RegisteredModel, bucket: Any) -> None:
    s3 = bucket
    body = (sample.read().folder / "data" / "part-0.csv").read_bytes()
    for name in ["x/one.csv", "x/sub/two.csv", "x/unlisted.csv"]:
        s3.put_object(Bucket=BUCKET, Key=name, Body=body)
    listed = [{"prefix": f"s3://{BUCKET}/x/"}, "one.csv", "sub/two.csv"]
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=json.dumps(listed).encode())
    job = submit(
        real, data=f"s3://{BUCKET}/manifest.json", data_type="ManifestFile", output_path=f"s3://{BUCKET}/mout"
    )
    starting.start(job.pk)
    assert [row.key for row in job.planned.all()] == ["x/one.csv", "x/sub/two.csv"]
    job = follow(job)
    assert (job.state, job.warning_texts) == (JobState.COMPLETED, [])
    assert [output.key for output in job_outputs.outputs(job).outputs] == [
        "mout/one.csv.out",
        "mout/sub/two.csv.out",
    ]


def test_a_job_the_engine_forgot_fails_and_says_what_to_do(real: House) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    job = real.job(JobState.IN_PROGRESS, name="forgotten", accepted_at=long_ago)
    fresh = real.job(JobState.IN_PROGRESS, name="too-fresh-to-tell")
    assert poll_now(real.connection).ended == [job.pk]
    job.refresh_from_db()
    fresh.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "submit it again" in job.state_reason
    assert fresh.state == JobState.IN_PROGRESS


def test_a_poll_asks_only_about_what_changed(real: House, loaded: RegisteredModel, bucket: Any) -> None:
    """The second poll of an unchanged job writes nothing to its row."""
    rows = (b",".join([b"1.5"] * 30) + b"\n") * 20_000
    bucket.put_object(Bucket=BUCKET, Key="slow/rows.csv", Body=rows)
    job = submit(real, data=f"s3://{BUCKET}/slow/", strategy="SingleRecord", max_concurrent_transforms=1)
    starting.start(job.pk)
    deadline = time.monotonic() + 60
    while job.started_at is None and time.monotonic() < deadline:
        poll_now(real.connection)
        job.refresh_from_db()
    # The job may have begun between that poll's List and its Describe; one more poll has both from after it.
    poll_now(real.connection)
    job.refresh_from_db()
    modified_at = job.remote_modified_at
    assert modified_at is not None
    poll_now(real.connection)
    job.refresh_from_db()
    assert job.remote_modified_at == modified_at
    stop_service.stop(job, by=real.people["bob"])
    stopping.stop_remote(job.pk)
    follow(job)


def test_a_connection_is_tried(real: House) -> None:
    assert permissions.test(real.connection).account == "000000000000"
    real.connection.refresh_from_db()
    assert real.connection.account_id == "000000000000"
    assert real.connection.last_ok_at is not None
    assert real.connection.last_error == ""


def test_the_return_of_an_engine_clears_its_error(real: House) -> None:
    Connection.objects.update(last_error="was away")
    real.connection.refresh_from_db()
    polling.poll(real.connection.pk)
    real.connection.refresh_from_db()
    assert real.connection.last_error == ""


def test_registering_the_same_model_again_is_refused_here_and_adopted_from_sagemaker(
    real: House, other_house: House
) -> None:
    register(real, "shared-model")
    with pytest.raises(InvalidFields) as refused:
        register(real, "shared-model")
    assert set(refused.value.fields) == {"name"}
    # Another team on the same account: the same definition is the same model, another one a clash.
    Connection.objects.filter(pk=other_house.connection.pk).update(endpoint_url=real.connection.endpoint_url)
    other_house.connection.refresh_from_db()
    charlie = other_house.people["charlie"]
    adopted = registered_models.register(
        other_house.connection,
        name="shared-model",
        containers=[registered_models.container(IMAGE)],
        by=charlie,
    )
    assert adopted.arn
    adopted.delete()
    with pytest.raises(InvalidFields, match="choose another name"):
        registered_models.register(
            other_house.connection,
            name="shared-model",
            containers=[registered_models.container("other/xgboost:1.5-1")],
            by=charlie,
        )


def test_a_job_without_a_log_says_why(real: House) -> None:
    assert "the job has not been started" in logs.page(real.job()).note
    running = real.job(JobState.IN_PROGRESS, name="no-such-job")
    assert "begins when the first instance runs" in logs.page(running).note
