"""Preflight and registering know what a connection can run: instance types, images, and how text is encoded."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from aws import models
from aws.abilities import sagemaker_instance_types
from jobs.lifecycle.aws_session import target_of
from jobs.models import Connection, ContainerImage, RegisteredModel
from jobs.services.submitting import preflight
from jobs.services.submitting.preflight import abilities
from jobs.services.submitting.preflight.findings import FindingLevel, Inspection, RequestValues
from tests.cast import FIELDS, House
from tests.engine.transforms import BUCKET, put
from tests.jobs.running import folder, run, serving, serving_engine
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
MXNET = "763104351884.dkr.ecr.us-east-1.amazonaws.com/mxnet-inference:1.9.0-cpu-py38"


def create_model(house: House, *images: str) -> str:
    """A model of these images, made in SageMaker past all checks; its name."""
    name = f"m-{uuid4().hex[:12]}"
    models.create(target_of(house.connection), name=name, containers=[{"Image": image} for image in images])
    return name


def findings_of(house: House, code: str, **fields: Any) -> list[dict[str, Any]]:
    """Preflight's findings of this code."""
    body = {**FIELDS, "connection": house.connection.slug, "model": "m", **fields}
    answer = house.api("bob").post("/api/v1/jobs/preflight/", body, "application/json")
    assert answer.status_code == 200, answer.content
    return [finding for finding in answer.json()["findings"] if finding["code"] == code]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ml.m5.xlarg", "ml.m5.xlarge"), ("ml.g5.xlrge", "ml.g5.xlarge"), ("ml.abacus.huge", "")],
)
def test_a_mistyped_instance_type_is_an_error_with_the_one_that_was_meant(
    real: House, name: str, expected: str
) -> None:
    (finding,) = findings_of(real, "instance_unknown", instance_type=name)
    assert (finding["level"], finding["field"]) == ("error", "instance_type")
    assert finding["reason"].startswith(f"There is no instance type {name}, so the job would be refused.")
    assert finding["fix"] == ({"instance_type": expected} if expected else None)
    assert ("Did you mean" in finding["reason"]) == bool(expected)


@pytest.mark.parametrize(("name", "expected"), [("m5.large", "ml.m5.large"), ("ml.M5.large", "ml.m5.large")])
def test_what_is_no_name_of_a_type_is_mended_too(real: House, name: str, expected: str) -> None:
    (finding,) = [
        candidate
        for candidate in findings_of(real, "invalid", instance_type=name)
        if candidate["field"] == "instance_type"
    ]
    assert finding["fix"] == {"instance_type": expected}


@pytest.mark.parametrize("name", ["ml.m5.large", "ml.g5.xlarge", "local"])
def test_a_type_that_the_engine_takes_is_no_finding(real: House, name: str) -> None:
    assert not findings_of(real, "instance_unknown", instance_type=name)


def test_a_mistyped_fallback_is_found_too(real: House) -> None:
    (finding,) = findings_of(
        real, "instance_unknown", fallback_instance_types=["ml.c5.xlarge", "ml.c5.2xlarg"]
    )
    assert finding["field"] == "fallback_instance_types"
    assert "Did you mean ml.c5.2xlarge?" in finding["reason"]


def test_of_aws_an_unknown_type_is_a_warning_as_aws_may_have_newer_ones() -> None:
    inspection = Inspection(timezone.now(), instance_types=sagemaker_instance_types())
    (finding,) = abilities.instance_types(RequestValues({"instance_type": "ml.m5.xlarg"}), inspection)
    assert (finding.level, finding.fix) == (FindingLevel.WARNING, {"instance_type": "ml.m5.xlarge"})
    assert "No instance type ml.m5.xlarg is known" in finding.reason
    assert not list(abilities.instance_types(RequestValues({"instance_type": "ml.m5.xlarge"}), inspection))


def test_a_model_whose_image_the_engine_cannot_run_is_told_before_submitting(real: House) -> None:
    (finding,) = findings_of(real, "image_cannot_run", model=create_model(real, XGBOOST, MXNET))
    assert (finding["level"], finding["field"]) == ("error", "model")
    assert MXNET in finding["reason"]
    assert "run the job on an AWS connection" in finding["reason"]
    assert not findings_of(real, "image_cannot_run", model=create_model(real, XGBOOST))


