"""The two teams of tests/cast.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from teams.models import Role
from tests.cast import House, make_house
from tests.support.engine import EngineProcess


def make_first_house(**endpoint: str) -> House:
    """Alice's team."""
    return make_house("first", {"alice": Role.ADMIN, "bob": Role.OPERATOR, "vera": Role.VIEWER}, **endpoint)


def write_engine_keys(folder: Path) -> Path:
    """A file with keys for a closed port, so that calls get as far as connecting to it."""
    file = folder / "credentials.json"
    file.write_text(json.dumps({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"}))
    return file


@pytest.fixture
def house(db: None) -> House:
    """Alice's team; its engine is a closed port."""
    return make_first_house()


@pytest.fixture
def other_house(db: None) -> House:
    """Charlie's team."""
    return make_house("second", {"charlie": Role.ADMIN})


@pytest.fixture(autouse=True)
def engine_keys(settings: Any, tmp_path: Path) -> Path:
    """The settings name keys for a closed port."""
    settings.ENGINE_CREDENTIALS = write_engine_keys(tmp_path)
    return tmp_path / "credentials.json"


@pytest.fixture
def real(db: None, engine: EngineProcess, settings: Any, engine_keys: Path) -> House:
    """Alice's team on the real engine; it has no model in the engine yet."""
    settings.ENGINE_URL = engine.url
    settings.ENGINE_CREDENTIALS = engine.data_dir / "credentials.json"
    return make_first_house(endpoint=engine.url)
