"""The SageMaker SDK 3's resources (sagemaker-core): the scripts of sdk3/, run as a user would."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cloud import SAMPLE, Cloud, Script, outputs_expected, outputs_in, unique

#: One worker, so that the scripts are run once.
pytestmark = [pytest.mark.xdist_group("contract-sdk3"), pytest.mark.timeout(1800)]

SCRIPTS = Path(__file__).with_name("sdk3")
#: What find_and_stop.py prints between the lines of the SDK itself.
SAYS = {
    "stopped": "Stopped",
    "failed": "True",
    "found": "['failed', 'stopped']",
    "failed ones": "[(True, 'ClientError')]",
    "models": "[True]",
    "models left": "0",
}


@pytest.fixture(scope="module")
def running(
    cloud: Cloud, sample_model: str, sample_data: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Script]]:
    """Both scripts, started together."""
    arguments = {
        "find_and_stop": [cloud.role, cloud.image, sample_model, sample_data],
        "transform": [cloud.role, cloud.image, str(SAMPLE)],
    }
    started = {
        name: cloud.run(
            tmp_path_factory.mktemp(name),
            [sys.executable, SCRIPTS / f"{name}.py", f"{cloud.bucket}/{unique('sdk3')}", *more],
        )
        for name, more in arguments.items()
    }
    yield started
    for script in started.values():
        script.end()


def test_jobs_are_stopped_fail_and_are_found_again(running: dict[str, Script]) -> None:
    lines = running["find_and_stop"].lines()
    assert [line for line in lines if line.partition(":")[0] in SAYS] == [
        f"{word}: {what}" for word, what in SAYS.items()
    ]


def test_a_job_is_waited_for_with_its_log_and_its_predictions_are_read(running: dict[str, Script]) -> None:
    lines = running["transform"].lines()
    assert "status Completed" in lines
    assert outputs_in(lines) == outputs_expected()
    assert any(re.search(r"sdk3-\d+/", line) for line in lines), "lines of its log streams"
