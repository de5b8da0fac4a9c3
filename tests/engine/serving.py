"""Built-in model servers started as the runner starts them, in their own locked environments, and spoken to."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.config import Config
from engine.placement import Placement
from engine.runner.container import Container
from engine.runner.http_client import Answer, HttpClient
from engine.runtimes import EnvironmentFailed, PreparedRuntime, Runtimes, Support, find_support
from engine.runtimes.confining import Confiner
from engine.runtimes.output import LogLines
from engine.runtimes.process import ModelServer, start
from engine.runtimes.registry import BUILT_IN, Runtime, find_runtime
from tests.support.engine import CHECKOUT

#: The environments that the house itself uses, so that tests find them made.
RUNTIMES = CHECKOUT / ".runtimes"
SECONDS = 30.0
#: A library as large as TensorFlow takes long to load on a busy machine.
START_SECONDS = 240.0
#: Making an environment of gigabytes may take on a busy machine, in whichever test needs it first.
ENVIRONMENT_SECONDS = 900


@cache
def support() -> Support:
    """What this system has to confine servers with."""
    return find_support(Config(RUNTIMES, RUNTIMES))


async def start_code(
    directory: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    command: tuple[str, ...] = ("python", "-c"),
    lines: LogLines = lambda _: None,
    means: Support | None = None,
    inherits_listener: bool = False,
    own_ports: int = 0,
) -> ModelServer:
    """A server that runs some Python code, its arguments behind it, in a folder of its own.

    It is confined by `means`, or all that the system has. The model's folder is "model" beside its own.
    """
    runtime = Runtime(
        "code", "Code", (), (*command, *arguments), None, (), inherits_listener, own_ports=own_ports
    )
    confiner = Confiner(Config(directory, directory), means or support())
    placement = Placement(directory, directory.parent / "model")
    return await start(runtime, Path(sys.executable), placement, environment or {}, lines, confiner)


def make_readable(folder: Path) -> None:
    """Let every user read the folder, whatever the umask of the tests."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def placed(directory: Path, model: Path, script_dir: Path | None = None) -> Placement:
    """Where a test's server runs. Its user can read the model, as the engine sees to for those that it unpacks."""
    for folder in (model, script_dir):
        if folder is not None:
            make_readable(folder)
    return Placement(directory / "instance", model, script_dir)


class Served:
    """A healthy model server, its log, and requests to it."""

    def __init__(self, server: ModelServer, log: list[str]) -> None:
        self._client = HttpClient(*server.address, 10**8)
        self.log = log

    async def get(self, path: str) -> Answer:
        """GET."""
        return await self._client.request("GET", path, {}, b"", SECONDS)

    async def post(
        self,
        body: bytes,
        content_type: str | None = None,
        accept: str | None = None,
        attributes: str | None = None,
    ) -> Answer:
        """POST to /invocations, as a job does: without Accept anything will do.

        `attributes` is the header with SageMaker's custom attributes.
        """
        headers = {"Accept": accept or "*/*"}
        if attributes is not None:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        if content_type is not None:
            headers["Content-Type"] = content_type
        return await self._client.request("POST", "/invocations", headers, body, SECONDS)

    async def wait_for_line(self, words: str) -> None:
        """Wait for a line of the log with these words. Raises TimeoutError."""
        async with asyncio.timeout(SECONDS):
            while not any(words in line for line in self.log):
                await asyncio.sleep(0.01)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


@dataclass(frozen=True, slots=True)
class Models:
    """A folder with a folder for each model, and what their own library predicts."""

    folder: Path
    says: dict[str, Any]


async def prepared(
    image: str, directory: Path, means: Support | None = None
) -> tuple[Runtimes, PreparedRuntime]:
    """The runtime of that image with its environment; instances will live below `directory`.

    Skips the test where packages can be had neither from the index that alone has them nor from a folder.
    """
    runtimes = Runtimes(Config(directory, RUNTIMES), means or support())
    try:
        return runtimes, await runtimes.prepare(image, lambda _: None)
    except EnvironmentFailed as error:
        runtime = find_runtime(BUILT_IN, image)
        if runtime is not None and runtime.wheel_index and not _can_reach(runtime.wheel_index):
            pytest.skip(f"{runtime.wheel_index} cannot be reached, and no folder has its packages: {error}")
        raise


def _can_reach(address: str) -> bool:
    try:
        socket.create_connection((urlsplit(address).hostname or "", 443), timeout=5).close()
    except OSError:
        return False
    return True


@asynccontextmanager
async def served(
    image: str,
    directory: Path,
    model: Path,
    script_dir: Path | None = None,
    means: Support | None = None,
    instances: int = 1,
    log: list[str] | None = None,
    **environment: str,
) -> AsyncIterator[Served]:
    """A healthy server of the image's runtime on that model folder, one of a job's `instances`.

    It is confined by `means`, or all that the system has. Raises JobFailed if it ends first.
    """
    runtimes, runtime = await prepared(image, directory, means)
    log = [] if log is None else log
    servers: list[ModelServer] = []
    variables = {"SAGEMAKER_MODEL_DIR": str(model), **environment}
    held = ExitStack()
    runtime = await runtimes.add_requirements(runtime, model, variables, log.append, held)

    async def start() -> ModelServer:
        placement = replace(placed(directory, model, script_dir), instances=instances)
        servers.append(await runtimes.start(runtime, placement, variables, log.extend))
        return servers[-1]

    container = Container(start, START_SECONDS, 10**8)
    try:
        await container.start()
        client = Served(servers[-1], log)
        yield client
        client.close()
    finally:
        await container.stop()
        held.close()


async def last_words(image: str, directory: Path, model: Path, **environment: str) -> tuple[int, str]:
    """The exit status and all that a server said which cannot serve that model."""
    log: list[str] = []
    runtimes, runtime = await prepared(image, directory)
    variables = {"SAGEMAKER_MODEL_DIR": str(model), **environment}
    server = await runtimes.start(runtime, placed(directory, model), variables, log.extend)
    try:
        await asyncio.wait_for(server.wait(), START_SECONDS)
        status = server.exit_status
    finally:
        await server.stop()
    assert status is not None
    return status, "\n".join(log)


async def computed(image: str, directory: Path, program: str) -> Any:
    """What a program prints as JSON in the environment of the image's runtime, run in `directory`.

    The library is asked there directly: what it makes and predicts is what its server has to serve.
    """
    _, runtime = await prepared(image, directory)
    process = await asyncio.create_subprocess_exec(
        runtime.python, "-c", program, cwd=directory, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(printed)
