"""Throttling and missing capacity, where they are asked for."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from engine.errors import ServiceError
from engine.operations.throttle import Throttle
from tests.engine.resources import create_model, refused
from tests.engine.transforms import MODEL_SERVERS, transform
from tests.support.engine import CHECKOUT, EngineProcess


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that is short of everything."""
    process = EngineProcess(
        tmp_path_factory.mktemp("scarce"),
        ENGINE_RATE_LIMITS="ListModels=0, DeleteModel=0.0001",
        ENGINE_NO_CAPACITY="ml.p3.2xlarge",
        ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS),
    ).start()
    yield process
    process.stop()


def admitted(throttle: Throttle, operation: str, times: int) -> int:
    """How many of so many requests get through."""
    count = 0
    for _ in range(times):
        with contextlib.suppress(ServiceError):
            throttle.admit(operation)
            count += 1
    return count


def test_a_rate_holds_for_every_second_and_saves_up_for_one() -> None:
    now = [0.0]
    throttle = Throttle({"ListModels": 3}, lambda: now[0])
    assert admitted(throttle, "ListModels", 10) == 3
    now[0] = 0.5
    assert admitted(throttle, "ListModels", 10) == 1
    now[0] = 100
    assert admitted(throttle, "ListModels", 10) == 3


def test_each_operation_without_a_rate_of_its_own_has_the_common_one_to_itself() -> None:
    throttle = Throttle({"ListModels": 3, "each": 1}, lambda: 0)
    assert admitted(throttle, "ListModels", 10) == 3
    assert admitted(throttle, "DescribeModel", 10) == 1
    assert admitted(throttle, "CreateModel", 10) == 1
    assert admitted(Throttle({}), "CreateModel", 10_000) == 10_000


def test_a_call_too_many_is_a_throttling_exception(scarce: EngineProcess) -> None:
    sagemaker = scarce.client("sagemaker")
    with refused("ThrottlingException", "Rate exceeded"):
        sagemaker.list_models()
    first, second = create_model(scarce), create_model(scarce)
    sagemaker.delete_model(ModelName=first)
    with refused("ThrottlingException", "Rate exceeded"):
        sagemaker.delete_model(ModelName=second)
    assert sagemaker.describe_model(ModelName=second)["ModelName"] == second


def test_a_job_on_a_type_that_is_not_to_be_had_is_accepted_and_fails(scarce: EngineProcess) -> None:
    job = transform(
        scarce, {"x": b"x"}, TransformResources={"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1}
    )
    assert job.failed() == (
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML "
        "instance type."
    )
    assert "TransformStartTime" not in job.describe()
    transform(scarce, {"x": b"x"}).completed()


@pytest.mark.parametrize(
    ("option", "text", "setting"),
    [
        ("--rate-limits", "CreateNothing=1", "ENGINE_RATE_LIMITS"),
        ("--rate-limits", "ListModels", "ENGINE_RATE_LIMITS"),
        ("--no-capacity", "ml.p3", "ENGINE_NO_CAPACITY"),
        ("--no-capacity", "total", "ENGINE_NO_CAPACITY"),
    ],
)
def test_a_setting_that_names_what_is_not_there_stops_the_start(option: str, text: str, setting: str) -> None:
    command = [sys.executable, "-m", "engine", option, text]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{setting} ")
