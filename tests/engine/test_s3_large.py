"""What is large: objects that pass through little memory, and buckets of a hundred thousand keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.disk import Disk
from engine.objects import ObjectStore
from tests.support.engine import EngineProcess

MB = 1024 * 1024
KEYS = 100_000


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine of the test's own, not started yet."""
    process = EngineProcess(tmp_path)
    yield process
    process.stop()


def peak_megabytes(pid: int) -> int:
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert peak is not None
    return int(peak[1]) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory of another process")
def test_a_large_object_takes_little_memory(fresh: EngineProcess, tmp_path: Path) -> None:
    s3 = fresh.start().client("s3")
    s3.create_bucket(Bucket="large")
    idle = peak_megabytes(fresh.pid)
    file = tmp_path / "large.bin"
    with file.open("wb") as sparse:
        sparse.truncate(300 * MB)
    with file.open("rb") as body:
        s3.put_object(Bucket="large", Key="whole", Body=body)
    s3.upload_file(str(file), "large", "parts")
    s3.copy_object(Bucket="large", Key="copy", CopySource={"Bucket": "large", "Key": "parts"})
    for key in ("whole", "parts", "copy"):
        blocks = s3.get_object(Bucket="large", Key=key)["Body"].iter_chunks(MB)
        assert sum(map(len, blocks)) == 300 * MB
    assert peak_megabytes(fresh.pid) - idle < 64


def test_a_hundred_thousand_keys_are_listed(fresh: EngineProcess) -> None:
    store = ObjectStore(fresh.data_dir / "objects", Disk(fresh.data_dir))
    store.create_bucket("many")
    keys = [f"{number // 500:03}/{number:06}" for number in range(KEYS)]
    for key in keys:
        with store.writer("many", key) as writer:
            writer.commit()
    store.close()
    s3 = fresh.start().client("s3")
    assert listed(s3, "Contents", "Key") == keys
    assert listed(s3, "CommonPrefixes", "Prefix", Delimiter="/") == [f"{n:03}/" for n in range(KEYS // 500)]


def listed(s3: Any, what: str, name: str, **more: Any) -> list[str]:
    """All of one kind of name that the pages of a listing have."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="many", **more)
    return [item[name] for page in pages for item in page.get(what, [])]
