"""One engine for the tests of processing jobs, with an image that needs no environment to be made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.processing.runs import IMAGES
from tests.support.engine import EngineProcess


@pytest.fixture(scope="session")
def processing_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that runs processing jobs on the engine's own Python."""
    process = EngineProcess(tmp_path_factory.mktemp("processing"), ENGINE_EXTRA_RUNTIMES=str(IMAGES)).start()
    yield process
    process.stop()
