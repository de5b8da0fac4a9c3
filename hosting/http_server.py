"""uvicorn's server with bounded connections, and the limit of open files that many connections need."""

from __future__ import annotations

import asyncio
import resource

import uvicorn

from hosting.http_protocol import BoundedProtocol

#: Files that a process asks for; each connection is one.
_FILES = 16384
#: uvicorn ticks ten times a second.
_TICKS = 10


class BoundedServer(uvicorn.Server):
    """Ends connections with late clients, once a second."""

    async def on_tick(self, counter: int) -> bool:
        """Called at each tick; returns whether to stop."""
        if counter % _TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.end_if_late(now)
        return await super().on_tick(counter)


def allow_many_files() -> None:
    """Raise the number of files that this process may open, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < target:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
