"""One model server process: started in a session of its own, its words captured, ended with its whole group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.runtimes.usage import Usage, group_usage

LogLines = Callable[[list[str]], None]

_SERVING = Path(__file__).resolve().with_name("serving")
_KEEPER = Path(__file__).resolve().with_name("keeper.py")
_READ = 64 * 1024
#: Bytes of a line that a model prints; longer ones come in pieces. CloudWatch takes 256 KB a message.
LONGEST_LINE = 16 * 1024
#: Seconds between the request to end and the end by force.
_PATIENCE = 1.0
_PID_FILE = "pid"

#: Ports given to servers of this engine. The kernel may offer one again before its server listens, and then a
#: job would speak to another job's model.
_ports: set[int] = set()


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
        """None while it runs, else how it ended: 128 and more, or a negative number, for a signal."""
        return self._process.returncode

    async def wait(self) -> None:
        """Return when it has ended."""
        await self._process.wait()

    async def stop(self) -> None:
        """End the process and all that it started; returns when it is gone. Harmless if it has ended."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.kill(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _PATIENCE)
                break
        # What it started may have outlived it; the group is still ours to end.
        self.kill(signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reader, _PATIENCE)
        if self._process.stdin is not None:
            self._process.stdin.close()
        (self._directory / _PID_FILE).unlink(missing_ok=True)
        _ports.discard(self.address[1])

    def usage(self) -> Usage | None:
        """What the process and all that it started use; None once it has ended, and without a /proc."""
        return group_usage(self._process.pid)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        # Refused where the group is only what macOS has left of it: processes that have ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _read(self) -> None:
        """Hand on what it prints, line by line, in batches as they come."""
        assert self._process.stdout is not None
        held = b""
        while chunk := await self._process.stdout.read(_READ):
            *whole, held = (held + chunk).split(b"\n")
            lines = [piece for line in whole for piece in _pieces(line)]
            if len(held) > LONGEST_LINE:
                *more, held = _pieces(held)
                lines += more
            if lines:
                self._lines([line.decode(errors="replace") for line in lines])
        if held:
            self._lines([held.decode(errors="replace")])


def _pieces(line: bytes) -> list[bytes]:
    """The line in pieces of the longest length; an empty line is one empty piece."""
    return [line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE)] or [b""]


async def start(
    python: Path, command: Sequence[str], directory: Path, environment: Mapping[str, str], lines: LogLines
) -> ModelServer:
    """Start `command` in `directory`; it serves on SAGEMAKER_BIND_TO_PORT, which is set here.

    "python" as the command's first word is `python`, whose folder also comes first on PATH. The server gets
    only `environment` and what a program needs to run at all: none of the engine's own variables, which may
    hold secrets.
    """
    directory.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    program = str(python) if command[0] == "python" else command[0]
    inherited = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(_KEEPER),
        program,
        *command[1:],
        cwd=directory,
        env={
            **inherited,
            "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "PYTHONUNBUFFERED": "1",
            # Where the built-in runtimes, and any other that wants to, find `model_server`.
            "PYTHONPATH": str(_SERVING),
            **environment,
            "SAGEMAKER_BIND_TO_PORT": str(port),
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=_READ,
    )
    (directory / _PID_FILE).write_text(f"{process.pid} {_started_at(process.pid)}")
    return ModelServer(process, port, directory, lines)


def end_leftovers(jobs_dir: Path) -> None:
    """End the model servers that an engine which was killed has left behind, by the pid files beside them.

    Their keepers see to that themselves; this is for one that was killed too. A process number may have been
    given to another program since: only one that began when ours did is ended.
    """
    for path in jobs_dir.glob(f"*/*/*/{_PID_FILE}"):
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
    """A port that nobody listens on and no other server of this engine was given."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _ports:
            _ports.add(port)
            return port
