"""An empty folder, and an engine of each kind of user, for tests of confinement."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import Config
from engine.runtimes import Runtimes
from engine.runtimes.processing import ProcessingRuntimes
from tests.engine.confinement.outside import IMAGE, ORDINARY_USER, PROCESSES
from tests.engine.serving import RUNTIMES, support
from tests.support.engine import CHECKOUT, EngineProcess


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that is not below /tmp: a model server has a /tmp of its own."""
    (CHECKOUT / "artifacts").mkdir(exist_ok=True)
    (CHECKOUT / "artifacts").chmod(0o755)
    with tempfile.TemporaryDirectory(dir=CHECKOUT / "artifacts") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(params=["this user", "an ordinary user"])
def confining_engine(request: pytest.FixtureRequest, folder: Path) -> Iterator[EngineProcess]:
    """An engine of the user who runs the tests; if that is root, also one of nobody."""
    data_dir = folder / "engine"
    data_dir.mkdir()
    prefix: list[str] = []
    if request.param == "an ordinary user":
        if os.geteuid() != 0:
            pytest.skip("the tests run as an ordinary user already")
        prefix = [*ORDINARY_USER, str(data_dir)]
        # That user can read the environment of the image, but not make it.
        runtimes = Runtimes(Config(folder, RUNTIMES), support())
        asyncio.run(runtimes.prepare(IMAGE, lambda _: None))
        scripts = ProcessingRuntimes(Config(folder, RUNTIMES), support())
        asyncio.run(scripts.prepare(IMAGE, lambda _: None))
        RUNTIMES.chmod(0o755)
    process = EngineProcess(
        data_dir, prefix=prefix, ENGINE_LIMITS=f"processes={PROCESSES}", ENGINE_RUNTIMES_DIR=str(RUNTIMES)
    )
    process.start()
    yield process
    process.stop()
