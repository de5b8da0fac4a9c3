"""What every kind of test may ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.test import Client
from hypothesis import HealthCheck, settings

from tests.engine.tensorflow.saved_models import SavedModels, make_saved_models
from tests.support.answers import checked
from tests.support.engine import EngineProcess
from tests.support.moto import MotoServer

# A loaded machine may take long over an example; how long is no finding.
settings.register_profile("batchdeck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("batchdeck")


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
