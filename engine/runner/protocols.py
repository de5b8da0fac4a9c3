"""The runner's interface to the runtimes that run model containers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from engine.placement import Placement, ScriptPlacement
from engine.readable import Readable


class ServerUsage(Protocol):
    """Resources that a server and its child processes use."""

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds since their start."""

    @property
    def memory(self) -> int:
        """Current memory in bytes."""


class RunningScript(Protocol):
    """A started program: a processing script or a model server."""

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative, or 128 and more, if a signal ended it."""

    async def wait(self) -> None:
        """Wait until the server has ended."""

    def usage(self) -> ServerUsage | None:
        """Its usage; None if it has ended or the system cannot measure it. Called in a thread."""

    def exact_memory(self) -> int:
        """Its memory in bytes, shared memory counted once; 0 if unknown. Called in a thread."""

    def unlinked_bytes(self) -> int:
        """Bytes on disk or in memory that are in no file of its folder, such as files without a name.

        Called in a thread.
        """

    def last_lines(self) -> list[str]:
        """The last lines that it has printed; all of them are read once `stop` has returned."""

    def ran_out_of_memory(self) -> bool:
        """Whether the system ended one of its processes because they have used up the instance's memory."""

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to it and its child processes."""

    async def stop(self) -> None:
        """End it and its child processes; does nothing if it has ended."""


class RunningServer(RunningScript, Protocol):
    """A started model server."""

    address: tuple[str, int]


class Measured(Protocol):
    """An instance of a job, as its use of the machine is measured."""

    def unlinked_bytes(self) -> int:
        """Bytes of its open files without a name. Called in a thread."""

    def own_memory(self, suspicious: int) -> int:
        """Its memory in bytes, exact only above `suspicious`. Called in a thread."""

    def ran_out_of_memory(self) -> bool:
        """Whether the system ended one of its processes for lack of memory."""


class ScriptProvider(Protocol):
    """Starts the scripts of processing jobs."""

    def reason_against(self, image: str) -> str | None:
        """Why a processing job cannot run with this image, and what to do, as a sentence; None if it can."""

    def engine_url(self) -> str:
        """The engine's address for scripts."""

    def index_url(self, user: str, password: str) -> str:
        """The address of the engine's package index for a script with this key."""

    async def prepare(self, image: str, progress: Callable[[str], None]) -> Any:
        """Prepare what the image needs; `progress` receives lines. Raises CannotRun."""

    async def start(
        self,
        prepared: Any,
        placement: ScriptPlacement,
        command: Sequence[str],
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> RunningScript:
        """Start a command; `lines` receives its output. Raises CannotRun."""


class RuntimeProvider(Protocol):
    """Starts model servers for container images."""

    def reason_against(self, image: str) -> str | None:
        """Why the image cannot run, and what to do, as a sentence; None if it can."""

    def library_of(self, image: str) -> str:
        """The library that predicts for the image, with its version; empty if unknown."""

    async def prepare(self, image: str, progress: Callable[[str], None]) -> Any:
        """Prepare what the image needs; `progress` receives lines. Raises CannotRun."""

    async def add_requirements(
        self,
        prepared: Any,
        model_dir: Path,
        environment: Mapping[str, str],
        progress: Callable[[str], None],
        layer_holds: ExitStack,
    ) -> Any:
        """Install what the model's script requires, which stays until `layer_holds` is closed; returns what `start`
        takes.

        Raises CannotRun.
        """

    async def start(
        self,
        prepared: Any,
        placement: Placement,
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> RunningServer:
        """Start a server; `lines` receives its output. Raises CannotRun."""

    def why_unfit(self, prepared: Any, model_dir: Path) -> str:
        """Why the library is too old for a file of the model, as a sentence; else empty. Called in a thread."""

    def unpack(self, archive: Readable, directory: Path) -> None:
        """Unpack a model archive into `directory`, which is created. Raises CannotRun. Called in a thread."""

    def end_leftovers(self) -> None:
        """End the servers that a killed engine left running."""
