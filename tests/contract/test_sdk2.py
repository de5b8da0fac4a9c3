"""The SageMaker SDK 2, and s3fs, in an environment of their own: the scripts of sdk2/ are run as a user would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cloud import SAMPLE, Cloud, Script, outputs_expected, outputs_in, unique

#: One worker, so that the scripts are run once.
pytestmark = [pytest.mark.xdist_group("contract-sdk2"), pytest.mark.timeout(1800)]

SCRIPTS = Path(__file__).with_name("sdk2")
PLACES = {
    name: unique(name.replace("_", "-")) for name in ("files", "script_mode", "stop_and_attach", "transform")
}


@pytest.fixture(scope="module")
def running(
    cloud: Cloud,
    sdk2_python: Path,
    sample_model: str,
    sample_data: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Script]]:
    """Every script, started together: the SDK spends most of its time between two looks at a job."""
    arguments = {
        "files": [],
        "script_mode": [cloud.role],
        "stop_and_attach": [cloud.role, cloud.image, sample_model, sample_data],
        "transform": [cloud.role, cloud.image, str(SAMPLE)],
    }
    started = {
        name: cloud.run(
            tmp_path_factory.mktemp(name),
            [sdk2_python, SCRIPTS / f"{name}.py", f"{cloud.bucket}/{PLACES[name]}", *more],
        )
        for name, more in arguments.items()
    }
    yield started
    for script in started.values():
        script.end()


def test_s3fs_and_pandas_write_list_read_and_delete(running: dict[str, Script]) -> None:
    assert running["files"].lines() == [
        f"big: {15 * 2**20} {bytes(3)!r}",
        "rows: {'a': [1, 2], 'b': [3, 4]}",
        "head: a,b",
        "listed: ['big.bin', 'rows/0.csv', 'rows/1.csv']",
        "globbed: ['rows/0.csv', 'rows/1.csv']",
        "left: ['big.bin']",
    ]


def test_a_script_of_one_s_own_comes_along_with_a_scikit_learn_model(
    running: dict[str, Script],
) -> None:
    assert "output ['3.0', '8.0']" in running["script_mode"].lines()


def test_a_job_is_stopped_attached_to_and_run_again(cloud: Cloud, running: dict[str, Script]) -> None:
    lines = running["stop_and_attach"].lines()
    out = f"s3://{cloud.bucket}/{PLACES['stop_and_attach']}/out"
    assert "first job: Stopped" in lines
    assert f"attached: True {out} Line Stopped" in lines
    assert "second job: Completed" in lines


def test_a_job_is_waited_for_with_its_log_and_its_predictions_are_read(
    running: dict[str, Script],
) -> None:
    lines = running["transform"].lines()
    assert outputs_in(lines) == outputs_expected()
    assert any("[sagemaker logs]: MaxConcurrentTransforms=" in line for line in lines)
