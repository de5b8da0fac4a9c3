"""System calls that are missing in the standard library of Python 3.11, through libc."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_SECUREBITS = 28
#: SECBIT_NOROOT and its lock: root gains no capabilities by exec (capabilities(7)).
SECURE_NO_ROOT = 0x1 | 0x2


def syscall(number: int, *arguments: int) -> int:
    """Make a system call and return its result. Raises OSError."""
    words = [ctypes.c_long(word) for word in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *words))


def prctl(option: int, *arguments: int) -> int:
    """prctl(2). Raises OSError."""
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc.prctl(ctypes.c_int(option), *words))


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2). Raises OSError with the target's name."""
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    data = options.encode() if options is not None else None
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), data), target)


def detach(target: str) -> None:
    """Detach a tree of mounts: umount2(2) with MNT_DETACH. Raises OSError."""
    _checked(_libc.umount2(target.encode(), ctypes.c_int(2)), target)


def address_of(structure: ctypes.Structure | ctypes.Array[ctypes.c_char]) -> int:
    """The address of a structure, which must outlive the system call."""
    return ctypes.addressof(structure)


def _checked(result: int, path: str | None = None) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return int(result)
