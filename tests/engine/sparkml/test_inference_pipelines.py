"""A SparkML container before an XGBoost container, as one model in one job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.sparkml.bundles import Node, Vector, pipeline, write_bundle
from tests.engine.sparkml.test_server import IMAGE, packed
from tests.engine.transforms import container, transform
from tests.support.engine import CHECKOUT, EngineProcess

SAMPLE = CHECKOUT / "samples" / "breast-cancer"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
FEATURES = 30
#: The data of the sample with every number twice as large, which the first container halves.
LINES = (SAMPLE / "data" / "part-0.csv").read_text().splitlines()[:5]
DOUBLED = "".join(
    ",".join(repr(2 * float(cell)) for cell in line.split(",")) + "\n" for line in LINES
).encode()
CSV: dict[str, Any] = {
    "TransformInput": {"ContentType": "text/csv"},
    "TransformOutput": {"AssembleWith": "Line", "Accept": "text/csv"},
    "BatchStrategy": "SingleRecord",
}


@pytest.fixture
def containers(serving_engine: EngineProcess, tmp_path: Path) -> list[dict[str, Any]]:
    """The two containers, with the names that the SDK's example gives them."""
    names = [str(number) for number in range(FEATURES)]
    bundle = write_bundle(
        tmp_path / "bundle",
        pipeline(
            Node(
                "vector_assembler",
                {},
                {f"input{number}": name for number, name in enumerate(names)},
                {"output": "assembled"},
            ),
            Node(
                "standard_scaler",
                {"std": Vector([2.0] * FEATURES)},
                {"input": "assembled"},
                {"output": "features"},
            ),
        ),
    )
    schema = {
        "input": [{"name": name, "type": "double"} for name in names],
        "output": {"name": "features", "type": "double", "struct": "vector"},
    }
    first = container(
        serving_engine,
        packed(bundle),
        # A variable of a model has 1,024 characters at most.
        SAGEMAKER_SPARKML_SCHEMA=json.dumps(schema, separators=(",", ":")),
        SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv",
    )
    second = container(serving_engine, (SAMPLE / "model.tar.gz").read_bytes())
    return [
        {**first, "Image": IMAGE, "ContainerHostname": "spark"},
        {**second, "Image": XGBOOST, "ContainerHostname": "xgboost"},
    ]


def test_rows_go_through_both_containers(
    serving_engine: EngineProcess, containers: list[dict[str, Any]]
) -> None:
    alone = transform(
        serving_engine,
        {"rows.csv": "\n".join(LINES).encode()},
        containers=[{key: value for key, value in containers[1].items() if key != "ContainerHostname"}],
        **CSV,
    ).completed()
    job = transform(serving_engine, {"rows.csv": DOUBLED}, containers=containers, **CSV).completed()
    assert job.outputs == alone.outputs
    assert len(job.outputs["rows.csv.out"].splitlines()) == len(LINES)
    assert sorted(name.rpartition("/")[2] for name in job.streams) == ["data-log", "spark", "xgboost"]
    assert "MLeap bundle loaded: 2 step(s)" in job.log


def test_the_container_that_refuses_is_named(
    serving_engine: EngineProcess, containers: list[dict[str, Any]]
) -> None:
    first = transform(serving_engine, {"rows.csv": b"1,two\n"}, containers=containers, **CSV)
    assert first.failed()
    assert "Container: spark" in first.data_log
    assert 'For input string: "two"' in first.data_log

    # The first container hands on JSON Lines, which the second does not take.
    containers[0]["Environment"]["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"] = "application/jsonlines"
    second = transform(serving_engine, {"rows.csv": DOUBLED}, containers=containers, **CSV)
    assert second.failed()
    assert "Container: xgboost" in second.data_log
    assert "application/jsonlines is not an accepted ContentType" in second.data_log


def test_the_container_that_does_not_start_is_named(
    serving_engine: EngineProcess, containers: list[dict[str, Any]], tmp_path: Path
) -> None:
    broken = write_bundle(tmp_path / "broken", Node("dct", {}, {"input": "0"}, {"output": "y"}))
    data = container(serving_engine, packed(broken))["ModelDataUrl"]
    job = transform(
        serving_engine,
        {"rows.csv": b"1\n"},
        containers=[{**containers[0], "ModelDataUrl": data}, containers[1]],
        **CSV,
    )
    assert "ended before it was ready (spark, exit status 1)" in job.failed()
