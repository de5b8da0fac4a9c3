"""Runtimes: model servers that run model containers in locked environments, or as containers of a Docker daemon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import Config
from engine.placement import Placement
from engine.readable import Readable
from engine.runtimes import confined_process, process
from engine.runtimes.archive import BadArchive, unpack
from engine.runtimes.cgroups import engine_name
from engine.runtimes.confining import Confiner, interpreter_paths
from engine.runtimes.environments import EnvironmentFailed, prepare
from engine.runtimes.layers import add_requirements
from engine.runtimes.model_files import why_too_new
from engine.runtimes.registry import BadRuntime, Runtime, find_refusal, find_runtime, find_tags, load_runtimes
from engine.runtimes.requirement_file import NAME, BadRequirements
from engine.runtimes.serving.script_folder import find_script
from engine.runtimes.support import Support, find_support
from engine.runtimes.threads import thread_limits

if TYPE_CHECKING:
    from engine.runtimes.containers.daemon import Daemon
    from engine.runtimes.containers.server import ContainerServer

__all__ = [
    "BadArchive",
    "BadRequirements",
    "BadRuntime",
    "EnvironmentFailed",
    "PreparedImage",
    "PreparedRuntime",
    "Runtimes",
    "Support",
    "find_support",
]


@dataclass(frozen=True, slots=True)
class PreparedRuntime:
    """A runtime with its environment; `python` is the environment's interpreter."""

    runtime: Runtime
    python: Path


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image that the Docker daemon has."""

    image: str


class Runtimes:
    """Finds the runtime of an image, creates its environment and starts its servers."""

    def __init__(self, config: Config, support: Support) -> None:
        """`support` are the system's means of confinement.

        Raises BadRuntime if an extra runtime has an invalid description.
        """
        self._config = config
        self._confiner = Confiner(config, support)
        self._daemon = _daemon(config)
        self._limits = config.limits
        self._directory = config.runtimes_dir
        self._jobs_dir = config.jobs_dir
        self._runtimes = load_runtimes(config.extra_runtimes)

    def reason_against(self, image: str) -> str | None:
        """None if there is a runtime for the image or a Docker daemon, else a sentence about what is missing."""
        if find_runtime(self._runtimes, image) is not None:
            return None
        if self._daemon is not None and image:
            return self._daemon.why_unreachable()
        if tags := find_tags(self._runtimes, image):
            because = find_refusal(self._runtimes, image)
            return (
                f"The embedded engine has no library that gives the numbers of image {image}{': ' if because else '.'}"
                f"{because} Of this image it has the tags {', '.join(tags)}. Use one of them, or run the job on an AWS "
                "connection."
            )
        titles = "; ".join(dict.fromkeys(runtime.title for runtime in self._runtimes))
        return (
            f"The embedded engine has no runtime for image {image or '(none given)'}. It has: {titles}. "
            "Use an image of one of these, let the operator add the image (ENGINE_EXTRA_RUNTIMES or ENGINE_DOCKER), or "
            "run the job on an AWS connection."
        )

    async def prepare(self, image: str, progress: Callable[[str], None]) -> PreparedRuntime | PreparedImage:
        """Find the runtime of an image and create its environment, or pull the image, if needed.

        Raises CannotRun, LookupError.
        """
        runtime = find_runtime(self._runtimes, image)
        if runtime is None and self._daemon is not None:
            await self._daemon.fetch_image(image, progress)
            return PreparedImage(image)
        if runtime is None:
            raise LookupError(image)
        return PreparedRuntime(runtime, await prepare(runtime, self._directory, progress))

    async def add_requirements(
        self,
        prepared: PreparedRuntime | PreparedImage,
        model_dir: Path,
        environment: Mapping[str, str],
        progress: Callable[[str], None],
        layer_holds: ExitStack,
    ) -> PreparedRuntime | PreparedImage:
        """Install what the requirements.txt of the model's script names. Raises BadRequirements.

        `environment` are the container's variables, which say where the script is. What is installed stays until
        `layer_holds` is closed. An image runs as it is.
        """
        if isinstance(prepared, PreparedImage):
            return prepared
        folder = _requirements_folder(prepared.runtime, model_dir, environment)
        if folder is None:
            return prepared
        also = prepared.runtime.model_packages

        def named(text: str) -> str:
            """The text with the name that the file has in the archive."""
            return text.replace(f"code/{NAME}", NAME) if also else text

        layers = self._directory / "layers"
        try:
            python = await add_requirements(
                prepared.python,
                folder,
                layers,
                lambda line: progress(named(line)),
                self._limits,
                layer_holds,
                also,
            )
        except BadRequirements as error:
            raise BadRequirements(named(str(error))) from error
        if python == prepared.python:
            return prepared
        readable = (*prepared.runtime.readable, *interpreter_paths(prepared.python))
        return PreparedRuntime(replace(prepared.runtime, readable=readable), python)

    def library_of(self, image: str) -> str:
        """The library that predicts for the image, with its version; empty where the runtime does not name one."""
        runtime = find_runtime(self._runtimes, image)
        return runtime.library if runtime is not None else ""

    def why_unfit(self, prepared: PreparedRuntime | PreparedImage, model_dir: Path) -> str:
        """Why the runtime's library is too old for a file of the model, as a sentence; else empty.

        Called in a thread.
        """
        return "" if isinstance(prepared, PreparedImage) else why_too_new(prepared.runtime, model_dir)

    async def start(
        self,
        prepared: PreparedRuntime | PreparedImage,
        placement: Placement,
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> process.ModelServer | ContainerServer:
        """Start a model server; `lines` receives its output. Raises CannotRun."""
        if isinstance(prepared, PreparedImage):
            return await self._start_container(prepared.image, placement, environment, lines)
        if prepared.runtime.scripts:
            environment = {**thread_limits(placement.instances), **environment}
        return await process.start(
            prepared.runtime, prepared.python, placement, environment, lines, self._confiner
        )

    def unpack(self, archive: Readable, directory: Path) -> None:
        """Unpack a model archive. Raises BadArchive."""
        unpack(archive, directory, self._limits)

    def end_leftovers(self) -> None:
        """End the servers that a killed engine left running."""
        confined_process.end_leftovers(self._jobs_dir)
        self._confiner.end_leftovers()
        if self._daemon is not None:
            self._daemon.end_leftovers(engine_name(self._jobs_dir))

    async def _start_container(
        self,
        image: str,
        placement: Placement,
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> ContainerServer:
        from engine.runtimes.containers import server

        assert self._daemon is not None, "an image is prepared only with a daemon"
        return await server.start(self._daemon, image, placement, environment, lines, self._config)


def _requirements_folder(runtime: Runtime, model_dir: Path, environment: Mapping[str, str]) -> Path | None:
    """The folder whose requirements.txt the model's own code needs; None if the runtime runs none."""
    if runtime.model_packages:
        return model_dir
    script = find_script(model_dir, environment) if runtime.scripts else None
    return script[0] if script is not None else None


def _daemon(config: Config) -> Daemon | None:
    """The Docker daemon that the operator has switched on, or None."""
    if config.docker is None:
        return None
    # Takes a third of a second to import, and most engines have no use for it.
    from engine.runtimes.containers.daemon import Daemon

    return Daemon(config.docker)
