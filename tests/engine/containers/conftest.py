"""A Docker daemon with the tests' images, and engines that use it."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.engine.containers.images import import_image, import_small_image
from tests.engine.containers.jobs import EMPTY_IMAGE, IMAGE
from tests.engine.transforms import MODEL_SERVERS
from tests.support.docker_daemon import docker_daemon
from tests.support.engine import EngineProcess


@pytest.fixture(scope="session")
def daemon() -> Iterator[str]:
    """The address of a daemon that has the images."""
    with docker_daemon() as address:
        client = docker.APIClient(base_url=address, version="auto")
        import_image(client, IMAGE)
        import_small_image(client, EMPTY_IMAGE)
        yield address
        for name in (IMAGE, EMPTY_IMAGE):
            client.remove_image(name, force=True)
        client.close()


@pytest.fixture(scope="session")
def docker_client(daemon: str) -> Iterator[docker.APIClient]:
    """A client of the daemon, to see what is in it."""
    client = docker.APIClient(base_url=daemon, version="auto")
    yield client
    client.close()


@pytest.fixture(scope="session")
def docker_engine(daemon: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that runs strange images as containers, with narrow limits."""
    process = EngineProcess(
        tmp_path_factory.mktemp("docker-engine"),
        ENGINE_DOCKER=daemon,
        ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS),
        ENGINE_LIMITS="memory_mb=200,disk_mb=60,processes=50",
    ).start()
    yield process
    process.stop()
