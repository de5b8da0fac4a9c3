"""Every process of a house is killed while jobs come in through the API, and its disk is full: each job ends, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import chaos
from bench._killing import SIGNS
from tests.support.house import CHECKOUT, House
from tests.support.small_disk import SmallDisk, mounted

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("own-houses"), pytest.mark.timeout(600)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "data", 512) as disk:
        yield disk


@pytest.fixture
def house(disk: SmallDisk) -> Iterator[House]:
    house = House(CHECKOUT, disk.folder).start("--no-sample")
    yield house
    house.stop()
    house.kill()


def test_no_job_is_lost_or_run_twice_while_processes_are_killed_and_the_disk_is_full(
    house: House, disk: SmallDisk
) -> None:
    outcome = chaos.run(house, jobs=25, clients=4, seed=3, pause=(1, 3), disk=disk)
    assert outcome.is_perfect, chaos.report(outcome)
    assert outcome.emptied == 1
    assert outcome.filled == 1
    assert set(outcome.kills) == set(SIGNS)
