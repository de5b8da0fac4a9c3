"""Stands between the engine and a model server: starts it, and ends it and all it started with the engine.

Runs as `python keeper.py COMMAND...`, leader of its own session, with nothing but the standard library. Its
standard input is a pipe that nobody writes to; when the engine goes, however it goes, the pipe ends, and the
keeper takes the whole group with it. Its exit status is the server's; for one ended by a signal, 128 and the
signal's number, as shells have it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the command and wait for it; returns the exit status."""
    # The group's SIGTERM is for the server: the keeper stays to see it out. exec resets a handler.
    signal.signal(signal.SIGTERM, lambda *_: None)
    server = os.fork()
    if server == 0:
        become(sys.argv[1:])
    threading.Thread(target=end_with_the_engine, daemon=True).start()
    _, status = os.waitpid(server, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def become(command: list[str]) -> None:
    """In the forked child: die with the keeper where Linux can see to that, then exec the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is the point
    except OSError as error:
        os.write(2, f"cannot start {command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def end_with_the_engine() -> None:
    """Wait until the pipe from the engine ends, then end the whole group, this process included."""
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
