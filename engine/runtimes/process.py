"""Model server processes: the environment and the sockets that they start with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.placement import Placement
from engine.runtimes.confined_process import ConfinedProcess, free_port, free_ports, launch
from engine.runtimes.confining import Confiner, scratch_folder
from engine.runtimes.output import LogLines
from engine.runtimes.registry import SERVING, Runtime

#: Backlog of a server's listening socket.
_BACKLOG = 2048
#: The option of a socket with the ports that the kernel chooses from (ip(7)); sockets that are accepted inherit it.
_IP_LOCAL_PORT_RANGE = 51

#: Variables that change how a program starts: those of interpreters, the dynamic loader, the C library and the
#: shell. A job's variables of these names are set only for user code, after the model server's own start.
_START_VARIABLES = re.compile(
    r"(_?PYTHON|LD_|DYLD_|MALLOC_|GLIBC_|PERL|RUBY|NODE_|BASH|OPENSSL_|GIO_|QT_|GTK_|UV_|PIP_).*"
    r"|PATH|HOME|USER|LOGNAME|SHELL|ENV|IFS|CDPATH|BROWSER|PAGER|EDITOR|VISUAL|DISPLAY|TMPDIR|TMP|TEMP|GCONV_PATH"
    r"|LOCPATH|NLSPATH|TZDIR|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|RESOLV_.*|SSLKEYLOGFILE|VIRTUAL_ENV"
)
#: The prefix of such variables until the server sets them (see model_server.py).
_FOR_USER_CODE = "SAGEMAKER_USER_ENVIRONMENT_"
#: Variables that only the engine sets.
_OWN = re.compile(
    r"SAGEMAKER_BIND_TO_PORT|SAGEMAKER_SAFE_PORT_RANGE|SAGEMAKER_BASE_DIR|SAGEMAKER_LISTENER"
    rf"|{_FOR_USER_CODE}.*"
)


class ModelServer(ConfinedProcess):
    """A running model server on this machine."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        ports: Sequence[int],
        directory: Path,
        lines: LogLines,
        bounds: Mapping[str, Any],
    ) -> None:
        """`ports` are the one that requests go to, and the server's own; `bounds` is its confinement."""
        super().__init__(process, ports, directory, lines, bounds)
        self.address = ("127.0.0.1", ports[0])


async def start(
    runtime: Runtime,
    python: Path,
    placement: Placement,
    environment: Mapping[str, str],
    lines: LogLines,
    confiner: Confiner,
) -> ModelServer:
    """Start a runtime's command, confined, in its folder; SAGEMAKER_BIND_TO_PORT is set to its port.

    If the command's first word is "python", it is replaced by `python`, whose folder also comes first on PATH. The
    server's environment is `environment` with the variables that programs need, without the engine's own variables,
    which may be secrets. Variables that would change how the server starts are renamed and set for user code only.
    """
    directory = placement.directory
    with _listening(runtime.inherits_listener) as (port, listener):
        own_ports = free_ports(runtime.own_ports)
        ports = (port, *own_ports)
        bounds = await asyncio.to_thread(confiner.bounds, runtime, python, placement, ports, listener)
        own_variables = _own_environment(python, directory, port, listener)
        own_variables["SAGEMAKER_BASE_DIR"] = str(confiner.base_dir(placement))
        if own_ports:
            own_variables["SAGEMAKER_SAFE_PORT_RANGE"] = f"{own_ports[0]}-{own_ports[-1]}"
        program = str(python) if runtime.command[0] == "python" else runtime.command[0]
        process = await launch(
            [program, *runtime.command[1:]],
            directory,
            bounds,
            _environment(environment) | own_variables,
            listener,
        )
    return ModelServer(process, ports, directory, lines, bounds)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The job's variables for the server's process."""
    return {
        f"{_FOR_USER_CODE}{name}" if _START_VARIABLES.fullmatch(name) else name: value
        for name, value in environment.items()
        if not _OWN.fullmatch(name)
    }


def _own_environment(python: Path, directory: Path, port: int, listener: int | None) -> dict[str, str]:
    """The variables that the engine sets for every server."""
    inherited = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    return {
        **inherited,
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(directory),
        "USER": "model",
        "LOGNAME": "model",
        "TMPDIR": str(scratch_folder(directory)),
        "PYTHONUNBUFFERED": "1",
        # Extra runtimes import `model_server` from there.
        "PYTHONPATH": str(SERVING),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        **({} if listener is None else {"SAGEMAKER_LISTENER": str(listener)}),
    }


@contextlib.contextmanager
def _listening(inherited: bool) -> Iterator[tuple[int, int | None]]:
    """A port for a server, and the descriptor of a socket that listens on it if the server inherits one."""
    if not inherited:
        yield free_port(), None
        return
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
        port = listener.getsockname()[1]
        # An accepted socket could be disconnected and listen at another port of the machine, which the kernel chooses.
        # Before Linux 6.3 there is no such option.
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.IPPROTO_IP, _IP_LOCAL_PORT_RANGE, struct.pack("=HH", port, port))
        yield port, listener.fileno()
