"""A full disk: clients are told, deletes make room, jobs wait and go on by themselves; nothing is half-written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.resources import ROLE, STRANGE_IMAGE
from tests.engine.transforms import MODEL_SERVERS, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until
from tests.support.small_disk import SmallDisk, mounted

BUCKET = "full"
BODY = b"x" * 200_000
PART = b"p" * 5 * 1024**2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """What the engine's data is on."""
    with mounted(tmp_path / "disk", 64) as disk:
        yield disk


@pytest.fixture
def own_engine(disk: SmallDisk) -> Iterator[EngineProcess]:
    """An engine on that disk, with a bucket."""
    process = EngineProcess(disk.folder / "engine", ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    process.client("s3").create_bucket(Bucket=BUCKET)
    yield process
    process.stop()


@pytest.fixture
def client(own_engine: EngineProcess) -> Any:
    """S3 at that engine."""
    return own_engine.client("s3")


def keys(client: Any) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def refusal(call: Any, **params: Any) -> dict[str, Any]:
    """The error that the call gets."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return dict(caught.value.response)


def bodies(engine: EngineProcess) -> int:
    """How many body files the engine has."""
    return sum(1 for path in (engine.data_dir / "objects" / "bodies").rglob("*") if path.is_file())


def test_a_client_is_told_that_the_disk_is_full_with_a_status_that_it_tries_again_after(
    own_engine: EngineProcess, client: Any, disk: SmallDisk
) -> None:
    client.put_object(Bucket=BUCKET, Key="before", Body=BODY)
    disk.fill()
    model = {"ModelName": "m", "PrimaryContainer": {"Image": STRANGE_IMAGE}, "ExecutionRoleArn": ROLE}
    refused = [refusal(client.put_object, Bucket=BUCKET, Key=key, Body=BODY) for key in ("before", "new")]
    # Small things still fit into space that the databases have; what no longer does is refused in the same way.
    sagemaker = own_engine.client("sagemaker")
    for number in range(1000):
        try:
            sagemaker.create_model(**{**model, "ModelName": f"m-{number}"})
        except ClientError as error:
            refused.append(dict(error.response))
            break
    assert len(refused) == 3
    for answer in refused:
        assert answer["Error"]["Code"] == "ServiceUnavailable"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert "disk is full" in answer["Error"]["Message"]
    assert keys(client) == ["before"]
    assert client.get_object(Bucket=BUCKET, Key="before")["Body"].read() == BODY
    assert bodies(own_engine) == 1
    disk.empty()
    client.put_object(Bucket=BUCKET, Key="new", Body=BODY)
    assert keys(client) == ["before", "new"]


def test_deletes_make_room_on_a_full_disk(own_engine: EngineProcess, client: Any, disk: SmallDisk) -> None:
    names = [f"small-{number:04}" for number in range(400)]
    for name in names:
        client.put_object(Bucket=BUCKET, Key=name, Body=b"small" * 200)
    client.put_object(Bucket=BUCKET, Key="large", Body=PART)
    upload = {"Bucket": BUCKET, "Key": "parts"}
    upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
    client.upload_part(**upload, PartNumber=1, Body=PART)
    disk.fill()
    assert (
        "disk is full" in refusal(client.put_object, Bucket=BUCKET, Key="more", Body=PART)["Error"]["Message"]
    )

    client.delete_object(Bucket=BUCKET, Key=names[0])
    named = [{"Key": name} for name in names[1:]]
    answer = client.delete_objects(Bucket=BUCKET, Delete={"Objects": named})
    assert len(answer["Deleted"]) == len(named)
    assert "Errors" not in answer
    client.abort_multipart_upload(**upload)
    client.delete_object(Bucket=BUCKET, Key="large")
    assert keys(client) == []
    assert bodies(own_engine) == 0

    # The reserve is whole again once there is space: the disk may be full a second time.
    disk.empty()
    client.put_object(Bucket=BUCKET, Key="again", Body=PART)
    disk.fill()
    client.delete_object(Bucket=BUCKET, Key="again")
    assert keys(client) == []


def test_a_job_that_met_a_full_disk_goes_on_by_itself(own_engine: EngineProcess, disk: SmallDisk) -> None:
    inputs = {f"{number:02}": b"%02d\n" % number * 20_000 for number in range(12)}
    job = transform(
        own_engine,
        inputs,
        environment={"DELAY": "0.05"},
        MaxConcurrentTransforms=1,
        BatchStrategy="MultiRecord",
        MaxPayloadInMB=1,
    )
    until(lambda: job.outputs, "a first output")
    disk.fill()
    waiting = until(lambda: job.describe().get("FailureReason"), "the reason to wait")
    assert "disk is full" in waiting
    assert job.status == "InProgress"
    whole = job.outputs
    assert 0 < len(whole) < len(inputs)
    assert all(body == inputs[name.removesuffix(".out")] for name, body in whole.items())

    disk.empty()
    job.completed()
    assert job.outputs == {f"{name}.out": body for name, body in inputs.items()}
    assert "FailureReason" not in job.describe()


def test_answers_without_end_fail_their_job_before_the_disk_is_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 400) as disk:
        limits = "free_mb=100"
        engine = EngineProcess(
            disk.folder / "engine", ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS), ENGINE_LIMITS=limits
        ).start()
        try:
            # Each line is answered with 10,000 bytes more: 440 MB in all, for which there is no space.
            line = b"x" * 1000 + b"\n"
            job = transform(
                engine,
                {"a-small": line, "endless": line * 40_000},
                environment={"SUFFIX": "y" * 10_000},
                BatchStrategy="MultiRecord",
                MaxPayloadInMB=1,
                MaxConcurrentTransforms=1,
                ModelClientConfig={"InvocationsTimeoutInSeconds": 600},
            )
            assert "this job has written" in job.failed()
            assert [*job.outputs] == ["a-small.out"]
            engine.client("s3").put_object(Bucket="transforms", Key="after", Body=PART)
        finally:
            engine.stop()


def test_a_job_is_stopped_on_a_full_disk(own_engine: EngineProcess, disk: SmallDisk) -> None:
    job = transform(own_engine, {"x": b"sleep"})
    until(lambda: "got " in job.log, "the request")
    disk.fill()
    job.stop()
    assert job.ended()["TransformJobStatus"] == "Stopped"


def test_the_engine_starts_on_a_full_disk(own_engine: EngineProcess, client: Any, disk: SmallDisk) -> None:
    client.put_object(Bucket=BUCKET, Key="kept", Body=BODY)
    disk.fill()
    own_engine.restart()
    assert client.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == BODY
    client.delete_object(Bucket=BUCKET, Key="kept")
    disk.empty()
    client.put_object(Bucket=BUCKET, Key="new", Body=BODY)
    assert keys(client) == ["new"]
