"""A way out of a network namespace: connections to one port inside it go on to one address of the machine's network.

The forwarder is a child of the keeper that stays in the machine's network. The first process of the namespaces opens
the listening socket, which belongs to their network, and sends it to the forwarder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Sequence

from libc import PR_SET_PDEATHSIG, prctl

#: Connections at a time; further ones are closed.
_MOST_CONNECTIONS = 128
_CHUNK = 64 * 1024


def start(host: str, port: int) -> int:
    """Fork the forwarder to that address; returns the descriptor to which `open_port` sends its socket."""
    keeper_end, channel = socket.socketpair()
    if os.fork() == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        keeper_end.close()
        _run(channel, host, port)
        os._exit(0)
    channel.close()
    return keeper_end.detach()


def open_port(forwarder: int, port: int) -> None:
    """In the namespaces: listen at 127.0.0.1:`port`, and let the forwarder serve it. Raises OSError."""
    with (
        socket.socket(fileno=forwarder) as channel,
        socket.create_server(("127.0.0.1", port), backlog=_MOST_CONNECTIONS) as listener,
    ):
        socket.send_fds(channel, [b"."], [listener.fileno()])


def _run(channel: socket.socket, host: str, port: int) -> None:
    """Forward until the process is killed, or at once return if no socket arrives."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    channel.close()
    if not descriptors:
        return
    # Its output would keep the engine waiting for more.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    import asyncio

    asyncio.run(_serve(socket.socket(fileno=descriptors[0]), (host, port)))


async def _serve(listener: socket.socket, target: tuple[str, int]) -> None:
    import asyncio

    open_connections = 0

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_connections
        open_connections += 1
        writers: Sequence[asyncio.StreamWriter] = [writer]
        try:
            if open_connections <= _MOST_CONNECTIONS:
                answers, requests = await asyncio.open_connection(*target)
                writers = [writer, requests]
                await asyncio.gather(copy(reader, requests), copy(answers, writer))
        except OSError:
            pass
        finally:
            open_connections -= 1
            for stream in writers:
                with contextlib.suppress(OSError):
                    stream.close()

    server = await asyncio.start_server(forward, sock=listener)
    await server.serve_forever()
