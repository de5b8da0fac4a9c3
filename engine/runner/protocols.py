"""What the runner asks of whatever runs model containers: one small interface, so that it can be replaced."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.placement import Placement
from engine.readable import Readable


class ServerUsage(Protocol):
    """What a server and all that it started use."""

    @property
    def cpu_seconds(self) -> float:
        """CPU time since their start."""

    @property
    def memory(self) -> int:
        """Bytes of memory now."""


class RunningServer(Protocol):
    """A model server that was started."""

    address: tuple[str, int]

    @property
    def exit_status(self) -> int | None:
        """None while it runs; for one ended by a signal negative, or 128 and more."""

    async def wait(self) -> None:
        """Return when it has ended."""

    def usage(self) -> ServerUsage | None:
        """What it uses; None once it has ended, and where the system does not tell. Called in a thread."""

    def exact_memory(self) -> int:
        """Its bytes of memory, what processes share counted once; 0 where nobody can tell. Called in a thread."""

    def unlinked_bytes(self) -> int:
        """Bytes of its open files that have no name any more. Called in a thread."""

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to it and everything it started."""

    async def stop(self) -> None:
        """End it and everything it started; harmless when it has ended."""


class RuntimeProvider(Protocol):
    """Starts model servers for container images."""

    def reason_against(self, image: str) -> str | None:
        """None if the image can be run, else a sentence that says why not and what to do."""

    async def prepare(self, image: str, progress: Callable[[str], None]) -> Any:
        """Make ready what the image needs, telling `progress` line by line. Raises CannotRun."""

    async def start(
        self,
        prepared: Any,
        placement: Placement,
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> RunningServer:
        """Start a server; what it prints goes to `lines`."""

    def unpack(self, archive: Readable, directory: Path) -> None:
        """Unpack a model archive into `directory`, which is made. Raises CannotRun. Called in a thread."""

    def end_leftovers(self) -> None:
        """End servers that an earlier engine was killed before it could end."""
