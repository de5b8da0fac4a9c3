"""The Docker daemon of this machine: its images, and what a killed engine left in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from engine.errors import CannotRun
from engine.runtimes.commands import Progress

log = logging.getLogger(__name__)

#: The label of what an engine makes in a daemon; its value is the engine's name.
LABEL = "batchdeck.engine"
#: Seconds after which a daemon that does not answer counts as broken. Making a container may copy its image.
_ANSWER_SECONDS = 300.0
#: The same while the engine starts.
_SHORT_ANSWER_SECONDS = 20.0
_CONNECT_SECONDS = 2.0
#: Seconds that fetching an image may take.
_LONGEST_PULL = 1800.0
#: Statuses of layers that come many times a second.
_FREQUENT = ("Downloading", "Extracting", "Waiting", "Pulling fs layer", "Verifying Checksum")

Result = TypeVar("Result")


class DaemonFailed(CannotRun):
    """The daemon does not answer, or not as it should."""

    blame = "InternalServerError"


class ImageFailed(CannotRun):
    """The image cannot be had or started. The message names it and the fix."""


class Daemon:
    """The Docker daemon that listens on a Unix socket of this machine."""

    def __init__(self, path: Path) -> None:
        """`path` is the socket's."""
        self._path = path
        self.address = f"unix://{path}"

    def why_unreachable(self) -> str | None:
        """Why no container can run, as a sentence; None if the daemon's socket takes connections."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(_CONNECT_SECONDS)
                probe.connect(str(self._path))
        except OSError as error:
            return self._failure(error.strerror or str(error))
        return None

    @contextlib.contextmanager
    def client(self, seconds: float = _ANSWER_SECONDS) -> Iterator[docker.APIClient]:
        """A client of the daemon, for one thread, that waits for an answer for so many seconds.

        Raises DaemonFailed if the daemon breaks off or does not answer, and APIError if it refuses a call.
        """
        try:
            client = docker.APIClient(base_url=self.address, version="auto", timeout=seconds)
        except (DockerException, OSError) as error:
            raise DaemonFailed(self._failure(_reason(error))) from error
        try:
            yield client
        except APIError:
            raise
        except OSError as error:
            # All errors of requests, of which the client is made, are such.
            raise DaemonFailed(self._failure(_reason(error))) from error
        finally:
            client.close()

    async def fetch_image(self, image: str, progress: Progress) -> None:
        """Pull the image, unless the daemon has it. `progress` receives lines. Raises ImageFailed, DaemonFailed."""
        loop = asyncio.get_running_loop()
        abandoned = threading.Event()

        def report(line: str) -> None:
            if not abandoned.is_set():
                loop.call_soon_threadsafe(progress, line)

        try:
            async with asyncio.timeout(_LONGEST_PULL):
                await in_thread(lambda: self._pull(image, report, abandoned))
        except TimeoutError:
            raise ImageFailed(
                f"Image {image} could not be pulled within {_LONGEST_PULL / 60:.0f} minutes. Pull it with "
                "`docker pull` before the job."
            ) from None
        finally:
            abandoned.set()

    def end_leftovers(self, engine: str) -> None:
        """Remove the containers and networks that a killed engine of that name left behind."""
        filters = {"label": f"{LABEL}={engine}"}
        try:
            with self.client(_SHORT_ANSWER_SECONDS) as client:
                for container in client.containers(all=True, quiet=True, filters=filters):
                    with contextlib.suppress(NotFound):
                        client.remove_container(container["Id"], v=True, force=True)
                for network in client.networks(filters=filters):
                    with contextlib.suppress(NotFound):
                        client.remove_network(network["Id"])
        except (DaemonFailed, APIError) as error:
            log.warning("containers of an earlier run may be left: %s", error)

    def _pull(self, image: str, report: Progress, abandoned: threading.Event) -> None:
        with self.client() as client:
            with contextlib.suppress(ImageNotFound):
                client.inspect_image(image)
                return
            report(f"Pulling image {image}; this happens once.")
            try:
                for event in client.pull(image, stream=True, decode=True):
                    if abandoned.is_set():
                        return
                    _report_event(event, report)
            except DockerException as error:
                raise ImageFailed(
                    f"The Docker daemon does not have image {image} and cannot pull it: {_reason(error)}. Correct the "
                    "name of the image, log in to its registry (docker login), or pull or import it beforehand."
                ) from error
            report(f"Image {image} is here.")

    def _failure(self, reason: str) -> str:
        return f"The Docker daemon at {self.address} does not answer ({reason}). Start it, or correct ENGINE_DOCKER."


async def in_thread(function: Callable[[], Result]) -> Result:
    """Run a function that may take long in a thread of its own. After a cancellation the thread goes on."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as caught:
            error = caught
        with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="docker", daemon=True).start()
    return await outcome


def explanation(error: APIError) -> str:
    """The daemon's own words about a refused call, without a full stop."""
    return _reason(error)


def _reason(error: Exception) -> str:
    words = error.explanation if isinstance(error, APIError) and error.explanation else str(error)
    return " ".join(str(words).split()).rstrip(".")


def _report_event(event: dict[str, Any], report: Progress) -> None:
    """Report an event of a pull. Raises DockerException for an error."""
    if "error" in event:
        raise DockerException(event["error"])
    status, layer = str(event.get("status", "")), event.get("id")
    if status and status not in _FREQUENT:
        report(f"{layer}: {status}" if layer else status)
