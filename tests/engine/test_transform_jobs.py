"""Transform jobs through boto3: what is accepted, what is told of them, how they are listed and stopped."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.operations.paging import make_token
from engine.store import JobRow, Store
from tests.engine.resources import (
    BUCKET,
    ROLE,
    create_model,
    job_request,
    model_data,
    put,
    refused,
    unique,
)
from tests.support.engine import EngineProcess


@pytest.fixture
def sagemaker(engine: EngineProcess) -> Any:
    return engine.client("sagemaker")


@pytest.fixture
def request_(engine: EngineProcess) -> dict[str, Any]:
    """A request that is accepted, on a model and an input of its own."""
    return job_request(create_model(engine), put(engine, f"{unique('in')}/data.csv"))


def finished(name: str, number: int = 0, status: str = "Completed") -> JobRow:
    at = 1_700_000_000.0 + number
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:transform-job/{name}"
    request = job_request("model", f"s3://{BUCKET}/in/", name)
    return JobRow(name, arn, request, [], status, None, at, at + 60, at, at + 60)


def wait_until_final(sagemaker: Any, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        job: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=name)
        if job["TransformJobStatus"] not in ("InProgress", "Stopping"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.05)


def test_a_job_is_described_with_the_defaults_sagemaker_fills_in(
    sagemaker: Any, request_: dict[str, Any]
) -> None:
    arn = sagemaker.create_transform_job(**request_)["TransformJobArn"]
    job = sagemaker.describe_transform_job(TransformJobName=request_["TransformJobName"])
    assert job["TransformJobArn"] == arn
    assert job["ModelName"] == request_["ModelName"]
    assert job["TransformInput"] == {
        **request_["TransformInput"],
        "CompressionType": "None",
        "SplitType": "None",
    }
    assert job["TransformOutput"] == {**request_["TransformOutput"], "AssembleWith": "None", "KmsKeyId": ""}
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert not {"MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy"} & set(job)
    assert abs(job["CreationTime"] - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_the_caller_gave_is_kept_word_for_word(sagemaker: Any, request_: dict[str, Any]) -> None:
    settings = {
        "MaxConcurrentTransforms": 4,
        "MaxPayloadInMB": 6,
        "BatchStrategy": "SingleRecord",
        "Environment": {"LEVEL": "3"},
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 0},
    }
    request_["TransformInput"] |= {"ContentType": "text/csv", "SplitType": "Line"}
    request_["TransformOutput"] |= {"Accept": "text/csv", "AssembleWith": "Line"}
    sagemaker.create_transform_job(**request_, **settings)
    job = sagemaker.describe_transform_job(TransformJobName=request_["TransformJobName"])
    assert {key: job[key] for key in settings} == settings
    assert job["TransformInput"]["SplitType"] == "Line"
    assert job["TransformOutput"]["Accept"] == "text/csv"


def test_an_image_nobody_knows_fails_the_job_with_a_reason(sagemaker: Any, request_: dict[str, Any]) -> None:
    sagemaker.create_transform_job(**request_)
    job = wait_until_final(sagemaker, request_["TransformJobName"])
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"]
    assert job["TransformEndTime"] >= job["CreationTime"]


def test_a_taken_name_is_in_use_even_after_model_and_input_are_gone(
    sagemaker: Any, request_: dict[str, Any]
) -> None:
    arn = sagemaker.create_transform_job(**request_)["TransformJobArn"]
    sagemaker.delete_model(ModelName=request_["ModelName"])
    with refused("ResourceInUse", arn):
        sagemaker.create_transform_job(**request_)


def test_an_unknown_model_is_refused_and_nothing_is_kept(sagemaker: Any, request_: dict[str, Any]) -> None:
    request_["ModelName"] = "no-such-model"
    with refused(
        "ValidationException", 'Could not find model "arn:aws:sagemaker:us-east-1:000000000000:model/no-such'
    ):
        sagemaker.create_transform_job(**request_)
    with refused("ValidationException", "Could not find requested job with name"):
        sagemaker.describe_transform_job(TransformJobName=request_["TransformJobName"])


@pytest.mark.parametrize("kind", ["S3Prefix", "ManifestFile"])
@pytest.mark.parametrize("uri", [f"s3://{BUCKET}/nothing/here/", "s3://no-such-bucket/in/"])
def test_an_input_without_objects_is_refused_as_sagemaker_does(
    sagemaker: Any, request_: dict[str, Any], kind: str, uri: str
) -> None:
    request_["TransformInput"]["DataSource"]["S3DataSource"] = {"S3DataType": kind, "S3Uri": uri}
    bucket = uri.split("/")[2]
    with refused(
        "ValidationException",
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
        "exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the "
        f'role "{ROLE}" has "s3:ListBucket" permissions on bucket "{bucket}".',
    ):
        sagemaker.create_transform_job(**request_)


@pytest.mark.parametrize("kind", ["AugmentedManifestFile", "Converse"])
def test_kinds_of_input_that_are_not_for_transform_jobs_are_refused(
    sagemaker: Any, request_: dict[str, Any], kind: str
) -> None:
    request_["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] = kind
    with refused("ValidationException", "S3DataType: It must be one of S3Prefix, ManifestFile"):
        sagemaker.create_transform_job(**request_)


def test_a_prefix_is_a_string_and_may_end_inside_a_name(engine: EngineProcess, sagemaker: Any) -> None:
    mark = unique("part")
    put(engine, f"{mark}-0001.csv")
    sagemaker.create_transform_job(**job_request(create_model(engine), f"s3://{BUCKET}/{mark}-00"))


def test_a_model_with_a_model_data_source_is_refused(engine: EngineProcess, sagemaker: Any) -> None:
    source = {
        "S3DataSource": {"S3Uri": model_data(engine), "S3DataType": "S3Object", "CompressionType": "Gzip"}
    }
    model = create_model(engine, PrimaryContainer={"Image": "i", "ModelDataSource": source})
    data = put(engine, f"{unique('in')}/data.csv")
    with refused("ValidationException", "container definitions which use ModelDataSource attribute"):
        sagemaker.create_transform_job(**job_request(model, data))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"BatchStrategy": "Foo"}, "Member must satisfy enum value set: [MultiRecord, SingleRecord]"),
        ({"TransformJobName": "no_underscores"}, "transformJobName"),
        ({"MaxConcurrentTransforms": 20, "MaxPayloadInMB": 20}, "100"),
        ({"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}, "unique"),
        ({"Tags": [{"Key": "aws:k", "Value": "1"}]}, "aws:"),
    ],
)
def test_a_request_that_breaks_the_rules_is_refused(
    sagemaker: Any, request_: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with refused("ValidationException", message):
        sagemaker.create_transform_job(**{**request_, **change})


def test_the_model_may_go_while_its_job_stays(
    engine: EngineProcess, sagemaker: Any, request_: dict[str, Any]
) -> None:
    sagemaker.create_transform_job(**request_)
    sagemaker.delete_model(ModelName=request_["ModelName"])
    job = wait_until_final(sagemaker, request_["TransformJobName"])
    assert job["ModelName"] == request_["ModelName"]


def test_an_unknown_job_can_not_be_stopped(sagemaker: Any) -> None:
    with refused("ValidationException", "Could not find job to update with name"):
        sagemaker.stop_transform_job(TransformJobName="no-such-job")


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_a_job_that_is_over_can_not_be_stopped(sagemaker: Any, store: Store, status: str) -> None:
    name = unique("over")
    store.jobs.create(finished(name, status=status))
    with refused(
        "ValidationException", f"The request was rejected because the transform job is in status {status}"
    ):
        sagemaker.stop_transform_job(TransformJobName=name)


def test_a_stopped_job_is_stopping_and_then_stopped(sagemaker: Any, store: Store) -> None:
    name = unique("stop")
    store.jobs.create(replace(finished(name, status="InProgress"), ended=None))
    sagemaker.stop_transform_job(TransformJobName=name)
    job = wait_until_final(sagemaker, name)
    assert job["TransformJobStatus"] == "Stopped"
    assert job["TransformEndTime"]


def test_a_job_that_is_stopping_may_be_stopped_again(sagemaker: Any, store: Store) -> None:
    name = unique("stop")
    store.jobs.create(replace(finished(name, status="Stopping"), ended=None))
    sagemaker.stop_transform_job(TransformJobName=name)
    assert sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] == "Stopping"


def test_a_killed_engine_has_forgotten_nothing_when_it_is_back(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "data").start()
    try:
        before = engine.client("sagemaker")
        model = create_model(engine)
        request = job_request(model, put(engine, "in/a.csv"), Tags=[{"Key": "k", "Value": "v"}])
        arn = before.create_transform_job(**request)["TransformJobArn"]
        job = wait_until_final(before, request["TransformJobName"])
        query = {"logGroupName": "/aws/sagemaker/TransformJobs"}
        lines = engine.client("logs").filter_log_events(**query)["events"]

        after = engine.restart().client("sagemaker")
        again = after.describe_transform_job(TransformJobName=request["TransformJobName"])
        assert lines
        assert engine.client("logs").filter_log_events(**query)["events"] == lines
        assert {**again, "ResponseMetadata": None} == {**job, "ResponseMetadata": None}
        assert after.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
        assert after.describe_model(ModelName=model)["ModelName"] == model
        with refused("ResourceInUse", arn):
            after.create_transform_job(**request)
    finally:
        engine.stop()


def test_a_list_holds_ten_jobs_newest_first_unless_told_otherwise(sagemaker: Any, store: Store) -> None:
    mark = unique("ten")
    for number in range(12):
        store.jobs.create(finished(f"{mark}-{number:02}", number))
    page = sagemaker.list_transform_jobs(NameContains=mark)
    names = [job["TransformJobName"] for job in page["TransformJobSummaries"]]
    assert names == [f"{mark}-{number:02}" for number in range(11, 1, -1)]
    rest = sagemaker.list_transform_jobs(NameContains=mark, NextToken=page["NextToken"])
    assert [job["TransformJobName"] for job in rest["TransformJobSummaries"]] == [f"{mark}-01", f"{mark}-00"]
    assert "NextToken" not in rest


def test_a_summary_has_the_fields_of_sagemakers(sagemaker: Any, store: Store) -> None:
    name = unique("summary")
    store.jobs.create(finished(name))
    (summary,) = sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert set(summary) == {
        "TransformJobName",
        "TransformJobArn",
        "CreationTime",
        "TransformEndTime",
        "LastModifiedTime",
        "TransformJobStatus",
    }


def test_filters_apply_before_paging(sagemaker: Any, store: Store) -> None:
    mark = unique("filter")
    for number in range(30):
        store.jobs.create(
            finished(f"{mark}-{number:02}", number, "Failed" if number % 10 == 0 else "Completed")
        )
    page = sagemaker.list_transform_jobs(NameContains=mark, StatusEquals="Failed", MaxResults=3)
    assert len(page["TransformJobSummaries"]) == 3
    assert "NextToken" not in page


def test_time_filters_leave_out_the_moment_itself(sagemaker: Any, store: Store) -> None:
    mark = unique("time")
    for number in range(5):
        store.jobs.create(finished(f"{mark}-{number}", number))

    def names(**filters: datetime) -> list[str]:
        jobs = sagemaker.list_transform_jobs(NameContains=mark, SortOrder="Ascending", **filters)
        return [job["TransformJobName"][-1] for job in jobs["TransformJobSummaries"]]

    def at(seconds: float) -> datetime:
        return datetime.fromtimestamp(1_700_000_000 + seconds, UTC)

    assert names(CreationTimeAfter=at(1), CreationTimeBefore=at(4)) == ["2", "3"]
    assert names(LastModifiedTimeAfter=at(61.5)) == ["2", "3", "4"]
    assert names(LastModifiedTimeBefore=at(60.5)) == ["0"]


@pytest.mark.parametrize("order", ["Name", "CreationTime", "Status"])
def test_the_paginator_meets_every_job_once_while_others_are_added(
    sagemaker: Any, store: Store, order: str
) -> None:
    mark = unique("stable")
    for number in range(9):
        store.jobs.create(finished(f"{mark}-{number}", number, ("Failed", "Completed")[number % 2]))
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=mark, SortBy=order, SortOrder="Ascending", MaxResults=2
    )
    listed_names: list[str] = []
    for page in pages:
        listed_names += [job["TransformJobName"] for job in page["TransformJobSummaries"]]
        store.jobs.create(finished(f"{mark}-0-late-{len(listed_names)}", 4, "Completed"))
    assert len(set(listed_names)) == len(listed_names)
    assert {f"{mark}-{number}" for number in range(9)} <= set(listed_names)


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "bnVsbA==",
        make_token("transform-jobs:CreationTime:True", [5.0, "job"]),
        make_token("transform-jobs:CreationTime:False", ["job", 5.0]),
        make_token("transform-jobs:CreationTime:False", [5.0, "\ud800"]),
        make_token("transform-jobs:CreationTime:False", [float("nan"), "job"]),
    ],
)
def test_a_token_nobody_gave_out_is_refused(sagemaker: Any, token: str) -> None:
    with refused("ValidationException", "NextToken"):
        sagemaker.list_transform_jobs(NextToken=token)


def test_ten_thousand_jobs_are_paged_through_once_each(sagemaker: Any, store: Store) -> None:
    for number in range(10_000):
        store.jobs.create(finished(f"many-{number:05}", number - 100_000))
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains="many-", StatusEquals="Completed", PaginationConfig={"PageSize": 100}
    )
    names = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
    assert names == [f"many-{number:05}" for number in range(9_999, -1, -1)]
