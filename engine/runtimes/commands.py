"""Commands that make environments, and locks for what they make."""

from __future__ import annotations

import asyncio
import fcntl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

Progress = Callable[[str], None]

_LONGEST_LINE = 1024 * 1024
#: Prefix of commands whose files other users may read, since servers may run as other users. The word behind it is the
#: most memory in KiB, or "unlimited".
_READABLE = ("/bin/sh", "-c", 'umask 022; ulimit -d "$1" 2>/dev/null; shift; exec "$@"', "sh")


class CommandFailed(Exception):
    """A command ended with a status other than 0. `lines` are its last lines of output.

    `status` is negative if a signal ended it.
    """

    def __init__(self, status: int, lines: list[str]) -> None:
        super().__init__(f"ended with status {status}: {' '.join(lines)}")
        self.status = status
        self.lines = lines


async def run_command(
    command: list[str], progress: Progress, last_lines: int = 3, *, memory_mb: int | None = None
) -> None:
    """Run a command with at most `memory_mb` MiB of memory; `progress` receives its output. Raises CommandFailed."""
    process = await asyncio.create_subprocess_exec(
        *_READABLE,
        "unlimited" if memory_mb is None else str(memory_mb * 1024),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=_LONGEST_LINE,
    )
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=last_lines)
    try:
        async for line in process.stdout:
            if text := line.decode(errors="replace").strip():
                last.append(text)
                progress(text)
        status = await process.wait()
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    if status != 0:
        raise CommandFailed(status, list(last))


@asynccontextmanager
async def locked(path: Path, progress: Progress) -> AsyncIterator[None]:
    """Hold the lock file, so that no two jobs or engines create the same environment at once."""
    waiting = False
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waiting:
                    progress("Waiting for another job or engine that is making this environment.")
                waiting = True
                await asyncio.sleep(0.2)
        yield
