"""Clients that send what they like: heads and bodies that are too long, or never end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: te"
HALF_A_BODY = b"POST /signin/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nusername=a"


@contextlib.contextmanager
def held(port: int, number: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections to a port of this machine, each of which has sent `sent` and waits."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(number):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            connection.sendall(sent)
            connections.append(connection)
        yield connections


def exchange(port: int, *pieces: bytes) -> bytes:
    """All that a server answers to these bytes until it closes the connection, or for 30 silent seconds."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return answer_on(connection)


def answer_on(connection: socket.socket) -> bytes:
    """What is still to come on a connection, until the server closes it."""
    received = []
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received.append(piece)
    return b"".join(received)


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed or cut the connection, waiting for it up to the connection's timeout."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
