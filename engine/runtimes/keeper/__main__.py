"""The keeper of a model server: starts it confined, and ends it with all its processes.

Runs as `python -I -S keeper ORDER COMMAND...`, as leader of its own session, with only the standard library. ORDER is
a JSON file with the server's confinement (see confinement.py) and environment; the keeper has neither. Its standard
input is a pipe without data: when the engine ends, for whatever reason, the pipe ends and the keeper ends all
processes of the server. Its exit status is the server's, or 128 plus the signal's number if a signal ended it.

`python -I -S keeper --probe FOLDER USER` prints as JSON what the system supports; see probe.py.
`python -I -S keeper --end FOLDER...` ends and removes control groups that a killed keeper left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

import groups
from confinement import Confinement
from libc import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl
from probe import print_support
from processes import end_descendants, wait_for

#: The exit status if the server cannot be confined or started, as in shells.
CANNOT_START = 127


def main() -> int:
    """Run the command and wait for it; returns the exit status."""
    if sys.argv[1] == "--probe":
        print_support(sys.argv[2], int(sys.argv[3]))
        return 0
    if sys.argv[1] == "--end":
        groups.end(sys.argv[2:], None)
        return 0
    confinement, environment = read_order(sys.argv[1])
    close_others(confinement)
    # The engine's umask keeps files private, but the server's user must be able to enter what is created here.
    os.umask(0o022)
    if sys.platform == "linux":
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    server = start(confinement, environment, sys.argv[2:])
    forward_end(server)
    close_listener(confinement)
    status = wait_for(server, engine=0)
    end_descendants()
    groups.end(confinement.groups, confinement.memory_events)
    if status is None:
        # The engine is gone, so the group ends here.
        os.killpg(0, signal.SIGKILL)
    return status or 0


def read_order(path: str) -> tuple[Confinement, dict[str, str]]:
    """Read and remove the engine's file; returns the server's confinement and environment."""
    with open(path, encoding="utf-8") as file:
        order = json.load(file)
    os.unlink(path)
    return Confinement.from_values(order["confinement"]), order["environment"]


def close_others(confinement: Confinement) -> None:
    """Close all descriptors but the standard ones and the listener.

    Not every event loop closes what the engine has open or was started with, nor its copies of the standard ones.
    """
    listener = 2 if confinement.listener is None else confinement.listener
    os.closerange(3, listener)
    os.closerange(listener + 1, os.sysconf("SC_OPEN_MAX"))


def start(confinement: Confinement, environment: dict[str, str], command: list[str]) -> int:
    """Start the server, or the first process of its namespaces, which starts it. Returns the process number."""
    in_namespaces = confinement.root is not None
    try:
        forwarder = confinement.start_forwarder()
        confinement.enter_namespaces()
    except OSError as error:
        stop_child("confine the model server", error)
    child = os.fork()
    if child == 0:
        die_with_parent()
        try:
            groups.enter(confinement.groups)
        except OSError as error:
            stop_child("confine the model server", error)
        if in_namespaces:
            run_first_process(confinement, environment, command, forwarder)
        become(confinement, environment, command)
    if forwarder is not None:
        os.close(forwarder)
    return child


def run_first_process(
    confinement: Confinement, environment: dict[str, str], command: list[str], forwarder: int | None
) -> None:
    """Build the server's view, start the server in it and end with it; the kernel then ends all remaining processes."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    folder = os.getcwd()
    try:
        confinement.enter_view(forwarder)
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
    """In the forked child: restrict it and execute the command."""
    # In its own group, so that a signal to the group does not reach the keeper.
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        confinement.restrict()
    except OSError as error:
        stop_child("confine the model server", error)
    # A change of the user has reset it.
    die_with_parent()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - becoming the command is the point
    except OSError as error:
        stop_child(f"start {command[0]}", error)


def stop_child(step: str, error: OSError) -> None:
    """End this process with a line about the failed step."""
    path = f" ({error.filename})" if isinstance(error.filename, str) else ""
    os.write(2, f"cannot {step}: {error.strerror}{path}\n".encode())
    os._exit(CANNOT_START)


def die_with_parent() -> None:
    """Have the kernel end this process together with its parent, on Linux."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def forward_end(child: int) -> None:
    """Forward SIGTERM to the child instead of ending."""

    def hand_on(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, hand_on)


def close_listener(confinement: Confinement) -> None:
    """Close the keeper's copy of the server's listening socket: once the server ends, connections must be refused."""
    if confinement.listener is not None:
        os.close(confinement.listener)


if __name__ == "__main__":
    sys.exit(main())
