"""One model server process: started in a session of its own, its words captured, ended with its whole group."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from engine.placement import Placement
from engine.runtimes.confining import KEEPER, Confiner, scratch_folder
from engine.runtimes.registry import SERVING, Runtime
from engine.runtimes.usage import (
    ProcessUsage,
    memory_below,
    processes_below,
    unlinked_bytes_below,
    usage_below,
)

LogLines = Callable[[list[str]], None]

_READ = 64 * 1024
#: Bytes of a line that a model prints; longer ones come in pieces. CloudWatch takes 256 KB a message.
LONGEST_LINE = 16 * 1024
#: Seconds between the request to end and the end by force.
_PATIENCE = 1.0
#: Seconds for the last lines of a server that has ended.
_PATIENCE_FOR_LINES = 10.0
#: Lines that are handed on in one go. After one that took more than `_BUSY` seconds, the reading rests for `_REST`
#: times as long.
_LINES_AT_ONCE, _BUSY, _REST = 1000, 0.005, 4
#: Connections that may wait for a server to accept them.
_BACKLOG = 2048

#: Variables of a job that change how a program starts: interpreters', the dynamic loader's, the C library's, the
#: shell's. They reach user code alone, after the model server's own start.
_START_VARIABLES = re.compile(
    r"(_?PYTHON|LD_|DYLD_|MALLOC_|GLIBC_|PERL|RUBY|NODE_|BASH|OPENSSL_|GIO_|QT_|GTK_|UV_|PIP_).*"
    r"|PATH|HOME|USER|LOGNAME|SHELL|ENV|IFS|CDPATH|BROWSER|PAGER|EDITOR|VISUAL|DISPLAY|TMPDIR|TMP|TEMP|GCONV_PATH"
    r"|LOCPATH|NLSPATH|TZDIR|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|RESOLV_.*|SSLKEYLOGFILE|VIRTUAL_ENV"
)
#: What stands before the name of such a variable until the server takes it (see model_server.py).
_FOR_USER_CODE = "SAGEMAKER_USER_ENVIRONMENT_"
#: Variables that only the engine sets.
_OWN = re.compile(rf"SAGEMAKER_BIND_TO_PORT|SAGEMAKER_LISTENER|{_FOR_USER_CODE}.*")

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
        self.kill(signal.SIGTERM)
        if not await self._ends_within(_PATIENCE):
            # The end of its pipe has the keeper end everything below it, whatever group that is in.
            if self._process.stdin is not None:
                self._process.stdin.close()
            if not await self._ends_within(_PATIENCE):
                self.kill(signal.SIGKILL)
                await self._process.wait()
        # Its last lines are in the pipe, whose other end is closed now.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reader, _PATIENCE_FOR_LINES)
        if self._process.stdin is not None:
            self._process.stdin.close()
        _pid_file(self._directory).unlink(missing_ok=True)
        _ports.discard(self.address[1])

    async def _ends_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        return self._process.returncode is not None

    def usage(self) -> ProcessUsage | None:
        """What the process and all that it started use; None once it has ended, and without a /proc."""
        return usage_below(self._process.pid)

    def exact_memory(self) -> int:
        """Bytes of memory, what processes share counted once; 0 once it has ended, and without a /proc."""
        return memory_below(self._process.pid)

    def unlinked_bytes(self) -> int:
        """Bytes of open files that have no name any more; 0 once it has ended, and without a /proc."""
        return unlinked_bytes_below(self._process.pid)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if number != signal.SIGTERM:
            # SIGTERM the keeper hands on. Of others, its own end would reach the server a moment later.
            for process in processes_below(self._process.pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, number)
        # Refused where the group is only what macOS has left of it: processes that have ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _read(self) -> None:
        """Hand on what it prints, line by line, in batches as they come."""
        assert self._process.stdout is not None
        rest = b""
        while chunk := await self._process.stdout.read(_READ):
            *whole, rest = (rest + chunk).split(b"\n")
            lines = [piece for line in whole for piece in _pieces(line)]
            if len(rest) > LONGEST_LINE:
                *more, rest = _pieces(rest)
                lines += more
            await self._hand_on(lines)
        if rest:
            self._lines([rest.decode(errors="replace")])

    async def _hand_on(self, lines: list[bytes]) -> None:
        """Hand lines on, a few at a time; who prints without end waits, so that the engine has time for others."""
        for start in range(0, len(lines), _LINES_AT_ONCE):
            began = time.monotonic()
            self._lines([line.decode(errors="replace") for line in lines[start : start + _LINES_AT_ONCE]])
            spent = time.monotonic() - began
            runs = self._process.returncode is None
            await asyncio.sleep(_REST * spent if spent > _BUSY and runs else 0)


def _pieces(line: bytes) -> list[bytes]:
    """The line in pieces of the longest length; an empty line is one empty piece."""
    return [line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE)] or [b""]


async def start(
    runtime: Runtime,
    python: Path,
    placement: Placement,
    environment: Mapping[str, str],
    lines: LogLines,
    confiner: Confiner,
) -> ModelServer:
    """Start a runtime's command in its folder, confined; its port is SAGEMAKER_BIND_TO_PORT, which is set here.

    "python" as the command's first word is `python`, whose folder also comes first on PATH. The server gets
    only `environment` and what a program needs to run at all: none of the engine's own variables, which may
    hold secrets. Variables that would change how it starts come under other names, for the user's code alone.
    """
    directory = placement.directory
    with _listening(runtime.inherits_listener) as (port, listener):
        order = directory.with_name(f"{directory.name}.order")
        bounds = await asyncio.to_thread(confiner.bounds, runtime, python, placement, port, listener)
        own = _own_environment(python, directory, port, listener)
        order.write_text(json.dumps({"confinement": bounds, "environment": _environment(environment) | own}))
        program = str(python) if runtime.command[0] == "python" else runtime.command[0]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(KEEPER), str(order), program, *runtime.command[1:]),
            cwd=directory,
            # Nothing of the job's: the keeper is not confined.
            env={"HOME": str(directory)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[] if listener is None else [listener],
            limit=_READ,
        )
    _pid_file(directory).write_text(f"{process.pid} {_started_at(process.pid)}")
    return ModelServer(process, port, directory, lines)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The job's variables as the server's process gets them."""
    return {
        f"{_FOR_USER_CODE}{name}" if _START_VARIABLES.fullmatch(name) else name: value
        for name, value in environment.items()
        if not _OWN.fullmatch(name)
    }


