"""SageMaker Pipelines with the SDK 2 and the SDK 3: upsert, start, wait, list_steps, as a user runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cloud import Cloud, Script, outputs_expected, outputs_in, unique

#: One worker, so that the scripts are run once.
pytestmark = [pytest.mark.xdist_group("contract-pipelines"), pytest.mark.timeout(1800)]

HERE = Path(__file__).parent
#: What the scripts print between the lines of the SDKs themselves.
LINES_SDK2 = [
    "upserted: True two",
    "tags: 2",
    "step: Make-CreateModel Succeeded ",
    "step: Enough Succeeded ",
    "step: Predict Succeeded ",
    "status: Succeeded",
    "parameters: ['InputData', 'InstanceCount', 'InstanceType']",
    "waiter: True",
    "step: Make-CreateModel Succeeded ",
    "step: Enough Succeeded ",
    "step: TooFew Failed no run with 0 of ml.m5.large",
    "reason: Step failure: One or multiple steps failed.",
    "listed: True",
    "versions: [2, 1]",
]
LINES_SDK3 = [
    "upserted: True",
    "step: Good Succeeded ",
    "step: Predict Succeeded ",
    "status: Succeeded",
    "waiter: failed",
    "step: Good Succeeded ",
    "step: Bad Failed the error is above 2.5",
    "listed: ['Failed', 'Succeeded']",
    "deleted: True",
]
LINES_PROCESSING = [
    "step: Add Succeeded ",
    "step: Enough Succeeded ",
    "status: Succeeded",
    "waiter: WaiterError",
    "step: Add Succeeded ",
    "step: Enough Succeeded ",
    "step: TooLittle Failed the sum is 3",
    "status: Failed",
]


@pytest.fixture(scope="module")
def running(
    cloud: Cloud,
    sdk2_python: Path,
    sdk3_python: Path,
    sample_model: str,
    sample_data: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Script]]:
    """Both scripts, started together."""
    scripts = {
        name: cloud.run(
            tmp_path_factory.mktemp(name),
            [
                python,
                HERE / name / "pipeline.py",
                f"{cloud.bucket}/{unique(name)}",
                cloud.role,
                cloud.image,
                sample_model,
                sample_data,
            ],
        )
        for name, python in (("sdk2", sdk2_python), ("sdk3", sdk3_python))
    }
    yield scripts
    for script in scripts.values():
        script.end()


@pytest.mark.parametrize(("name", "expected"), [("sdk2", LINES_SDK2), ("sdk3", LINES_SDK3)])
def test_a_pipeline_is_upserted_run_waited_for_and_its_steps_are_listed(
    running: dict[str, Script], name: str, expected: list[str]
) -> None:
    lines = running[name].lines()
    assert matching_lines(lines, expected) == expected
    assert outputs_in(lines) == outputs_expected()


def test_a_condition_compares_what_a_script_on_scikit_learns_image_reports(
    cloud: Cloud, sdk2_python: Path, tmp_path: Path
) -> None:
    script = HERE / "sdk2" / "processing_pipeline.py"
    command = [sdk2_python, script, f"{cloud.bucket}/{unique('processing')}", cloud.role]
    assert matching_lines(cloud.run(tmp_path, command).lines(), LINES_PROCESSING) == LINES_PROCESSING


def matching_lines(lines: list[str], expected: list[str]) -> list[str]:
    """The lines that begin with the same words as those expected, without what the SDK itself prints."""
    words = {line.partition(":")[0] for line in expected}
    return [line for line in lines if line.partition(":")[0] in words and ": " in line]


def test_a_trigger_starts_the_pipeline_once_at_its_time(
    cloud: Cloud, sdk2_python: Path, tmp_path: Path
) -> None:
    script = HERE / "sdk2" / "pipeline_schedule.py"
    command = [sdk2_python, script, f"{cloud.bucket}/{unique('schedule')}", cloud.role]
    expected = ["triggers: 2", "described: rate(1 day) ENABLED", "not early: True", "executions: 1"]
    assert matching_lines(cloud.run(tmp_path, command).lines(), expected) == expected
