"""TCP ports: whether one is free, and finding a free one."""

from __future__ import annotations

import errno
import socket


class PortTaken(Exception):
    """Another program listens on the port; the text names the flag for another port."""


def require_free(host: str, port: int, host_flag: str, port_flag: str) -> None:
    """Raise PortTaken, which names the flag that helps, unless `host`:`port` is free.

    Tried with SO_REUSEADDR, as servers do: connections of a server that has just ended, still in
    TIME_WAIT, do not count as taken.
    """
    try:
        with _listening_socket(host, port):
            return
    except PermissionError as error:
        raise PortTaken(
            f"Port {port} needs more rights than you have; choose one above 1023 with {port_flag}."
        ) from error
    except socket.gaierror as error:
        raise PortTaken(
            f"{host!r} is no address of this machine; choose another with {host_flag}."
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise PortTaken(
                f"{host} is no address of this machine; choose another with {host_flag}."
            ) from error
        sentence = f"Port {port} on {host} is taken by another program; choose another with {port_flag}."
        raise PortTaken(sentence) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free now, chosen by the system."""
    with _listening_socket(host, 0) as listener:
        return int(listener.getsockname()[1])


def reachable_host(host: str) -> str:
    """The address by which this machine itself reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)


def url(host: str, port: int) -> str:
    """The HTTP address of a server on `host`:`port`, as this machine reaches it."""
    name = reachable_host(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener
