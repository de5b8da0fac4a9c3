"""Stands between the engine and a model server: starts it confined, and ends it and all its processes.

Runs as `python -I -S keeper ORDER COMMAND...`, leader of its own session, with nothing but the standard library. ORDER
is a file of JSON: the server's confinement (see confinement.py) and environment, of which the keeper has none. Its
standard input is a pipe that nobody writes to; when the engine goes, however it goes, the pipe ends, and the keeper
ends every process of the server. Its exit status is the server's; for one ended by a signal, 128 and the signal's
number, as shells have it.

`python -I -S keeper --probe FOLDER USER` prints as JSON what the system allows; see probe.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

from confinement import Confinement
from libc import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl
from probe import print_support
from processes import end_descendants, wait_for

#: The exit status of a server that could not be confined or started, as of shells for what cannot be run.
CANNOT_START = 127


def main() -> int:
    """Run the command and wait for it; returns the exit status."""
    if sys.argv[1] == "--probe":
        print_support(sys.argv[2], int(sys.argv[3]))
        return 0
    confinement, environment = read_order(sys.argv[1])
    # The engine keeps its files to itself; what is made here is for the server's own user to pass through.
    os.umask(0o022)
    if sys.platform == "linux":
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    server = start(confinement, environment, sys.argv[2:])
    forward_end(server)
    close_listener(confinement)
    status = wait_for(server, engine=0)
    end_descendants()
    if status is None:
        # The engine is gone, and with it whoever would have ended the group.
        os.killpg(0, signal.SIGKILL)
    return status or 0


def read_order(path: str) -> tuple[Confinement, dict[str, str]]:
    """The server's confinement and its environment, from the file that the engine wrote; the file is removed."""
    with open(path, encoding="utf-8") as file:
        order = json.load(file)
    os.unlink(path)
    return Confinement.from_values(order["confinement"]), order["environment"]


def start(confinement: Confinement, environment: dict[str, str], command: list[str]) -> int:
    """Start the server, or the first process of its namespaces, which starts it; returns the process number."""
    in_namespaces = confinement.root is not None
    try:
        confinement.enter_namespaces()
    except OSError as error:
        stop_child("confine the model server", error)
    child = os.fork()
    if child == 0:
        die_with_parent()
        if in_namespaces:
            run_first_process(confinement, environment, command)
        become(confinement, environment, command)
    return child


def run_first_process(confinement: Confinement, environment: dict[str, str], command: list[str]) -> None:
    """Build the server's view, start the server in it, and end with it: the kernel then ends whatever is left."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    folder = os.getcwd()
    try:
        confinement.enter_view()
        os.chdir(folder)
    except OSError as error:
        stop_child("confine the model server", error)
    server = os.fork()
    if server == 0:
        become(confinement, environment, command)
    forward_end(server)
    close_listener(confinement)
    os._exit(wait_for(server) or 0)


def become(confinement: Confinement, environment: dict[str, str], command: list[str]) -> None:
    """In the forked child: restrict it, then exec the command."""
    # Its own group: a signal to all of it must not reach those who watch it.
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        confinement.restrict()
    except OSError as error:
        stop_child("confine the model server", error)
    # A change of the user has undone it.
    die_with_parent()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - becoming the command is the point
    except OSError as error:
        stop_child(f"start {command[0]}", error)


def stop_child(step: str, error: OSError) -> None:
    """End this process with a line that says what could not be done."""
    path = f" ({error.filename})" if isinstance(error.filename, str) else ""
    os.write(2, f"cannot {step}: {error.strerror}{path}\n".encode())
    os._exit(CANNOT_START)


def die_with_parent() -> None:
    """Have the kernel end this process with its parent, where it can."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def forward_end(child: int) -> None:
    """Hand SIGTERM on to the child, and stay to see it out."""

    def hand_on(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, hand_on)


def close_listener(confinement: Confinement) -> None:
    """Close the server's listening socket here: once the server is gone, connections must be refused."""
    if confinement.listener is not None:
        os.close(confinement.listener)


if __name__ == "__main__":
    sys.exit(main())
