"""An engine that has the tests' own model servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.transforms import MODEL_SERVERS
from tests.support.engine import EngineProcess


@pytest.fixture(scope="session")
def serving_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One engine for all tests that run jobs and leave the engine alone."""
    data_dir = tmp_path_factory.mktemp("serving")
    process = EngineProcess(data_dir, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    yield process
    process.stop()
