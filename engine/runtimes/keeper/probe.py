"""Finds which means of confinement the system supports, by trying them in child processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import landlock
import seccomp
import view
from libc import PR_SET_NO_NEW_PRIVS, prctl


def print_support(folder: str, user_id: int) -> None:
    """Print a JSON object of booleans: which means of confinement work on this system.

    "landlock" restricts files, with "ports" also TCP ports, with "signals" also signals and abstract sockets. The
    others are "seccomp", "namespaces", "network" and "user_ids". `folder` is an empty folder, on which a view is built
    for a moment. `user_id` is a user that servers may run as.
    """
    on_linux = sys.platform == "linux"
    root = on_linux and os.geteuid() == 0
    landlock_version = landlock.version() if on_linux else 0
    namespaces = on_linux and _works(lambda: _try_view(folder, network=False))
    support = {
        "landlock": landlock_version > 0,
        "ports": landlock_version >= landlock.PORTS_SINCE,
        "signals": landlock_version >= landlock.SIGNALS_SINCE,
        "seccomp": on_linux and seccomp.is_supported() and _works(_try_filter),
        "namespaces": namespaces,
        "network": namespaces and _works(lambda: _try_view(folder, network=True)),
        "user_ids": root and namespaces and _works(lambda: _try_user(user_id)),
    }
    sys.stdout.write(json.dumps(support))


def _works(attempt: Callable[[], None]) -> bool:
    """Whether the attempt succeeds in a child process."""
    child = os.fork()
    if child == 0:
        try:
            attempt()
        except (OSError, KeyError):
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _try_view(folder: str, *, network: bool) -> None:
    view.enter_namespaces(network=network)
    if not _works(lambda: _try_root(folder, network=network)):
        raise OSError


def _try_root(folder: str, *, network: bool) -> None:
    if network:
        view.start_loopback()
    view.enter_mounts()
    view.enter_root(folder, ["/usr"], [], {}, 1024 * 1024)


def _try_filter() -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    seccomp.restrict(seccomp.NONE, shares_machine=True)


def _try_user(user_id: int) -> None:
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)
