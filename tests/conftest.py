"""What every kind of test may ask for."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.test import Client
from hypothesis import HealthCheck, settings

from tests.engine.tensorflow.saved_models import SavedModels, make_saved_models
from tests.support.answers import checked
from tests.support.engine import CHECKOUT, EngineProcess
from tests.support.moto import MotoServer

# A loaded machine may take long over an example; how long is no finding.
settings.register_profile("batchdeck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("batchdeck")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need no database, and group tests that share a costly fixture."""
    packages = packages_without_database()
    for item in items:
        if item.nodeid.startswith(packages):
            refuse_database(item)
            item.add_marker("no_database")
        if group := shared_group(item):
            item.add_marker(pytest.mark.xdist_group(group))


def packages_without_database() -> tuple[str, ...]:
    """The folders, such as `tests/engine/`, whose tests cannot reach the dashboard's database: an import contract."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    modules = next(row["source_modules"] for row in contracts if row.get("id") == "no-database")
    return tuple(f"{module.replace('.', '/')}/" for module in modules)


def refuse_database(item: pytest.Item) -> None:
    # Without these pytest-django lets no test query the database.
    fixtures = {"db", "transactional_db", "live_server"}.intersection(getattr(item, "fixturenames", ()))
    if fixtures or item.get_closest_marker("django_db"):
        raise pytest.UsageError(f"{item.nodeid} uses the database, which tests of this folder cannot.")


def shared_group(item: pytest.Item) -> str:
    """The name of the tests that run on one worker, so that a fixture of their module or package is made once."""
    if item.get_closest_marker("xdist_group"):
        return ""
    info: Any = getattr(item, "_fixtureinfo", None)
    scopes = {rows[-1].scope for rows in info.name2fixturedefs.values()} if info else set()
    path = item.nodeid.split("::")[0]
    if "package" in scopes:
        return path.rpartition("/")[0]
    return path if "module" in scopes else ""


@pytest.fixture(scope="session", autouse=True)
def answers_as_documented() -> Iterator[None]:
    """Django's client fails a test in which the API answers other than its schema says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "request", checked(Client.request))
        yield


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One real engine for the whole run: tests keep apart by the names they use."""
    process = EngineProcess(tmp_path_factory.mktemp("engine")).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    """moto's server, with nothing in it but what the module puts there."""
    server = MotoServer().start()
    yield server
    server.stop()


@pytest.fixture
def sqs(moto: MotoServer) -> Any:
    """boto3's SQS client at moto's server."""
    return boto3.client(
        "sqs",
        endpoint_url=moto.url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> SavedModels:
    """SavedModels and pictures. Tests that use them have the mark xdist_group("tensorflow")."""
    return asyncio.run(make_saved_models(tmp_path_factory.mktemp("saved-models")))
