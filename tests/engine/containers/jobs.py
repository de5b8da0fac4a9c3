"""Jobs on the tests' images, and what a daemon has of them."""

from __future__ import annotations

from typing import Any

import docker

from tests.engine.resources import unique
from tests.engine.transforms import archive, put
from tests.support.engine import EngineProcess

#: An image with a program `serve`, one without, and one that no registry has.
IMAGE = "batchdeck.test/ranker:1"
EMPTY_IMAGE = "batchdeck.test/empty:1"
MISSING_IMAGE = "127.0.0.1:9/search/missing:7"


def container_of(
    engine: EngineProcess, word: str = "ranked", image: str = IMAGE, **environment: str
) -> dict[str, Any]:
    """A container definition on an image, whose model has that word."""
    data = put(engine, f"models/{unique('model')}.tar.gz", archive({"word": word.encode()}))
    return {"Image": image, "ModelDataUrl": data, "Environment": environment}


def containers_of(client: docker.APIClient, job: str) -> list[dict[str, Any]]:
    """The containers that the daemon has for a job, as it describes them."""
    rows = client.containers(all=True, filters={"label": "batchdeck.engine"})
    return [
        client.inspect_container(row["Id"])
        for row in rows
        if row["Labels"]["batchdeck.server"].startswith(f"{job}/")
    ]


def networks(client: docker.APIClient) -> set[str]:
    """The names of the networks that engines have made in the daemon."""
    return {network["Name"] for network in client.networks(filters={"label": "batchdeck.engine"})}
