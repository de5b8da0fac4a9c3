"""Confined processes below a keeper: starting, reading their output, ending; and the ports reserved for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.runtimes.cgroups import out_of_memory
from engine.runtimes.confining import end_groups
from engine.runtimes.output import LogLines, ServerOutput
from engine.runtimes.support import KEEPER
from engine.runtimes.usage import (
    ProcessUsage,
    memory_below,
    processes_below,
    unlinked_bytes_below,
    usage_below,
)

_READ_BYTES = 64 * 1024
#: Seconds between SIGTERM, closing the keeper's pipe, and SIGKILL.
_END_SECONDS = 1.0
#: Seconds to wait for the last output of a process that has ended.
_LAST_LINES_SECONDS = 10.0

#: Ports assigned to processes of this engine. The kernel could offer a port again before its server listens, and then
#: a job would speak to another job's model.
_ports: set[int] = set()


class ConfinedProcess:
    """A running process on this machine, with the processes below it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        ports: Sequence[int],
        directory: Path,
        lines: LogLines,
        bounds: Mapping[str, Any],
    ) -> None:
        """`ports` are reserved until it ends; `bounds` is its confinement."""
        self._process = process
        self._reserved_ports = ports
        self._groups = [Path(folder) for folder in bounds.get("groups", ())]
        self._memory_events = [Path(path) for path in bounds.get("memory_events", ())]
        self._directory = directory
        self._output = ServerOutput(lines, lambda: process.returncode is None)
        self._reader = asyncio.create_task(self._read())

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative, or 128 and more, if a signal ended it."""
        return self._process.returncode

    async def wait(self) -> None:
        """Wait until the server has ended."""
        await self._process.wait()

    async def stop(self) -> None:
        """End the process and its child processes, and wait for that. Does nothing if it has ended."""
        self.kill(signal.SIGTERM)
        if not await self._ends_within(_END_SECONDS):
            # When its pipe ends, the keeper ends all processes below it, in whatever group they are.
            if self._process.stdin is not None:
                self._process.stdin.close()
            if not await self._ends_within(_END_SECONDS):
                self.kill(signal.SIGKILL)
                await self._process.wait()
        if any(folder.exists() for folder in self._groups):
            # The keeper was killed, and did not remove them.
            await asyncio.to_thread(end_groups, self._groups)
        # The output pipe still holds the last lines.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reader, _LAST_LINES_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        _pid_file(self._directory).unlink(missing_ok=True)
        _ports.difference_update(self._reserved_ports)

    async def _ends_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        return self._process.returncode is not None

    def usage(self) -> ProcessUsage | None:
        """Usage of the process and its child processes; None if it has ended or there is no /proc."""
        return usage_below(self._process.pid)

    def exact_memory(self) -> int:
        """Memory in bytes, shared memory counted once; 0 if it has ended or there is no /proc."""
        return memory_below(self._process.pid)

    def unlinked_bytes(self) -> int:
        """Bytes of open files without a name; 0 if it has ended or there is no /proc."""
        return unlinked_bytes_below(self._process.pid)

    def last_lines(self) -> list[str]:
        """The last lines that it has printed; all of them are read once `stop` has returned."""
        return self._output.last_lines()

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel ended one of its processes because all of them have used up the instance's memory."""
        return out_of_memory(self._memory_events)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the process and its child processes."""
        if number != signal.SIGTERM:
            # The keeper forwards only SIGTERM.
            for process in processes_below(self._process.pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, number)
        # macOS refuses this if all processes of the group have ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _read(self) -> None:
        """Read the output and pass it on in lines."""
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(_READ_BYTES):
            await self._output.add(chunk)
        self._output.end()


async def launch(
    command: Sequence[str],
    directory: Path,
    bounds: Mapping[str, Any],
    environment: Mapping[str, str],
    listener: int | None = None,
) -> asyncio.subprocess.Process:
    """Start a keeper that runs the command in `directory`, confined by `bounds`, with exactly this environment.

    The command inherits the descriptor `listener`.
    """
    order = directory.with_name(f"{directory.name}.order")
    order.write_text(json.dumps({"confinement": dict(bounds), "environment": dict(environment)}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(KEEPER), str(order), *command),
        cwd=directory,
        # None of the job's variables, since the keeper is not confined.
        env={"HOME": str(directory)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        pass_fds=[] if listener is None else [listener],
        limit=_READ_BYTES,
    )
    _pid_file(directory).write_text(f"{process.pid} {_started_at(process.pid)}")
    return process


def _pid_file(directory: Path) -> Path:
    """The pid file. It is beside the server's folder, in which the model's code can write."""
    return directory.with_name(f"{directory.name}.pid")


def end_leftovers(jobs_dir: Path) -> None:
    """End the processes of a killed engine, by their pid files.

    Normally keepers do this; a keeper may have been killed too. Since process numbers are reused, only a process with
    the recorded start time is ended.
    """
    for path in jobs_dir.glob("*/*/*.pid"):
        with contextlib.suppress(ValueError, OSError):
            pid, began = path.read_text().split(" ", 1)
            if began and _started_at(int(pid)) == began:
                os.killpg(int(pid), signal.SIGKILL)
        path.unlink(missing_ok=True)


def _started_at(pid: int) -> str:
    """The start time of a process as /proc has it; empty if unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def free_port() -> int:
    """A free port that is not assigned to another server of this engine."""
    return free_ports(1)[0]


def free_ports(count: int) -> range:
    """That many free ports in a row, which are not assigned to another server of this engine."""
    while count:
        with contextlib.ExitStack() as probes:
            first = _bound_port(probes, 0)
            ports = range(first, first + count)
            with contextlib.suppress(OSError, OverflowError):
                for port in ports[1:]:
                    _bound_port(probes, port)
                if _ports.isdisjoint(ports):
                    _ports.update(ports)
                    return ports
    return range(0)


def _bound_port(probes: contextlib.ExitStack, port: int) -> int:
    """Bind a socket to a port, 0 for any, while `probes` is open; returns the port. Raises OSError."""
    probe = probes.enter_context(socket.socket())
    probe.bind(("127.0.0.1", port))
    number: int = probe.getsockname()[1]
    return number
