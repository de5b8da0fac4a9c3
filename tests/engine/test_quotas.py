"""Service Quotas through boto3, and CreateTransformJob held to them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.resources import create_model, job_request, put, refused, unique
from tests.engine.transforms import MODEL_SERVERS, container
from tests.support.engine import CHECKOUT, EngineProcess
from tests.support.polling import until


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with small quotas."""
    process = EngineProcess(
        tmp_path_factory.mktemp("small"),
        ENGINE_QUOTAS="ml.m5.large=2, ml.p3.2xlarge=0, total=3",
        ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS),
    ).start()
    yield process
    process.stop()


def lasting_job(engine: EngineProcess, instance_type: str, count: int) -> dict[str, Any]:
    """A request for a job that runs until it is stopped."""
    data = put(engine, f"{unique('in')}/rows", b"sleep\n")
    model = create_model(engine, PrimaryContainer=container(engine))
    resources = {"InstanceType": instance_type, "InstanceCount": count}
    return job_request(model, data, TransformResources=resources)


def every_quota(engine: EngineProcess, **options: Any) -> list[dict[str, Any]]:
    paginator = engine.client("service-quotas").get_paginator("list_service_quotas")
    pages = paginator.paginate(ServiceCode="sagemaker", **options)
    return [quota for page in pages for quota in page["Quotas"]]


def test_each_instance_type_and_all_together_have_a_quota(small: EngineProcess) -> None:
    values = {quota["QuotaName"]: quota["Value"] for quota in every_quota(small)}
    assert values["ml.m5.large for transform job usage"] == 2
    assert values["ml.p3.2xlarge for transform job usage"] == 0
    assert values["Number of instances across all transform jobs"] == 3
    assert values["ml.m5.xlarge for transform job usage"] > 10_000


def test_a_quota_is_found_by_the_code_that_the_list_gives(small: EngineProcess) -> None:
    client = small.client("service-quotas")
    listed = every_quota(small)
    assert len({quota["QuotaCode"] for quota in listed}) == len(listed)
    for quota in listed[:5]:
        answer = client.get_service_quota(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"])
        assert answer["Quota"] == quota
    total = client.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-60D2A6F0")["Quota"]
    assert total["UsageMetric"]["MetricDimensions"]["Resource"] == "transform-job/total_instance_count"


def test_the_paginator_meets_every_quota_once(small: EngineProcess) -> None:
    in_pages = every_quota(small, PaginationConfig={"PageSize": 7})
    assert in_pages == every_quota(small)


def test_the_default_shows_what_an_account_has_that_nobody_changed(small: EngineProcess) -> None:
    client = small.client("service-quotas")
    code = {"ServiceCode": "sagemaker", "QuotaCode": "L-236AE59F"}
    assert client.get_service_quota(**code)["Quota"]["Value"] == 2
    default = client.get_aws_default_service_quota(**code)["Quota"]
    assert default["Value"] > 10_000
    paginator = client.get_paginator("list_aws_default_service_quotas")
    assert default in [
        quota for page in paginator.paginate(ServiceCode="sagemaker") for quota in page["Quotas"]
    ]


@pytest.mark.parametrize("wrong", [{"QuotaCode": "L-00000000"}, {"ServiceCode": "ec2"}])
def test_an_unknown_quota_or_service_is_no_such_resource(small: EngineProcess, wrong: dict[str, str]) -> None:
    params = {"ServiceCode": "sagemaker", "QuotaCode": "L-60D2A6F0", **wrong}
    with refused("NoSuchResourceException", next(iter(wrong.values()))):
        small.client("service-quotas").get_service_quota(**params)


def test_a_foreign_page_token_is_refused(small: EngineProcess) -> None:
    with refused("InvalidPaginationTokenException"):
        small.client("service-quotas").list_service_quotas(ServiceCode="sagemaker", NextToken="AAAA")


def test_a_job_beyond_the_quota_of_its_type_is_refused_in_the_services_words(small: EngineProcess) -> None:
    request = lasting_job(small, "ml.p3.2xlarge", 1)
    with refused(
        "ResourceLimitExceeded",
        "The account-level service limit 'ml.p3.2xlarge for transform job usage' is 0 Instances, with current "
        "utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to "
        "request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
        "request an increase for this quota.",
    ):
        small.client("sagemaker").create_transform_job(**request)


def test_jobs_in_progress_use_quotas_up_and_their_end_gives_them_back(small: EngineProcess) -> None:
    sagemaker = small.client("sagemaker")
    first = lasting_job(small, "ml.m5.large", 2)
    sagemaker.create_transform_job(**first)
    with refused("ResourceLimitExceeded", "current utilization of 2 Instances and a request delta of 1"):
        sagemaker.create_transform_job(**lasting_job(small, "ml.m5.large", 1))
    second = lasting_job(small, "ml.c5.xlarge", 2)
    with refused("ResourceLimitExceeded", "'Number of instances across all transform jobs' is 3 Instances"):
        sagemaker.create_transform_job(**second)
    local = lasting_job(small, "local", 5)
    sagemaker.create_transform_job(**local)
    sagemaker.stop_transform_job(TransformJobName=first["TransformJobName"])
    sagemaker.stop_transform_job(TransformJobName=local["TransformJobName"])

    def stopped() -> bool:
        job = sagemaker.describe_transform_job(TransformJobName=first["TransformJobName"])
        return bool(job["TransformJobStatus"] == "Stopped")

    until(stopped, "the end of the first job")
    sagemaker.create_transform_job(**second)
    sagemaker.stop_transform_job(TransformJobName=second["TransformJobName"])


@pytest.mark.parametrize(
    "text", ["ml.m5.large", "ml.m5.large=two", "total=-1", "total=1,total=2", "ml.nosuch=1"]
)
def test_a_setting_that_cannot_be_understood_stops_the_start(text: str) -> None:
    command = [sys.executable, "-m", "engine", "--quotas", text]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 2
    assert ended.stderr.startswith("ENGINE_QUOTAS ")
