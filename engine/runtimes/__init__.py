"""Runtimes: model servers that run model containers without Docker, in locked environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from engine.config import Config
from engine.placement import Placement
from engine.readable import Readable
from engine.runtimes import process
from engine.runtimes.archive import BadArchive, unpack
from engine.runtimes.confining import Confiner, Support, find_support, interpreter_paths
from engine.runtimes.environments import EnvironmentFailed, prepare
from engine.runtimes.layers import add_requirements
from engine.runtimes.model_files import why_too_new
from engine.runtimes.registry import BadRuntime, Runtime, find_refusal, find_runtime, find_tags, load_runtimes
from engine.runtimes.requirement_file import BadRequirements
from engine.runtimes.serving.script_folder import find_script
from engine.runtimes.threads import thread_limits

__all__ = [
    "BadArchive",
    "BadRequirements",
    "BadRuntime",
    "EnvironmentFailed",
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


class Runtimes:
    """Finds the runtime of an image, creates its environment and starts its servers."""

    def __init__(self, config: Config, support: Support) -> None:
        """`support` are the system's means of confinement.

        Raises BadRuntime if an extra runtime has an invalid description.
        """
        self._confiner = Confiner(config, support)
        self._limits = config.limits
        self._directory = config.runtimes_dir
        self._jobs_dir = config.jobs_dir
        self._runtimes = load_runtimes(config.extra_runtimes)

    def reason_against(self, image: str) -> str | None:
        """None if there is a runtime for the image, else a sentence that lists the runtimes."""
        if find_runtime(self._runtimes, image) is not None:
            return None
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
            "Use an image of one of these, or run the job on an AWS connection."
        )

    async def prepare(self, image: str, progress: Callable[[str], None]) -> PreparedRuntime:
        """Find the runtime of an image and create its environment if needed. Raises EnvironmentFailed, LookupError."""
        runtime = find_runtime(self._runtimes, image)
        if runtime is None:
            raise LookupError(image)
        return PreparedRuntime(runtime, await prepare(runtime, self._directory, progress))

    async def add_requirements(
        self,
        prepared: PreparedRuntime,
        model_dir: Path,
        environment: Mapping[str, str],
        progress: Callable[[str], None],
        held: ExitStack,
    ) -> PreparedRuntime:
        """Install what the requirements.txt of the model's script names. Raises BadRequirements.

        `environment` are the container's variables, which say where the script is. What is installed stays until `held`
        is closed.
        """
        script = find_script(model_dir, environment) if prepared.runtime.scripts else None
        if script is None:
            return prepared
        python = await add_requirements(
            prepared.python, script[0], self._directory / "layers", progress, self._limits, held
        )
        if python == prepared.python:
            return prepared
        readable = (*prepared.runtime.readable, *interpreter_paths(prepared.python))
        return PreparedRuntime(replace(prepared.runtime, readable=readable), python)

    def library_of(self, image: str) -> str:
        """The library that predicts for the image, with its version; empty where the runtime does not name one."""
        runtime = find_runtime(self._runtimes, image)
        return runtime.library if runtime is not None else ""

    def why_unfit(self, prepared: PreparedRuntime, model_dir: Path) -> str:
        """Why the runtime's library is too old for a file of the model, as a sentence; else empty.

        Called in a thread.
        """
        return why_too_new(prepared.runtime, model_dir)

    async def start(
        self,
        prepared: PreparedRuntime,
        placement: Placement,
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> process.ModelServer:
        """Start a model server; `lines` receives its output."""
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
        process.end_leftovers(self._jobs_dir)
        self._confiner.end_leftovers()
