"""The clients' snippets of docs/engine.md, run as they stand on the sample as `./deck up` stores it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cloud import SAMPLE, Cloud, Script, engine_cloud
from tests.support.engine import CHECKOUT, EngineProcess

#: One worker, so that the snippets are run once.
pytestmark = pytest.mark.xdist_group("contract-documented")

BUCKET = "batchdeck-samples"
CLIENTS = (CHECKOUT / "docs/engine.md").read_text().partition("\n## Clients\n")[2].partition("\n## ")[0]
SNIPPETS = dict(re.findall(r"^### ([\w ]+)\n.*?^```\w+\n(.*?)^```", CLIENTS, re.M | re.S))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An engine of its own, for the snippets name their jobs."""
    engine = EngineProcess(tmp_path_factory.mktemp("documented")).start()
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for path in (SAMPLE / "data").iterdir():
        s3.upload_file(str(path), BUCKET, f"breast-cancer/data/{path.name}")
    s3.upload_file(str(SAMPLE / "model.tar.gz"), BUCKET, "breast-cancer/model.tar.gz")
    cloud = engine_cloud(engine)
    engine.client("sagemaker").create_model(
        ModelName=json.loads((SAMPLE / "sample.json").read_text())["name"],
        PrimaryContainer={"Image": cloud.image, "ModelDataUrl": f"s3://{BUCKET}/breast-cancer/model.tar.gz"},
        ExecutionRoleArn=cloud.role,
    )
    yield cloud
    engine.stop()


@pytest.fixture(scope="module")
def running(
    house: Cloud, sdk2_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Script]]:
    """Every snippet, started together."""
    programs = {
        "boto3": [sys.executable, "-c"],
        "aws CLI": ["sh", "-ec"],
        "SageMaker SDK 2": [sdk2_python, "-c"],
        "SageMaker SDK 3": [sys.executable, "-c"],
    }
    started = {
        name: house.run(tmp_path_factory.mktemp("snippet"), [*programs[name], snippet])
        for name, snippet in SNIPPETS.items()
    }
    yield started
    for script in started.values():
        script.end()


@pytest.mark.parametrize("name", ["boto3", "aws CLI", "SageMaker SDK 3", "SageMaker SDK 2"])
def test_a_documented_snippet_prints_the_predictions(name: str, running: dict[str, Script]) -> None:
    numbers = [float(line) for line in running[name].lines() if re.fullmatch(r"0\.\d+", line)]
    expected = json.loads((SAMPLE / "expected.json").read_text())["part-0.csv"]
    assert len(numbers) == expected["rows"]
    assert (numbers[0], numbers[-1]) == pytest.approx((expected["first"], expected["last"]))
