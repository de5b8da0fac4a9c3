"""Alice's team with two engines: the registry and staging on the first, production on the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cast import House
from tests.deployments.registry import BUCKET, Registry
from tests.jobs.conftest import engine_keys, house, make_first_house, other_house
from tests.support.engine import EngineProcess

__all__ = ["engine_keys", "house", "other_house"]


@pytest.fixture(scope="session")
def second_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine beside the first: another account, as far as the dashboard can see."""
    process = EngineProcess(tmp_path_factory.mktemp("second-engine")).start()
    process.client("s3").create_bucket(Bucket=BUCKET)
    yield process
    process.stop()


@pytest.fixture
def registry(engine: EngineProcess) -> Registry:
    """A new model package group on the first engine, without versions."""
    return Registry(engine)


@pytest.fixture
def team(
    db: None, engine: EngineProcess, second_engine: EngineProcess, settings: Any, tmp_path: Path
) -> House:
    """Alice's team on the first engine, which also has the connection `live` to the second one."""
    keys = tmp_path / "keys"
    keys.mkdir()
    for file, process in ((tmp_path / "first.json", engine), (keys / "live.json", second_engine)):
        file.write_text(
            json.dumps({"access_key_id": process.access_key, "secret_access_key": process.secret_key})
        )
    settings.ENGINE_URL = engine.url
    settings.ENGINE_CREDENTIALS = tmp_path / "first.json"
    first_house = make_first_house(endpoint=engine.url)
    first_house.team.connections.create(
        slug="live",
        name="Live",
        kind="engine",
        endpoint_url=second_engine.url,
        engine_key="live",
        import_external=False,
    )
    return first_house
