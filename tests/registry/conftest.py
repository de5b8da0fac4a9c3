"""Alice's team on the real engine, and an archive that an XGBoost container can be served from."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from deployments.registry.services import groups, versions
from tests.cast import House
from tests.engine.resources import put, unique
from tests.jobs.conftest import engine_keys, house, other_house, real
from tests.support.engine import EngineProcess

__all__ = ["archive", "engine_keys", "group", "house", "other_house", "real", "register"]

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"

Register = Callable[..., versions.PackageVersion]


def archive(engine: EngineProcess, name: str = "xgboost-model") -> str:
    """A .tar.gz with one file of this name; returns its S3 URI."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 10
        tar.addfile(member, io.BytesIO(b"0123456789"))
    return put(engine, f"{unique('archive')}/model.tar.gz", body.getvalue())


@pytest.fixture
def group(real: House) -> str:
    """The name of a new group in the engine."""
    name = unique("group")
    return groups.create_group(real.connection, name=name, description="Who leaves", by=real.people["bob"])


@pytest.fixture
def register(real: House, engine: EngineProcess, group: str) -> Register:
    """Registers a version of the group as Bob, with an archive."""

    def one_more(**fields: Any) -> versions.PackageVersion:
        container = {"Image": XGBOOST, "ModelDataUrl": archive(engine)}
        values = {"containers": [container], "by": real.people["bob"], **fields}
        return versions.register_version(real.connection, group, **values)

    return one_more
