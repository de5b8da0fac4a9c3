"""The operations of processing jobs: what is refused, described, listed, stopped, deleted and tagged."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.processing.runs import (
    BUCKET,
    CODE,
    IMAGES,
    ProcessingRun,
    create,
    put,
    request,
    run,
    source,
    target,
)
from tests.engine.resources import refused, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess
from tests.support.polling import until

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def finished(processing_engine: EngineProcess) -> ProcessingRun:
    """A completed job."""
    return run(processing_engine, "import time; time.sleep(2)", Tags=[{"Key": "a", "Value": "1"}]).completed()


@pytest.fixture
def sagemaker(processing_engine: EngineProcess) -> Any:
    return processing_engine.client("sagemaker")


def set_in(path: str, value: Any) -> Change:
    """A change of one member of a request, which is given by its path."""

    def change(params: dict[str, Any]) -> None:
        *names, last = [int(word) if word.isdecimal() else word for word in path.split(".")]
        place: Any = params
        for name in names:
            place = place[name]
        place[last] = value

    return change


DATASET = {
    "InputName": "rows",
    "DatasetDefinition": {
        "LocalPath": "/opt/ml/processing/rows",
        "AthenaDatasetDefinition": {
            "Catalog": "c",
            "Database": "d",
            "QueryString": "select 1",
            "OutputS3Uri": "s3://b/o",
            "OutputFormat": "PARQUET",
        },
    },
}
REFUSALS: list[tuple[Change, str]] = [
    (
        set_in("ProcessingInputs.0.S3Input.S3InputMode", "Pipe"),
        "ProcessingInputs[0].S3Input.S3InputMode Pipe",
    ),
    (set_in("ProcessingInputs.0", DATASET), "ProcessingInputs[0].DatasetDefinition"),
    (set_in("ProcessingInputs.0", {"InputName": "x"}), "ProcessingInputs[0].S3Input is required"),
    (
        set_in("ProcessingInputs.0.S3Input.LocalPath", "/opt/ml/model"),
        "must be a folder below /opt/ml/processing/",
    ),
    (set_in("ProcessingInputs.0.S3Input.LocalPath", "/opt/ml/processing/../x"), "must be a folder below"),
    (set_in("ProcessingInputs.0.S3Input.LocalPath", "/opt/ml/processing/"), "must be a folder below"),
    (
        lambda params: params["ProcessingInputs"][0]["S3Input"].pop("LocalPath"),
        "LocalPath is required unless",
    ),
    (
        lambda params: params["ProcessingInputs"].append(source("s3://b/x", f"{CODE}/", "other")),
        "2 of them have the S3Input.LocalPath",
    ),
    (
        lambda params: params["ProcessingInputs"].append(source("s3://b/x", "/opt/ml/processing/x", "code")),
        "2 of them have the InputName 'code'",
    ),
    (
        set_in(
            "ProcessingOutputConfig.Outputs.0",
            {"OutputName": "f", "FeatureStoreOutput": {"FeatureGroupName": "g"}},
        ),
        "ProcessingOutputConfig.Outputs[0].FeatureStoreOutput",
    ),
    (
        set_in("ProcessingOutputConfig.Outputs.0.S3Output.LocalPath", "out"),
        "is 'out'; it must be a folder below",
    ),
    (lambda params: params["AppSpecification"].pop("ContainerEntrypoint"), "ContainerEntrypoint is required"),
    (
        lambda params: params["ProcessingResources"]["ClusterConfig"].pop("InstanceCount"),
        "ClusterConfig.InstanceCount is required",
    ),
    (
        set_in(
            "ProcessingResources.ClusterConfig",
            {
                "VolumeSizeInGB": 1,
                "InstancePreferences": [{"InstanceType": "ml.m5.large", "InstanceCount": 1}],
            },
        ),
        "InstancePreferences: the embedded engine does not choose",
    ),
    (set_in("ProcessingResources.ClusterConfig.VolumeSizeInGB", 16385), "volumeSizeInGB"),
    (set_in("StoppingCondition", {"MaxRuntimeInSeconds": 777601}), "maxRuntimeInSeconds"),
    (set_in("ProcessingResources.ClusterConfig.InstanceType", "ml.x9.huge"), "enum value set"),
]


@pytest.mark.parametrize(("change", "words"), REFUSALS, ids=[words[:40] for _, words in REFUSALS])
def test_a_request_that_cannot_run_is_refused_with_its_field(
    processing_engine: EngineProcess, sagemaker: Any, change: Change, words: str
) -> None:
    params = request(processing_engine, "")
    change(params)
    with refused("ValidationException", words):
        sagemaker.create_processing_job(**params)
    with refused("ResourceNotFound", "Could not find requested job with name"):
        sagemaker.describe_processing_job(ProcessingJobName=params["ProcessingJobName"])


def test_inputs_and_outputs_of_the_application_are_left_to_it(processing_engine: EngineProcess) -> None:
    params = request(processing_engine, "")
    params["ProcessingInputs"].append(
        {
            "InputName": "own",
            "AppManaged": True,
            "S3Input": {"S3Uri": f"s3://{BUCKET}/nothing/", "S3DataType": "S3Prefix"},
        }
    )
    own_output = {**target("s3://no-such-bucket/x", name="own"), "AppManaged": True}
    params["ProcessingOutputConfig"]["Outputs"].append(own_output)
    assert create(processing_engine, params).completed().outputs == {}


def test_a_name_can_be_used_again_only_once_its_job_is_deleted(
    processing_engine: EngineProcess, sagemaker: Any
) -> None:
    params = request(processing_engine, "import time; time.sleep(600)")
    job = create(processing_engine, params)
    with refused("ResourceInUse", "a job with this name already exists"):
        sagemaker.create_processing_job(**params)
    with refused("ResourceInUse", "is in status InProgress"):
        sagemaker.delete_processing_job(ProcessingJobName=job.name)
    job.stop()
    assert job.ended()["ProcessingJobStatus"] == "Stopped"
    sagemaker.delete_processing_job(ProcessingJobName=job.name)
    with refused("ResourceNotFound", job.name):
        job.describe()
    create(processing_engine, request(processing_engine, "", name=job.name)).completed()


def test_a_finished_job_cannot_be_stopped(sagemaker: Any, finished: ProcessingRun) -> None:
    with refused("ValidationException", "the processing job is in status Completed"):
        finished.stop()
    with refused("ResourceNotFound", "no-such-job"):
        sagemaker.stop_processing_job(ProcessingJobName="no-such-job")


def test_a_description_has_the_request_and_the_times(finished: ProcessingRun) -> None:
    job = finished.describe()
    assert job["ProcessingJobArn"].endswith(f":processing-job/{finished.name}")
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == (
        f"s3://{BUCKET}/{finished.name}/out"
    )
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


def test_jobs_are_listed_oldest_first_in_pages_by_name_status_and_time(
    processing_engine: EngineProcess, sagemaker: Any
) -> None:
    word = unique("listed")
    before = datetime.now(UTC) - timedelta(seconds=1)
    names = [f"{word}-{number}" for number in range(3)]
    for name in names:
        params = request(processing_engine, "", name=name)
        params["AppSpecification"]["ImageUri"] = "unknown"
        create(processing_engine, params).failed()

    def listed(**filters: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_processing_jobs").paginate(
            NameContains=word, PaginationConfig={"PageSize": 2}, **filters
        )
        return [job["ProcessingJobName"] for page in pages for job in page["ProcessingJobSummaries"]]

    assert listed() == names
    assert listed(SortOrder="Descending", SortBy="Name") == names[::-1]
    assert listed(StatusEquals="Failed", CreationTimeAfter=before) == names
    assert listed(StatusEquals="Completed") == []
    assert listed(CreationTimeBefore=before) == []


def test_a_job_has_tags(sagemaker: Any, finished: ProcessingRun) -> None:
    arn = finished.describe()["ProcessingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])


def test_the_use_of_the_machine_is_measured_in_a_namespace_of_its_own(
    processing_engine: EngineProcess, finished: ProcessingRun
) -> None:
    metrics = processing_engine.client("cloudwatch")
    dimensions = [{"Name": "Host", "Value": f"{finished.name}/algo-1"}]

    def listed(namespace: str) -> set[str]:
        answer = metrics.list_metrics(Namespace=namespace, Dimensions=dimensions)
        return {metric["MetricName"] for metric in answer["Metrics"]}

    assert listed("/aws/sagemaker/ProcessingJobs") == {"CPUUtilization", "MemoryUtilization"}
    assert listed("/aws/sagemaker/TransformJobs") == set()
    statistics = metrics.get_metric_statistics(
        Namespace="/aws/sagemaker/ProcessingJobs",
        MetricName="CPUUtilization",
        Dimensions=dimensions,
        StartTime=time.time() - 3600,
        EndTime=time.time() + 60,
        Period=60,
        Statistics=["Maximum"],
    )
    assert statistics["Datapoints"]


def test_a_team_runs_its_own_jobs_and_meets_no_others(
    processing_engine: EngineProcess, finished: ProcessingRun
) -> None:
    team = unique("team")
    put(processing_engine, "others/secret", b"secret")
    done = make_key(processing_engine, team, "--s3", f"s3://{BUCKET}/{team}/", "--names", f"{team}-*")
    assert done.returncode == 0, done.stderr
    ours = client_of(processing_engine, team)

    def ask(prefix: str = f"{team}/{team}-job", **changes: Any) -> dict[str, Any]:
        """A request of the team, whose name is not that of its folder."""
        params = request(
            processing_engine,
            f"""
            import boto3
            s3, report = boto3.client("s3"), []
            for key in ("{team}/mine", "others/secret"):
                try:
                    s3.put_object(Bucket="{BUCKET}", Key=key, Body=b"x")
                    report.append(key)
                except s3.exceptions.ClientError as error:
                    report.append(error.response["Error"]["Code"])
            open("/opt/ml/processing/out/report", "w").write(" ".join(report))
            """,
            name=prefix,
        )
        outputs = {"Outputs": [target(f"s3://{BUCKET}/{team}/out")]}
        return {**params, "ProcessingJobName": f"{team}-job", "ProcessingOutputConfig": outputs, **changes}

    sagemaker = ours("sagemaker")
    for change in (
        {"ProcessingJobName": unique("foreign")},
        {"ProcessingInputs": [source(f"s3://{BUCKET}/others/", "/opt/ml/processing/x")]},
        {"ProcessingOutputConfig": {"Outputs": [target(f"s3://{BUCKET}/others/out")]}},
        {"ProcessingOutputConfig": {"Outputs": [target(f"s3://{BUCKET}/{team}x")]}},
    ):
        with denied():
            sagemaker.create_processing_job(**ask(**change))
    for call in (
        sagemaker.describe_processing_job,
        sagemaker.stop_processing_job,
        sagemaker.delete_processing_job,
    ):
        with denied():
            call(ProcessingJobName=finished.name)
    create(processing_engine, ask(), ours).completed()
    report = processing_engine.client("s3").get_object(Bucket=BUCKET, Key=f"{team}/out/report")
    assert report["Body"].read().decode() == f"{team}/mine AccessDenied"
    names = [job["ProcessingJobName"] for job in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]]
    assert names == [f"{team}-job"]
    tags = sagemaker.list_tags(
        ResourceArn=finished.describe()["ProcessingJobArn"].replace(finished.name, names[0])
    )
    assert tags["Tags"] == []


def test_processing_jobs_have_quotas_and_instance_types_without_capacity(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    engine = EngineProcess(
        tmp_path_factory.mktemp("small"),
        ENGINE_QUOTAS="ml.m5.large=1",
        ENGINE_NO_CAPACITY="ml.p3.2xlarge",
        ENGINE_EXTRA_RUNTIMES=str(IMAGES),
    ).start()
    try:
        job = run(engine, "import time; time.sleep(600)")
        with refused("ResourceLimitExceeded", "'ml.m5.large for processing job usage' is 1 Instances"):
            run(engine, "")
        job.stop()
        until(lambda: job.status == "Stopped", "the job's end")
        params = request(engine, "")
        params["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.p3.2xlarge"
        assert create(engine, params).failed().startswith("CapacityError")
    finally:
        engine.stop()
