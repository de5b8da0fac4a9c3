"""The confinement of a model server and its application to the process."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import forwarding
import landlock
import seccomp
import view
from libc import PR_SET_NO_NEW_PRIVS, PR_SET_SECUREBITS, SECURE_NO_ROOT, prctl
from processes import tasks_of_user

_LIMITS = {
    "memory": resource.RLIMIT_DATA,
    "processes": resource.RLIMIT_NPROC,
    "file_size": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "cpu_seconds": resource.RLIMIT_CPU,
}


@dataclass(frozen=True)
class Confinement:
    """The confinement of one model server.

    `readable` and `writable` are paths; `binds` are additional names of paths in its view of the files.
    `bind_ports` and `connect_ports` are TCP ports. `limits` has the keys "memory" (bytes), "processes", "file_size"
    (bytes), "open_files", "cpu_seconds" and "shared_memory" (bytes). The server runs as `user_id` if that is not
    None. The other fields say which means the system supports.
    """

    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    binds: Mapping[str, str] = field(default_factory=dict)
    bind_ports: tuple[int, ...] = ()
    connect_ports: tuple[int, ...] = ()
    #: Whether it may use UDP, which name lookups need and for which there are no port rules.
    datagrams: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    user_id: int | None = None
    #: The descriptor of a listening socket that the server inherits.
    listener: int | None = None
    #: The folders of its control groups.
    groups: tuple[str, ...] = ()
    #: The file with its group's memory events, and where the keeper leaves a copy of it.
    memory_events: tuple[str, str] | None = None
    #: An empty folder on which the view is built; None without namespaces.
    root: str | None = None
    #: Whether the server has its own network namespace with nothing else in it.
    own_network: bool = False
    #: The address of the machine's network that it may connect to from its own, as 127.0.0.1 with the same port.
    forward: tuple[str, int] | None = None
    landlock: bool = False
    seccomp: bool = False

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Confinement:
        """Create it from the engine's JSON (engine/runtimes/confining.py)."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**fields)

    def enter_namespaces(self) -> None:
        """In the keeper: make its next child the first process of new namespaces. Raises OSError."""
        if self.root is not None:
            view.enter_namespaces(network=self.own_network)

    def start_forwarder(self) -> int | None:
        """In the keeper, before `enter_namespaces`: start what forwards connections; `enter_view` takes the result."""
        return forwarding.start(*self.forward) if self.forward is not None else None

    def enter_view(self, forwarder: int | None) -> None:
        """In that child: build and enter the view. Raises OSError."""
        if self.root is None:
            return
        if self.own_network:
            view.start_loopback()
        if self.forward is not None and forwarder is not None:
            forwarding.open_port(forwarder, self.forward[1])
        view.enter_mounts()
        shared_memory = self.limits.get("shared_memory", 0)
        view.enter_root(self.root, self.readable, self.writable, self.binds, shared_memory)

    def restrict(self) -> None:
        """In the server's process, right before it executes the server's program. Raises OSError."""
        if self.user_id is not None:
            os.setgroups([])
            os.setgid(self.user_id)
            os.setuid(self.user_id)
        elif os.geteuid() == 0 and sys.platform == "linux":
            # If it stays root, it at least loses root's capabilities at the next exec.
            prctl(PR_SET_SECUREBITS, SECURE_NO_ROOT)
        self._set_limits()
        if self.landlock or self.seccomp:
            prctl(PR_SET_NO_NEW_PRIVS, 1)
        if self.landlock:
            # Also with its own network namespace, since inherited and accepted sockets belong to the machine's network.
            ports = (self.bind_ports, self.connect_ports)
            readable = [*self.readable, *self.binds, *(["/proc", "/dev/fd"] if self.root else [])]
            writable = [*self.writable, *(["/dev/shm", *self._writable_binds] if self.root else [])]  # noqa: S108
            listable = ["/"] if self.root else []
            landlock.restrict(readable, writable, view.DEVICES, listable, ports)
        if self.seccomp:
            seccomp.restrict(self._sockets(), shares_machine=self.root is None)

    @property
    def _writable_binds(self) -> list[str]:
        return [name for name, path in self.binds.items() if path in self.writable]

    def _sockets(self) -> str:
        kind: str = seccomp.NONE
        if self.own_network:
            kind = seccomp.ANY
        elif self.datagrams:
            kind = seccomp.TCP_AND_UDP
        elif self.bind_ports or self.connect_ports:
            kind = seccomp.TCP
        return kind

    def _set_limits(self) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for name, kind in _LIMITS.items():
            if name in self.limits:
                _, hard = resource.getrlimit(kind)
                value = self.limits[name]
                if name == "processes" and self.user_id is None and self.root is None:
                    value += tasks_of_user()
                if hard != resource.RLIM_INFINITY:
                    value = min(value, hard)
                with contextlib.suppress(OSError, ValueError):  # macOS refuses some.
                    resource.setrlimit(kind, (value, value))
