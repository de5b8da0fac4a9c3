"""End the launcher's process groups when the launcher itself is gone: `python guardian.py < pipe`.

The launcher holds the other end of the pipe and writes `+GROUP` for a group it has started and `-GROUP`
for one it has seen ended. The pipe reaches its end when the launcher does, however it died: then
every group that still runs is asked to end, and killed if it does not.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

#: Seconds between asking a group to end and killing it; the launcher promises ten in all.
PATIENCE = 6.0


def read_groups(lines: Iterable[str]) -> set[int]:
    """The groups that still run when the lines end."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    return groups


def is_alive(group: int) -> bool:
    """Whether any process is left in the group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # macOS answers so for a group in which only zombies are left.
        return False
    return True


def send(group: int, number: signal.Signals) -> None:
    """Signal a whole group; does nothing if it has ended."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def end(groups: set[int], patience: float = PATIENCE) -> None:
    """Ask every group to end, wait, and kill the processes that remain."""
    for group in groups:
        send(group, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while any(is_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        send(group, signal.SIGKILL)


def main() -> None:
    """Wait for the end of standard input, then end the groups that remain."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end(read_groups(sys.stdin))


if __name__ == "__main__":
    main()
