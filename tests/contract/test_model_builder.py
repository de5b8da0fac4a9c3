"""ModelBuilder of the SageMaker SDK 3: builds of a model, and transform jobs with it, as AWS's examples do them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cloud import SAMPLE, Cloud, outputs_expected, outputs_in, unique

#: One worker, so that the script is run once.
pytestmark = [pytest.mark.xdist_group("contract-pipelines"), pytest.mark.timeout(1800)]

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCRIPT = Path(__file__).parent / "sdk3" / "model_builder.py"


@pytest.fixture(scope="module")
def lines(cloud: Cloud, sdk3_python: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the script printed."""
    place = f"{cloud.bucket}/{unique('builder')}"
    command = [sdk3_python, SCRIPT, place, cloud.role, cloud.image, str(SAMPLE), SKLEARN]
    script = cloud.run(tmp_path_factory.mktemp("model-builder"), command)
    try:
        return script.lines()
    finally:
        script.end()


def test_a_model_is_built_of_an_image_and_an_archive_and_run_as_a_batch_transform(lines: list[str]) -> None:
    assert "model plain True" in lines
    assert outputs_in([line.replace("plain ", "output ") for line in lines]) == outputs_expected()


def test_a_script_is_packed_into_the_archive_and_answers(lines: list[str]) -> None:
    assert "model scripted True" in lines
    assert "scripted rows.csv.out 3 3.0 30.0" in lines
