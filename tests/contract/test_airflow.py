"""Airflow's operators for SageMaker: the script of airflow/, run as a worker would run its tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cloud import Cloud, outputs_expected, outputs_in, unique

#: One worker, so that the environment is made once.
pytestmark = [pytest.mark.xdist_group("contract-airflow"), pytest.mark.timeout(1200)]

SCRIPT = Path(__file__).parent / "airflow" / "transform.py"
#: What the script prints between the log of Airflow itself, besides the outputs.
LINES = [
    "status: Completed True",
    "renamed: True True",
    "sensed: Completed",
    "failed: True",
    "missing: AirflowException",
    "registered: 1",
]


def test_airflow_runs_senses_and_registers(
    cloud: Cloud, airflow_python: Path, tmp_path: Path, sample_model: str, sample_data: str
) -> None:
    place = f"{cloud.bucket}/{unique('airflow')}"
    arguments = [place, cloud.role, cloud.image, sample_model, sample_data]
    lines = cloud.run(tmp_path, [airflow_python, SCRIPT, *arguments]).lines()
    words = {line.partition(":")[0] for line in LINES}
    assert [line for line in lines if line.partition(":")[0] in words] == LINES
    assert outputs_in(lines) == outputs_expected()
