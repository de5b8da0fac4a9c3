"""An engine that has the tests' own model servers; a bucket of one's own on the engine all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.store import Store
from tests.engine.s3 import new_bucket
from tests.engine.transforms import MODEL_SERVERS
from tests.support.engine import EngineProcess


@pytest.fixture(scope="session")
def serving_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One engine for all tests that run jobs and leave the engine alone."""
    data_dir = tmp_path_factory.mktemp("serving")
    process = EngineProcess(data_dir, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    yield process
    process.stop()


@pytest.fixture
def s3(engine: EngineProcess) -> Any:
    """boto3's S3 client as it comes, at the shared engine."""
    return engine.client("s3")


@pytest.fixture
def bucket(engine: EngineProcess) -> str:
    """An empty bucket of the test's own."""
    return new_bucket(engine)


@pytest.fixture
def store(engine: EngineProcess) -> Iterator[Store]:
    """The shared engine's own memory, to put there what would take long to come about."""
    store = Store(engine.data_dir / "engine.sqlite3")
    yield store
    store.close()
