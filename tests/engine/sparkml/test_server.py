"""The SparkML runtime as a server in its own environment, and in a job."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.serving import Served, last_words, served
from tests.engine.sparkml.bundles import Node, Vector, pipeline, write_bundle
from tests.engine.sparkml.test_invocations import FEATURES, PIPELINE, PRICE
from tests.engine.transforms import container, transform
from tests.support.engine import EngineProcess

asynchronous = pytest.mark.asyncio(loop_scope="module")
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sparkml-serving:3.3"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """PIPELINE in the format of protocol buffers, with a schema in its environment."""
    folder = tmp_path_factory.mktemp("sparkml")
    bundle = write_bundle(folder / "bundle", PIPELINE, "protobuf")
    async with served(IMAGE, folder, bundle, SAGEMAKER_SPARKML_SCHEMA=json.dumps(PRICE)) as healthy:
        yield healthy


@asynchronous
async def test_it_is_healthy_and_offers_single_records(server: Served) -> None:
    assert (await server.get("/ping")).status == 200
    offered = json.loads((await server.get("/execution-parameters")).body)
    assert (offered["BatchStrategy"], offered["MaxPayloadInMB"]) == ("SINGLE_RECORD", 5)


@asynchronous
async def test_it_answers_and_refuses(server: Served) -> None:
    answer = await server.post(b"1.5,2,red", "text/csv")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"2.5", "text/csv")
    refused = await server.post(b"1.5,2,green", "text/csv")
    assert (refused.status, refused.body) == (
        400,
        b"Unseen label: green. To handle unseen labels, set handleInvalid to keep",
    )
    assert (await server.post(b"")).status == 204
    assert (await server.post(b"1.5,2,red")).status == 415
    assert (await server.post(b"1.5,2,red", "text/csv", "application/json")).status == 400


@asynchronous
async def test_a_bundle_with_an_unknown_operator_does_not_start(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", pipeline(Node("dct", {}, {"input": "x"}, {"output": "y"})))
    status, words = await last_words(IMAGE, tmp_path, bundle)
    assert status != 0
    assert "the operator dct is not built here" in words
    assert "Traceback" not in words


def packed(bundle: Path) -> bytes:
    """The bundle as a model archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name in ("bundle.json", "root"):
            tar.add(bundle / name, name)
    return out.getvalue()


def test_a_job_answers_each_line_with_a_row(serving_engine: EngineProcess, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", PIPELINE)
    model = container(serving_engine, packed(bundle), SAGEMAKER_SPARKML_SCHEMA=json.dumps(PRICE)) | {
        "Image": IMAGE
    }
    job = transform(
        serving_engine,
        {"rows.csv": b"1.5,2,red\n1,2,blue\n0,0,red\n"},
        containers=[model],
        TransformInput={"ContentType": "text/csv"},
        TransformOutput={"AssembleWith": "Line", "Accept": "text/csv"},
    )
    assert job.completed().outputs == {"rows.csv.out": b"2.5\n1.0000002E7\n0.0\n"}
    assert "MLeap bundle loaded: 5 step(s)" in job.log


def test_a_job_whose_row_is_refused_fails(serving_engine: EngineProcess, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", PIPELINE)
    model = container(serving_engine, packed(bundle), SAGEMAKER_SPARKML_SCHEMA=json.dumps(FEATURES)) | {
        "Image": IMAGE
    }
    job = transform(
        serving_engine,
        {"rows.csv": b"1.5,two,red\n"},
        containers=[model],
        TransformInput={"ContentType": "text/csv"},
    )
    assert job.failed()
    assert 'For input string: "two"' in job.data_log


def test_a_job_with_an_operator_that_is_not_built_names_it(
    serving_engine: EngineProcess, tmp_path: Path
) -> None:
    step = Node("xgboost.classifier", {"weights": Vector([1.0])}, {"features": "x"}, {"prediction": "y"})
    bundle = write_bundle(tmp_path / "bundle", pipeline(step))
    model = container(serving_engine, packed(bundle)) | {"Image": IMAGE}
    job = transform(serving_engine, {"rows.csv": b"1\n"}, containers=[model])
    assert job.failed()
    assert "the operator xgboost.classifier is not built here" in job.log
