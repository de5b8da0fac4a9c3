"""What the documents take for granted: an engine of their own, with data and models in a bucket."""

from __future__ import annotations

import asyncio
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cloud import Cloud, engine_cloud
from tests.contract.conftest import sdk2_python as sdk2_python
from tests.engine.serving import computed
from tests.seeds.models import ABALONE, HOUSING_MODEL, XGBOOST
from tests.support.engine import EngineProcess


@pytest.fixture(scope="session")
def documents_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine of its own, for documents name their jobs and models."""
    engine = EngineProcess(tmp_path_factory.mktemp("documents")).start()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def cloud(documents_engine: EngineProcess) -> Cloud:
    """That engine as clients see it."""
    return engine_cloud(documents_engine)


@pytest.fixture(scope="session")
def abalone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ABALONE prints, and the folder with its model file."""
    folder = tmp_path_factory.mktemp("abalone")
    return {**asyncio.run(computed(XGBOOST, folder, ABALONE)), "folder": folder}


@pytest.fixture(scope="session")
def housing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The housing rows and their predictions, and the folder with the model file."""
    folder = tmp_path_factory.mktemp("housing")
    with tarfile.open(HOUSING_MODEL) as archive:
        archive.extractall(folder, filter="data")
    return {**json.loads((folder / "predictions.json").read_text()), "folder": folder}
