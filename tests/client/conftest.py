"""A house with the sample, and the command line with a token for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from batchdeck import Client

from tests.client.commands import CommandLine
from tests.support.house import CHECKOUT, House


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all tests of the client."""
    house = House(CHECKOUT, tmp_path_factory.mktemp("client-house") / "data").start()
    yield house
    house.stop()
    house.kill()


@pytest.fixture(scope="package")
def token(house: House) -> str:
    """A token of the sample team's admin."""
    return house.token()


@pytest.fixture
def cli(house: House, token: str, tmp_path: Path) -> CommandLine:
    """The command line with the house's address and a token in its environment."""
    return CommandLine(tmp_path, {"BATCHDECK_URL": house.url, "BATCHDECK_TOKEN": token})


@pytest.fixture
def client(house: House, token: str) -> Iterator[Client]:
    """The client in this process."""
    with Client(house.url, token) as client:
        yield client
