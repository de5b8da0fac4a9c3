"""A batch transform from end to end with boto3: its transfer manager, waiter, paginators and typed exceptions."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, WaiterError

from tests.contract.cloud import GROUP, SAMPLE, Cloud, unique

#: One worker, so that the jobs are run once.
pytestmark = [pytest.mark.xdist_group("contract-boto3"), pytest.mark.timeout(1800)]

EXPECTED = json.loads((SAMPLE / "expected.json").read_text())
WORD = unique("boto3")


def request(cloud: Cloud, model: str, data: str, word: str) -> dict[str, Any]:
    """A CreateTransformJob request over CSV lines, its output under the job's name."""
    name = f"{WORD}-{word}"
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {
            "S3OutputPath": f"s3://{cloud.bucket}/{name}/out",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Tags": [{"Key": "step", "Value": word}],
    }


def wait(cloud: Cloud, name: str) -> None:
    """boto3's own waiter. Raises WaiterError when the job fails."""
    waiter = cloud.client("sagemaker").get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=name, WaiterConfig={"Delay": cloud.poll, "MaxAttempts": 1200 // cloud.poll})


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def model(cloud: Cloud, sagemaker: Any, sample_model: str) -> Iterator[str]:
    container = {"Image": cloud.image, "ModelDataUrl": sample_model}
    sagemaker.create_model(ModelName=WORD, PrimaryContainer=container, ExecutionRoleArn=cloud.role)
    yield WORD
    sagemaker.delete_model(ModelName=WORD)


@pytest.fixture(scope="module")
def completed(cloud: Cloud, sagemaker: Any, model: str, sample_data: str) -> dict[str, Any]:
    """DescribeTransformJob's answer about a job that was waited for."""
    body = request(cloud, model, sample_data, "completed")
    sagemaker.create_transform_job(**body)
    wait(cloud, body["TransformJobName"])
    return dict(sagemaker.describe_transform_job(TransformJobName=body["TransformJobName"]))


@pytest.fixture(scope="module")
def stopped(cloud: Cloud, sagemaker: Any, model: str, sample_data: str) -> dict[str, Any]:
    """The same about a job that was stopped as soon as it was there."""
    body = request(cloud, model, sample_data, "stopped")
    sagemaker.create_transform_job(**body)
    sagemaker.stop_transform_job(TransformJobName=body["TransformJobName"])
    wait(cloud, body["TransformJobName"])
    return dict(sagemaker.describe_transform_job(TransformJobName=body["TransformJobName"]))


@pytest.fixture(scope="module")
def failed(cloud: Cloud, sagemaker: Any, model: str) -> dict[str, Any]:
    """The same about a job whose only record the model can not read."""
    body = request(cloud, model, f"s3://{cloud.bucket}/{WORD}/bad.csv", "failed")
    cloud.client("s3").put_object(Bucket=cloud.bucket, Key=f"{WORD}/bad.csv", Body=b"no,numbers\n")
    sagemaker.create_transform_job(**body)
    with pytest.raises(WaiterError):
        wait(cloud, body["TransformJobName"])
    return dict(sagemaker.describe_transform_job(TransformJobName=body["TransformJobName"]))


def test_a_large_object_goes_up_and_comes_down_in_parts(cloud: Cloud) -> None:
    s3, body = cloud.client("s3"), bytes(range(256)) * 4 * 1024 * 11
    in_parts = TransferConfig(multipart_threshold=5 * 1024**2, multipart_chunksize=5 * 1024**2)
    s3.upload_fileobj(io.BytesIO(body), cloud.bucket, f"{WORD}/large", Config=in_parts)
    back = io.BytesIO()
    s3.download_fileobj(cloud.bucket, f"{WORD}/large", back, Config=in_parts)
    assert back.getvalue() == body
    assert s3.head_object(Bucket=cloud.bucket, Key=f"{WORD}/large")["ETag"].endswith('-3"')


def test_the_waiter_returns_when_the_job_is_completed(completed: dict[str, Any]) -> None:
    assert completed["TransformJobStatus"] == "Completed"
    assert completed["CreationTime"] <= completed["TransformStartTime"] <= completed["TransformEndTime"]


def test_every_input_has_the_predictions_of_the_model(cloud: Cloud, completed: dict[str, Any]) -> None:
    s3, prefix = cloud.client("s3"), f"{completed['TransformJobName']}/out/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=cloud.bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    assert keys == [f"{prefix}{name}.out" for name in EXPECTED]
    for key, expected in zip(keys, EXPECTED.values(), strict=True):
        lines = s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read().splitlines()
        assert len(lines) == expected["rows"]
        assert float(lines[0]) == pytest.approx(expected["first"])
        assert float(lines[-1]) == pytest.approx(expected["last"])


def test_the_waiter_returns_when_the_job_is_stopped(stopped: dict[str, Any]) -> None:
    assert stopped["TransformJobStatus"] == "Stopped"


def test_the_waiter_raises_when_the_job_fails(failed: dict[str, Any]) -> None:
    assert failed["TransformJobStatus"] == "Failed"
    assert failed["FailureReason"]


def test_each_filter_of_the_list_keeps_what_it_names(
    sagemaker: Any, completed: dict[str, Any], stopped: dict[str, Any], failed: dict[str, Any]
) -> None:
    def names(**filters: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_transform_jobs").paginate(
            **{"NameContains": WORD, "SortBy": "CreationTime", "SortOrder": "Ascending", **filters}
        )
        names = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
        return [name.removeprefix(f"{WORD}-") for name in names]

    in_order = sorted((completed, stopped, failed), key=lambda job: job["CreationTime"])
    words = [job["TransformJobName"].removeprefix(f"{WORD}-") for job in in_order]
    second = in_order[1]["CreationTime"]
    moment = timedelta(milliseconds=1)
    assert names() == words
    assert names(SortOrder="Descending") == words[::-1]
    assert names(SortBy="Name") == sorted(words)
    assert names(NameContains=f"{WORD}-st") == ["stopped"]
    assert names(StatusEquals="Failed") == ["failed"]
    assert names(StatusEquals="InProgress") == []
    assert names(CreationTimeAfter=second + moment) == words[2:]
    assert names(CreationTimeBefore=second - moment) == words[:1]
    ends = {job["TransformJobName"].removeprefix(f"{WORD}-"): job["TransformEndTime"] for job in in_order}
    last = max(ends, key=lambda word: ends[word])
    assert last in names(LastModifiedTimeAfter=ends[last] - moment)
    assert names(LastModifiedTimeBefore=completed["CreationTime"]) == []


def test_pages_of_one_hold_every_job_once(sagemaker: Any, completed: Any, stopped: Any, failed: Any) -> None:
    paginator = sagemaker.get_paginator("list_transform_jobs")
    pages = [
        page["TransformJobSummaries"]
        for page in paginator.paginate(NameContains=WORD, PaginationConfig={"PageSize": 1})
        if page["TransformJobSummaries"]
    ]
    assert [len(page) for page in pages] == [1, 1, 1]
    assert {page[0]["TransformJobArn"] for page in pages} == {
        job["TransformJobArn"] for job in (completed, stopped, failed)
    }


def test_models_are_listed_by_name(sagemaker: Any, model: str) -> None:
    listing = sagemaker.get_paginator("list_models").paginate(NameContains=WORD).build_full_result()
    assert [entry["ModelName"] for entry in listing["Models"]] == [model]


def test_the_logs_of_a_job_are_read_by_paginators(cloud: Cloud, completed: dict[str, Any]) -> None:
    logs, prefix = cloud.client("logs"), f"{completed['TransformJobName']}/"
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUP).build_full_result()
    assert GROUP in [group["logGroupName"] for group in groups["logGroups"]]
    listed = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, logStreamNamePrefix=prefix, PaginationConfig={"PageSize": 1}
    )
    streams = [stream["logStreamName"] for page in listed for stream in page["logStreams"]]
    assert streams
    assert all(stream.startswith(prefix) for stream in streams)
    events = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, logStreamNamePrefix=prefix, PaginationConfig={"PageSize": 2}
    )
    messages = [event["message"] for page in events for event in page["events"]]
    first = logs.get_log_events(logGroupName=GROUP, logStreamName=streams[0], startFromHead=True)["events"]
    assert {event["message"] for event in first} <= set(messages)


