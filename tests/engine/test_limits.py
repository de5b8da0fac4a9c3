"""What one job may take of the machine: disk, memory, log lines, an answer; the engine says what ended it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import BadSetting
from engine.disk import bytes_below
from engine.instance_sizes import instance_cpus, instance_memory
from engine.limits import Limits
from engine.removing import remove_tree
from engine.runner.logs import LogBudget
from tests.engine.serving import support
from tests.engine.transforms import MODEL_SERVERS, container, transform
from tests.support.engine import EngineProcess
from tests.support.small_disk import mounted

LIMITS = "disk_mb=20,memory_mb=300,log_mb=1,answer_mb=1"


@pytest.fixture(scope="module")
def tight_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with small bounds."""
    data_dir = tmp_path_factory.mktemp("tight")
    process = EngineProcess(data_dir, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS), ENGINE_LIMITS=LIMITS).start()
    yield process
    process.stop()


def test_a_job_that_fills_its_folder_is_ended_with_the_reason(tight_engine: EngineProcess) -> None:
    job = transform(tight_engine, {"x": b"write 5"}, ModelClientConfig={"InvocationsTimeoutInSeconds": 60})
    assert job.failed() == (
        "AlgorithmError: The job's model and its containers hold more than 20 MiB on disk (ENGINE_LIMITS, disk_mb)"
    )


def test_a_job_whose_processes_take_more_memory_than_the_instance_has_is_ended(
    tight_engine: EngineProcess,
) -> None:
    job = transform(tight_engine, {"x": b"take 5"}, ModelClientConfig={"InvocationsTimeoutInSeconds": 60})
    assert job.failed().startswith(
        "AlgorithmError: The containers of an instance use more than 300 MiB of memory, which is what its type has"
    )


def test_a_log_without_end_is_cut_with_a_sentence_and_the_job_goes_on(tight_engine: EngineProcess) -> None:
    job = transform(tight_engine, {"x": b"count 20000"}).completed()
    lines = job.lines(data_log=False)
    assert lines[-1] == "[engine] This job has printed 1 MiB; nothing further is kept (ENGINE_LIMITS, log_mb)"
    assert 1000 < len(lines) < 12_000


def test_an_answer_that_is_too_large_fails_its_object_alone(tight_engine: EngineProcess) -> None:
    job = transform(
        tight_engine,
        {"large": b"x" * 2 * 1024**2, "small": b"x"},
        containers=[container(tight_engine)],
        ModelClientConfig={"InvocationsMaxRetries": 0},
    )
    assert job.failed() == "AlgorithmError: See job logs for more information"
    assert "the answer has more than 1048576 bytes" in job.data_log
    assert [*job.outputs] == ["small.out"]


def test_a_limit_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadSetting, match=r"ENGINE_LIMITS has 'memory'; it takes memory_mb, processes"):
        Limits.from_numbers("ENGINE_LIMITS", {"memory": 1})


@pytest.mark.parametrize(
    ("name", "cpus", "gigabytes"),
    [
        ("ml.m5.large", 2, 8),
        ("ml.m5.24xlarge", 96, 384),
        ("ml.c5.xlarge", 4, 8),
        ("ml.r6i.2xlarge", 8, 64),
        ("ml.g4dn.xlarge", 4, 16),
        ("nonsense", 2, 8),
    ],
)
def test_an_instance_type_has_the_memory_and_processors_of_its_family(
    name: str, cpus: int, gigabytes: int
) -> None:
    assert (instance_cpus(name), instance_memory(name) // 1024**3) == (cpus, gigabytes)


def test_lines_are_kept_until_the_budget_is_used_up() -> None:
    budget = LogBudget(1000)
    lines = [line for _ in range(20) for line in budget.take(["x" * 100])]
    assert len(lines) == 6
    assert lines[:5] == ["x" * 100] * 5
    assert "nothing further is kept" in lines[5]


def test_a_folder_goes_however_deep_it_is(tmp_path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        os.mkdir("job")
        os.chdir("job")
        for _ in range(3000):
            os.mkdir("d")
            Path("f").touch()
            os.chdir("d")
    finally:
        os.fchdir(here)
        os.close(here)
    remove_tree(tmp_path / "job")
    assert not (tmp_path / "job").exists()


def test_a_job_that_hides_what_it_writes_is_ended_too(tight_engine: EngineProcess) -> None:
    job = transform(tight_engine, {"x": b"hide 30"}, ModelClientConfig={"InvocationsTimeoutInSeconds": 60})
    assert "hold more than 20 MiB on disk" in job.failed()


def test_a_file_that_is_held_only_by_a_mapping_counts_too(tight_engine: EngineProcess) -> None:
    job = transform(
        tight_engine, {"x": b"hoard mapped"}, ModelClientConfig={"InvocationsTimeoutInSeconds": 60}
    )
    assert "hold more than 20 MiB on disk" in job.failed()


@pytest.mark.skipif(support().groups is None, reason="this system lets the tests make no control groups")
@pytest.mark.parametrize("how", ["queues", "passed"])
def test_memory_that_no_process_shows_ends_its_job(tight_engine: EngineProcess, how: str) -> None:
    job = transform(
        tight_engine,
        {"x": b"hoard " + how.encode()},
        ModelClientConfig={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 0},
    )
    assert job.failed().startswith("AlgorithmError: The containers of an instance use more than 300 MiB")


def test_one_file_that_grows_past_the_bound_is_seen_before_its_writing_fails(
    tight_engine: EngineProcess,
) -> None:
    job = transform(tight_engine, {"x": b"write 30"}, ModelClientConfig={"InvocationsTimeoutInSeconds": 60})
    assert "hold more than 20 MiB on disk" in job.failed()


def test_empty_files_count_too(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).touch()
    assert bytes_below(tmp_path) >= 100 * 16 * 1024


def test_a_disk_that_can_hold_hardly_any_more_files_is_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 64) as disk:
        subprocess.run(["mount", "-o", "remount,nr_inodes=200", str(disk.folder)], check=True)
        assert Limits(free_mb=1).space_left(disk.folder) > 0
        for number in range(196):
            (disk.folder / str(number)).touch()
        assert Limits(free_mb=1).space_left(disk.folder) < 0


def test_a_folder_that_is_too_deep_to_be_measured_is_named(tmp_path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(20):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
    finally:
        os.fchdir(here)
        os.close(here)
    with pytest.raises(OSError, match="too long"):
        bytes_below(tmp_path)
    remove_tree(tmp_path)


def test_a_folder_goes_even_if_its_folders_were_closed(tmp_path: Path) -> None:
    closed = tmp_path / "job" / "closed"
    closed.mkdir(parents=True)
    (closed / "file").write_text("x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (closed / "link").symlink_to(outside)
    closed.chmod(0)
    remove_tree(tmp_path / "job")
    assert not (tmp_path / "job").exists()
    assert outside.exists()
