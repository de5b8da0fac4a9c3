"""One model server process: started in a session of its own, its words captured, ended with its whole group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

LogLines = Callable[[list[str]], None]

_CHILD = Path(__file__).resolve().with_name("child.py")
_READ = 64 * 1024
#: A line that a model prints is cut here: CloudWatch takes 256 KB a message.
_LONGEST_LINE = 16 * 1024
_PID_FILE = "pid"


class ModelServer:
    """A running model server on this machine."""

    def __init__(
        self, process: asyncio.subprocess.Process, port: int, directory: Path, lines: LogLines
    ) -> None:
        self._process = process
        self._directory = directory
        self._lines = lines
        self.address = ("127.0.0.1", port)
        self._reader = asyncio.create_task(self._read())

    @property
    def exit_status(self) -> int | None:
        """None while it runs, else how it ended; negative for a signal."""
        return self._process.returncode

    async def stop(self) -> None:
        """End the process and all that it started; returns when it is gone. Harmless if it has ended."""
        for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), patience)
                break
        # What it started may have outlived it; the group is still ours to end.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reader, 1.0)
        (self._directory / _PID_FILE).unlink(missing_ok=True)

    async def _read(self) -> None:
        """Hand on what it prints, line by line, in batches as they come."""
        assert self._process.stdout is not None
        held = b""
        while chunk := await self._process.stdout.read(_READ):
            *whole, held = (held + chunk).split(b"\n")
            while len(held) > _LONGEST_LINE:
                whole.append(held[:_LONGEST_LINE])
                held = held[_LONGEST_LINE:]
            if whole:
                self._lines([line[:_LONGEST_LINE].decode(errors="replace") for line in whole])
        if held:
            self._lines([held.decode(errors="replace")])
        await self._process.wait()


async def start(
    python: Path, program: Path, directory: Path, environment: Mapping[str, str], lines: LogLines
) -> ModelServer:
    """Start `program` in `directory`; it serves on SAGEMAKER_BIND_TO_PORT, which is set here.

    It gets only `environment` and what a program needs to run at all: none of the engine's own variables.
    """
    directory.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-S",
        "-E",
        str(_CHILD),
        str(os.getpid()),
        str(python),
        str(program),
        cwd=directory,
        env={
            **inherited,
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "PYTHONUNBUFFERED": "1",
            **environment,
            "SAGEMAKER_BIND_TO_PORT": str(port),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=_READ,
    )
    (directory / _PID_FILE).write_text(f"{process.pid} {_started_at(process.pid)}")
    return ModelServer(process, port, directory, lines)


def end_leftovers(jobs_dir: Path) -> None:
    """End the model servers that an engine which was killed has left behind, by the pid files beside them.

    A process number may have been given to another program since: only one that began when ours did is ended.
    """
    for path in jobs_dir.glob(f"**/{_PID_FILE}"):
        with contextlib.suppress(ValueError, OSError):
            pid, began = path.read_text().split(" ", 1)
            if began and _started_at(int(pid)) == began:
                os.killpg(int(pid), signal.SIGKILL)
        path.unlink(missing_ok=True)


def _started_at(pid: int) -> str:
    """When a process began, in the kernel's own words; empty where /proc does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
