"""Every process of a house is killed while jobs come in through the API: each job ends, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import chaos
from bench._killing import SIGNS
from tests.support.house import CHECKOUT, House

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("house"), pytest.mark.timeout(600)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(CHECKOUT, tmp_path / "data").start("--no-sample")
    yield house
    house.stop()
    house.kill()


def test_no_job_is_lost_or_run_twice_while_processes_are_killed(house: House) -> None:
    outcome = chaos.run(house, jobs=25, clients=4, seed=3, pause=(1, 3))
    assert outcome.is_perfect, chaos.report(outcome)
    assert outcome.emptied == 1
    assert set(outcome.kills) == set(SIGNS)
