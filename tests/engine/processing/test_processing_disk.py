"""Processing jobs on a full disk: they wait and start again, or fail with a clear reason; nothing is half-written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.processing.runs import BUCKET, IMAGES, objects_below, put, run
from tests.engine.resources import unique
from tests.support.engine import EngineProcess
from tests.support.polling import until
from tests.support.small_disk import SmallDisk, mounted

MIB = 1024**2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """What the engine's data is on."""
    with mounted(tmp_path / "disk", 96) as disk:
        yield disk


@pytest.fixture
def own_engine(disk: SmallDisk) -> Iterator[EngineProcess]:
    """An engine on that disk."""
    process = EngineProcess(
        disk.folder / "engine", ENGINE_EXTRA_RUNTIMES=str(IMAGES), ENGINE_LIMITS="disk_mb=40"
    ).start()
    yield process
    process.stop()


def test_outputs_that_find_no_space_are_made_again_when_there_is_some(
    own_engine: EngineProcess, disk: SmallDisk
) -> None:
    place = unique("flags")
    put(own_engine, f"{place}/wait", b"")
    job = run(
        own_engine,
        f"""
        import boto3, pathlib, time
        pathlib.Path("/opt/ml/processing/out/rows").write_bytes(b"x" * {8 * MIB})
        s3 = boto3.client("s3")
        s3.put_object(Bucket="{BUCKET}", Key="{place}/written", Body=b"")
        while s3.list_objects_v2(Bucket="{BUCKET}", Prefix="{place}/wait")["KeyCount"]:
            time.sleep(0.1)
        """,
    )
    until(lambda: "written" in objects_below(own_engine, f"{place}/"), "the output's file", 60)
    disk.fill()
    own_engine.client("s3").delete_object(Bucket=BUCKET, Key=f"{place}/wait")
    waiting = until(lambda: job.describe().get("FailureReason"), "the reason to wait", 60)
    assert "disk is full" in waiting
    assert job.outputs == {}
    disk.empty()
    job.completed()
    assert {name: len(body) for name, body in job.outputs.items()} == {"rows": 8 * MIB}


def test_a_script_that_writes_too_much_fails_with_the_limit(own_engine: EngineProcess) -> None:
    job = run(
        own_engine,
        f"""
        import pathlib, time
        for number in range(50):
            pathlib.Path(f"/opt/ml/processing/out/{{number}}").write_bytes(b"x" * {MIB})
        time.sleep(600)
        """,
    )
    assert "hold more than 40 MiB on disk (ENGINE_LIMITS, disk_mb)" in job.failed()
    assert objects_below(own_engine, f"{job.name}/out/") == {}


def test_files_that_only_seem_large_are_no_output(own_engine: EngineProcess) -> None:
    job = run(own_engine, f"open('/opt/ml/processing/out/hole', 'wb').truncate({60 * MIB})")
    assert "have more than 41943040 bytes (ENGINE_LIMITS, disk_mb)" in job.failed()
    assert job.outputs == {}