@pytest.mark.parametrize("image", ["nonsense", MXNET])
def test_a_model_that_an_engine_cannot_run_is_not_registered_on_it(real: House, image: str) -> None:
    name = f"m-{uuid4().hex[:12]}"
    fields_of_model = {"name": name, "connection": "engine", "image": image}
    answer = real.api("bob").post("/api/v1/models/", fields_of_model, "application/json")
    assert answer.status_code == 400
    (text,) = answer.json()["error"]["fields"]["image"]
    assert f"has no runtime for image {image}" in text
    page = Page(real.page("bob").post("/models/new/", fields_of_model))
    assert "has no runtime for image" in page.by_id("id_image-error-1").text
    pipeline = {"name": name, "connection": "engine", "containers": [{"Image": XGBOOST}, {"Image": image}]}
    fields = real.api("bob").post("/api/v1/models/", pipeline, "application/json").json()["error"]["fields"]
    assert fields["containers"][0].startswith("Container 2: ")
    assert not RegisteredModel.objects.filter(name=name).exists()
    assert models.describe(target_of(real.connection), name) is None


def test_the_form_offers_on_an_engine_what_it_runs(real: House) -> None:
    for framework, uri in (("xgboost", XGBOOST), ("mxnet", MXNET)):
        ContainerImage.objects.create(
            framework=framework, version="1", processor="cpu", region=real.connection.region, uri=uri
        )
    page = Page(real.page("bob").get("/models/new/"))
    offered = [node.get("value") for node in Page.all_below(page.by_id("framework"), "option")]
    assert offered == ["", XGBOOST]
    assert any("other images need an AWS connection" in node.text for node in page.of_class("hint"))
    Connection.objects.create(
        team=real.team, slug="prod", name="Prod", kind="aws", region=real.connection.region
    )
    page = Page(real.page("bob").get("/models/new/"))
    options = {node.get("value"): node.text for node in Page.all_below(page.by_id("framework"), "option")}
    assert "AWS only" in options[MXNET]
    assert "AWS only" not in options[XGBOOST]
    assert "XGBoost 2.1.4" in options[XGBOOST]


@pytest.mark.parametrize(
    ("body", "code", "beginning"),
    [
        (b"\xef\xbb\xbf1,2\n3,4\n", "byte_order_mark", "a.csv begins with a byte order mark (EF BB BF)"),
        ("1,2\n".encode("utf-16"), "not_utf8", "a.csv is UTF-16 text"),
        (b"1,2\n3,caf\xe9\n", "not_utf8", "Line 2 of a.csv is not UTF-8"),
    ],
)
@pytest.mark.parametrize("split", ["Line", "None"])
def test_what_is_not_plain_utf_8_is_a_warning(
    real: House, engine: EngineProcess, body: bytes, code: str, beginning: str, split: str
) -> None:
    bucket = f"encoding-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=bucket)
    engine.client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=body)
    changes = {"data": f"s3://{bucket}/in/", "output_path": f"s3://{bucket}/out/", "split_type": split}
    (finding,) = findings_of(real, code, **changes)
    assert (finding["level"], finding["field"]) == ("warning", "data")
    assert finding["reason"].startswith(beginning)
    engine.client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body="1,caf\u00e9\n".encode() * 3000)
    assert not findings_of(real, code, **changes)


def test_an_object_that_stands_for_a_folder_is_no_missing_output(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n", "sub_$folder$": b""})
    assert (job.state, job.warning_texts, job.objects_done, job.objects_total) == ("COMPLETED", [], 1, 1)
    put(serving_engine, f"{folder}/in/more_$folder$", b"")
    report = preflight.run(
        serving.team, {**FIELDS, "connection": "engine", "data": f"s3://{BUCKET}/{folder}/in/"}
    )
    assert any(finding.reason.startswith("Reads 1 object,") for finding in report.findings)
    assert report.matches is not None
    assert report.matches.objects == 1
