"""Landlock (landlock(7)): restricts files, TCP ports, signals and abstract sockets of a process and its children."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from ctypes import create_string_buffer

from libc import address_of, syscall

# The same numbers on all architectures.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
#: The rights that a rule for a path other than a folder may have.
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
#: All file rights, by the interface version that introduced them.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1

#: The first versions with rules for TCP ports, and for signals and abstract sockets.
PORTS_SINCE, SIGNALS_SINCE = 4, 6


def version() -> int:
    """The kernel's interface version; 0 if Landlock is missing or disabled."""
    try:
        number: int = syscall(_CREATE_RULESET, 0, 0, _VERSION)
    except OSError:
        return 0
    return number


def restrict(
    readable: Iterable[str],
    writable: Iterable[str],
    devices: Iterable[str],
    listable: Iterable[str],
    ports: tuple[Iterable[int], Iterable[int]],
) -> None:
    """Permanently restrict this process to these paths and ports. Paths that do not exist are ignored.

    `readable` files can be executed too; `writable` folders allow everything except creating device files; `devices`
    can be read and written; `listable` folders can be listed. `ports` are (ports to bind, ports to connect to). What
    the kernel's version does not support is not restricted. Requires no_new_privs. Raises OSError.
    """
    abi = version()
    file_rights = _FILE_RIGHTS[max(number for number in _FILE_RIGHTS if number <= abi)]
    net_rights = _BIND_TCP | _CONNECT_TCP if abi >= PORTS_SINCE else 0
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if abi >= SIGNALS_SINCE else 0
    # Older kernels have a shorter structure and refuse a longer one with other bytes than zeros at its end.
    attributes = create_string_buffer(struct.pack("=QQQ", file_rights, net_rights, scopes))
    size = 24 if abi >= SIGNALS_SINCE else 16 if abi >= PORTS_SINCE else 8
    ruleset = syscall(_CREATE_RULESET, address_of(attributes), size, 0)
    try:
        for path in readable:
            _allow_path(ruleset, path, (_EXECUTE | _READ_FILE | _READ_DIR) & file_rights)
        for path in writable:
            _allow_path(ruleset, path, file_rights & ~(_MAKE_CHAR | _MAKE_BLOCK))
        for path in devices:
            _allow_path(ruleset, path, (_READ_FILE | _WRITE_FILE | _IOCTL_DEV | _TRUNCATE) & file_rights)
        for path in listable:
            _allow_path(ruleset, path, _READ_DIR & file_rights)
        if net_rights:
            for right, allowed in zip((_BIND_TCP, _CONNECT_TCP), ports, strict=True):
                for port in allowed:
                    _add_rule(ruleset, _NET_PORT, struct.pack("=QQ", right, port))
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow_path(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        _add_rule(ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor))
    finally:
        os.close(descriptor)


def _add_rule(ruleset: int, kind: int, attributes: bytes) -> None:
    buffer = create_string_buffer(attributes)
    syscall(_ADD_RULE, ruleset, kind, address_of(buffer), 0)
