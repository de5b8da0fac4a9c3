"""Run a command that ends with the launcher: `python child.py PARENT_PID COMMAND...`.

A program of its own, run between fork and the command, because Python's preexec_fn is not safe in a
process with threads, and ours has one for each child's output.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

#: From <linux/prctl.h>: the signal this process gets when the thread that started it ends.
_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask the kernel for a signal when `parent` ends, then run `command` in this process; never returns."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # Had it ended before we asked, no signal would ever come.
        if os.getppid() != parent:
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