def _own_environment(python: Path, directory: Path, port: int, listener: int | None) -> dict[str, str]:
    """The variables that every server gets from us."""
    inherited = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    return {
        **inherited,
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(directory),
        "USER": "model",
        "LOGNAME": "model",
        "TMPDIR": str(scratch_folder(directory)),
        "PYTHONUNBUFFERED": "1",
        # Where runtimes of one's own find `model_server`.
        "PYTHONPATH": str(SERVING),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        **({} if listener is None else {"SAGEMAKER_LISTENER": str(listener)}),
    }


@contextlib.contextmanager
def _listening(inherited: bool) -> Iterator[tuple[int, int | None]]:
    """A port for a server, and the number of a socket that listens on it, if the server inherits one."""
    if not inherited:
        yield _free_port(), None
        return
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
        yield listener.getsockname()[1], listener.fileno()


def _pid_file(directory: Path) -> Path:
    """Beside the server's folder: what lies in it, the model's code can write."""
    return directory.with_name(f"{directory.name}.pid")


def end_leftovers(jobs_dir: Path) -> None:
    """End the model servers that an engine which was killed has left behind, by the pid files beside them.

    Their keepers see to that themselves; this is for one that was killed too. A process number may have been
    given to another program since: only one that began when ours did is ended.
    """
    for path in jobs_dir.glob("*/*/*.pid"):
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