def test_tags_are_listed_added_and_deleted(sagemaker: Any, completed: dict[str, Any]) -> None:
    def tags() -> dict[str, str]:
        pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=completed["TransformJobArn"])
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    assert tags() == {"step": "completed"}
    sagemaker.add_tags(
        ResourceArn=completed["TransformJobArn"],
        Tags=[{"Key": "step", "Value": "read"}, {"Key": "team", "Value": "risk"}],
    )
    assert tags() == {"step": "read", "team": "risk"}
    sagemaker.delete_tags(ResourceArn=completed["TransformJobArn"], TagKeys=["team", "none"])
    assert tags() == {"step": "read"}


def test_a_taken_name_is_resource_in_use(
    cloud: Cloud, sagemaker: Any, completed: dict[str, Any], sample_data: str
) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_transform_job(**request(cloud, WORD, sample_data, "completed"))


def test_an_unknown_job_is_a_validation_error_to_read_and_not_found_to_stop(sagemaker: Any) -> None:
    with pytest.raises(ClientError) as read:
        sagemaker.describe_transform_job(TransformJobName=unique("never"))
    assert read.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError) as stop:
        sagemaker.stop_transform_job(TransformJobName=unique("never"))
    assert stop.value.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound")


def test_s3_and_logs_raise_the_exceptions_of_their_models(cloud: Cloud) -> None:
    s3, logs = cloud.client("s3"), cloud.client("logs")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=cloud.bucket, Key=f"{WORD}/none")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket=unique("none"))
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(logGroupName=GROUP, logStreamName=f"{WORD}/none")


def test_a_deleted_model_is_gone_and_its_jobs_stay(
    cloud: Cloud, sagemaker: Any, sample_model: str, completed: dict[str, Any]
) -> None:
    name = f"{WORD}-deleted"
    container = {"Image": cloud.image, "ModelDataUrl": sample_model}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=cloud.role)
    sagemaker.delete_model(ModelName=name)
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.describe_model(ModelName=name)
    assert sagemaker.describe_transform_job(TransformJobName=completed["TransformJobName"])
