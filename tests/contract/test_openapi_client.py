"""A client generated from the schema that a service sends reads every answer of that service."""

from __future__ import annotations

import asyncio
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from tests.support.house import CHECKOUT, House

pytestmark = [pytest.mark.house, pytest.mark.xdist_group("contract-openapi"), pytest.mark.timeout(900)]
SCRIPT = Path(__file__).with_name("openapi_client") / "read_every_answer.py"
#: Nothing is to be tidied up behind the generator.
CONFIG = "post_hooks: []\n"


@pytest.fixture(scope="module")
def generator() -> Path:
    """The Python of an environment with the generator, made from its lock where the runtimes' are."""
    lock = CHECKOUT / "locks" / "openapi_client.txt"
    runtimes = Path(os.environ.get("ENGINE_RUNTIMES_DIR") or CHECKOUT / ".runtimes")
    return asyncio.run(prepare(Runtime("openapi-client", "the generator", (), (), lock), runtimes, print))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A service with the sample, and a worker that runs its jobs."""
    house = House(CHECKOUT, tmp_path / "data").start()
    yield house
    house.stop()
    house.kill()


def test_a_generated_client_reads_every_answer_whole(house: House, generator: Path, tmp_path: Path) -> None:
    exchanges = Path(os.environ.get("API_EXCHANGES") or tmp_path / "exchanges.json")
    schema, config = tmp_path / "schema.yml", tmp_path / "config.yml"
    with urllib.request.urlopen(f"{house.url}/api/v1/schema/", timeout=60) as answer:
        schema.write_bytes(answer.read())
    config.write_text(CONFIG)
    make = ["-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    where = ["--path", schema, "--config", config, "--output-path", tmp_path / "client"]
    generated = subprocess.run([generator, *make, *where], capture_output=True, text=True, check=False)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    read = subprocess.run(
        [generator, SCRIPT, tmp_path, house.url, exchanges],
        env={**os.environ, "BATCHDECK_TOKEN": house.token()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stdout + read.stderr
    paths = yaml.safe_load(schema.read_text())["paths"]
    assert read.stdout.split() == ["operations", str(sum(len(methods) for methods in paths.values()))]
