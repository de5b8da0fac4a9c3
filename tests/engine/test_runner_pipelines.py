"""Models of two to fifteen containers: what each is given, what goes from one to the next, and which one failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.resources import ROLE, refused, unique
from tests.engine.transforms import container, transform
from tests.support.engine import EngineProcess


def chain(engine: EngineProcess, *environments: dict[str, str]) -> list[dict[str, Any]]:
    """A container for each environment."""
    return [container(engine, **environment) for environment in environments]


def test_fifteen_containers_answer_in_their_order(serving_engine: EngineProcess) -> None:
    letters = "abcdefghijklmno"
    containers = chain(serving_engine, *({"SUFFIX": letter} for letter in letters))
    job = transform(serving_engine, {"x": b"x"}, containers=containers).completed()
    # Each writes capitals, and its own letter behind them.
    assert job.outputs == {"x.out": b"X" + letters[:-1].upper().encode() + b"o"}
    streams = {name.rpartition("/")[2] for name in job.streams}
    assert streams == {"data-log", *(f"container-{number}" for number in range(1, 16))}


def test_sixteen_containers_are_refused(serving_engine: EngineProcess) -> None:
    sagemaker = serving_engine.client("sagemaker", parameter_validation=False)
    containers = chain(serving_engine, *({} for _ in range(16)))
    with refused("ValidationException", "'containers' failed to satisfy constraint"):
        sagemaker.create_model(ModelName=unique("model"), Containers=containers, ExecutionRoleArn=ROLE)


@pytest.mark.parametrize("place", [0, 1])
def test_each_container_has_its_own_environment_and_the_job_s(
    serving_engine: EngineProcess, place: int
) -> None:
    environments: list[dict[str, str]] = [{"FIRST": "1", "BOTH": "model"}, {"SECOND": "2", "BOTH": "model"}]
    environments[place]["SHOW_ENVIRONMENT"] = "1"
    job = transform(
        serving_engine,
        {"x": b"x"},
        containers=chain(serving_engine, *environments),
        environment={"BOTH": "job"},
        BatchStrategy="SingleRecord",
    ).completed()
    # The second container writes what the first shows in capitals.
    variables = json.loads(job.outputs["x.out"].upper())
    assert (variables.get("FIRST"), variables.get("SECOND")) == (("1", None), (None, "2"))[place]
    assert (variables["BOTH"], variables["SAGEMAKER_BATCH"], variables["SAGEMAKER_BATCH_STRATEGY"]) == (
        "JOB",
        "TRUE",
        "SINGLE_RECORD",
    )
    assert variables["SAGEMAKER_BIND_TO_PORT"] != "8080"


def test_an_answer_without_a_type_is_handed_on_without_one(serving_engine: EngineProcess) -> None:
    job = transform(
        serving_engine,
        {"x": b"x"},
        containers=chain(serving_engine, {"ANSWER_TYPE": ""}, {"SHOW": "1"}),
        TransformInput={"ContentType": "text/csv"},
    ).completed()
    request_headers = json.loads(job.outputs["x.out"])
    assert "Content-Type" not in request_headers
    assert request_headers["Accept"] == "*/*"


def test_the_container_in_the_middle_that_refuses_is_named(serving_engine: EngineProcess) -> None:
    # What the first writes behind an empty line is an order to the second.
    containers = chain(serving_engine, {"SUFFIX": "answer 415 no such type"}, {}, {})
    job = transform(serving_engine, {"x": b"\n"}, containers=containers, TransformInput={"SplitType": "None"})
    assert job.failed().startswith("ClientError")
    assert "Container: container-2" in job.data_log
    assert "no such type" in job.data_log


def test_the_container_in_the_middle_that_is_not_healthy_is_named(serving_engine: EngineProcess) -> None:
    containers = chain(serving_engine, {}, {"END_AT_START": "1"}, {})
    job = transform(serving_engine, {"x": b"x"}, containers=containers)
    assert "ended before it was ready (container-2, exit status 1)" in job.failed()
