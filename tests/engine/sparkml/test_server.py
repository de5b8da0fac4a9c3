"""The SparkML runtime as a server in its own environment, and in a job."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import AsyncIterator, Callable
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


def cut_off(bundle: Path) -> None:
    """End a file in the middle."""
    path = bundle / "root" / "model.json"
    path.write_bytes(path.read_bytes()[:-9])


def zip_up(bundle: Path) -> None:
    """Leave the bundle zipped, as exporters write it."""
    shutil.make_archive(str(bundle / "model"), "zip", bundle)
    shutil.rmtree(bundle / "root")
    (bundle / "bundle.json").unlink()


def link_around(bundle: Path) -> None:
    """Put a link to the pipeline itself in the place of its first step."""
    shutil.rmtree(bundle / "root" / "step0.node")
    (bundle / "root" / "step0.node").symlink_to(".")


def leave_out(bundle: Path) -> None:
    """Leave a step's node out."""
    (bundle / "root" / "step1.node" / "node.json").unlink()


@asynchronous
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut_off, "root/model.json: not JSON"),
        (zip_up, "there is no bundle.json: put bundle.json and root/ of the unzipped MLeap bundle"),
        (link_around, "more than 32 levels of pipelines"),
        (leave_out, "root/step1.node/node.json cannot be read: No such file or directory"),
    ],
)
async def test_a_broken_bundle_ends_the_server_with_its_own_line(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    bundle = write_bundle(tmp_path / "bundle", PIPELINE)
    damage(bundle)
    status, words = await last_words(IMAGE, tmp_path, bundle)
    assert status != 0
    assert "The MLeap bundle cannot be loaded: " in words
    assert reason in words
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


def test_a_job_with_a_bundle_that_is_linked_to_itself_fails(
    serving_engine: EngineProcess, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path / "bundle", PIPELINE)
    link_around(bundle)
    model = container(serving_engine, packed(bundle)) | {"Image": IMAGE}
    job = transform(serving_engine, {"rows.csv": b"1\n"}, containers=[model])
    assert job.failed()
    assert "more than 32 levels of pipelines" in job.log


def test_the_tag_says_how_the_image_scales(serving_engine: EngineProcess, tmp_path: Path) -> None:
    assembler = Node("vector_assembler", {}, {"input0": "x"}, {"output": "v"})
    scaler = Node("max_abs_scaler", {"maxAbs": Vector([4.0])}, {"input": "v"}, {"output": "y"})
    bundle = write_bundle(tmp_path / "bundle", pipeline(assembler, scaler))
    described = {
        "input": [{"name": "x", "type": "double"}],
        "output": {"name": "y", "type": "double", "struct": "vector"},
    }
    model = container(serving_engine, packed(bundle), SAGEMAKER_SPARKML_SCHEMA=json.dumps(described))
    csv = {"TransformInput": {"ContentType": "text/csv"}, "BatchStrategy": "SingleRecord"}
    for tag, answer in (("2.4", b"1.0"), ("3.3", b"2.0")):
        image = IMAGE.replace(":3.3", f":{tag}")
        job = transform(serving_engine, {"x.csv": b"8\n"}, containers=[model | {"Image": image}], **csv)
        assert job.completed().outputs == {"x.csv.out": answer}
    job = transform(
        serving_engine,
        {"x.csv": b"8\n"},
        containers=[model | {"Image": IMAGE.replace(":3.3", ":9.9")}],
        **csv,
    )
    assert "it has the tags 3.3, 2.4, 2.2" in job.failed()
