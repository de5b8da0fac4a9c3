"""A model server's view of the machine: namespaces, and a root folder with only the files that it may use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from ctypes import create_string_buffer
from pathlib import Path

from libc import address_of, detach, mount, syscall, unshare

_NEW_MOUNTS, _NEW_IPC, _NEW_USERS = 0x00020000, 0x08000000, 0x10000000
_NEW_PROCESSES, _NEW_NETWORK = 0x20000000, 0x40000000

_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC = 0x1, 0x2, 0x4, 0x8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 0x20, 0x1000, 0x4000, 1 << 18
#: statvfs(3) flags that a remount in a user namespace must repeat, and mount(2)'s bits for them.
_INHERITED = {
    os.ST_NOSUID: _NO_SUID,
    os.ST_NODEV: _NO_DEVICES,
    os.ST_NOEXEC: _NO_EXEC,
    os.ST_NOATIME: 1 << 10,
    os.ST_NODIRATIME: 1 << 11,
    os.ST_RELATIME: 1 << 21,
}
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

#: Device files that programs expect.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_STANDARD_STREAMS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def enter_namespaces(*, network: bool) -> None:
    """Give the next children of this process new namespaces; for ordinary users within a user namespace.

    The child must call `enter_mounts`. `network` includes a network namespace, without the machine's networks.
    Raises OSError if the system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        unshare(_NEW_USERS)
        # The ids stay the same inside, so files keep their owner, and the next exec drops the namespace's capabilities.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    unshare(_NEW_PROCESSES | _NEW_IPC | (_NEW_NETWORK if network else 0))


def enter_mounts() -> None:
    """Give this process its own mounts, which no other process sees. Raises OSError."""
    unshare(_NEW_MOUNTS)
    mount(None, "/", None, _RECURSIVE | _PRIVATE)


def start_loopback() -> None:
    """Start the loopback interface of a new network namespace. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def enter_root(
    place: str, readable: Sequence[str], writable: Sequence[str], binds: Mapping[str, str], shared_memory: int
) -> None:
    """Build a root folder on the empty folder `place` and make it this process's root.

    `readable` and `writable` paths keep their names; `binds` maps additional names to paths, read-only unless the path
    is writable. /proc shows only this namespace's processes, /dev/shm has up to `shared_memory` bytes. The machine's
    other files are not reachable. Raises OSError.
    """
    mount("none", place, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=0755,size=1m")
    # First, since other paths may be below these names.
    for name, path in binds.items():
        _show(place, path, name, read_only=path not in writable)
    for path in _outermost(readable):
        _show(place, path, path, read_only=True)
    for path in writable:
        _show(place, path, path, read_only=False)
    _show_devices(place, shared_memory)
    processes = f"{place}/proc"
    Path(processes).mkdir(exist_ok=True)
    # Container engines that mask parts of /proc prevent this mount; programs work without it.
    with contextlib.suppress(OSError):
        mount("proc", processes, "proc", _NO_SUID | _NO_DEVICES | _NO_EXEC)
    os.chdir(place)
    dot = create_string_buffer(b".")
    # The old root is stacked on the new one and detached (pivot_root(2), "Notes").
    syscall(_PIVOT_ROOT[os.uname().machine], address_of(dot), address_of(dot))
    detach(".")
    mount(None, "/", None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES)
    os.chdir("/")


def _outermost(paths: Sequence[str]) -> list[str]:
    """The paths that are not below another of the paths."""
    chosen: list[str] = []
    for path in sorted(set(paths)):
        if not any(path.startswith(f"{outer.rstrip('/')}/") for outer in chosen if not os.path.islink(outer)):
            chosen.append(path)
    return chosen


def _show(place: str, source: str, name: str, *, read_only: bool) -> None:
    """Make `source` visible as `name` below `place`. Links stay links; paths that do not exist are ignored."""
    target = place + name
    if os.path.islink(source) and read_only:
        if not os.path.lexists(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            os.symlink(os.readlink(source), target)
        return
    if not os.path.exists(source):
        return
    _make_mount_point(target, is_folder=os.path.isdir(source))
    mount(source, target, None, _BIND | _RECURSIVE)
    flags = _BIND | _REMOUNT | _NO_SUID | (_READ_ONLY if read_only else 0)
    present = os.statvfs(source).f_flag
    for reported, flag in _INHERITED.items():
        flags |= flag if present & reported else 0
    if not source.startswith("/dev/"):
        flags |= _NO_DEVICES
    mount(None, target, None, flags)


def _make_mount_point(target: str, *, is_folder: bool) -> None:
    path = Path(target)
    if is_folder:
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _show_devices(place: str, shared_memory: int) -> None:
    for device in DEVICES:
        _show(place, device, device, read_only=False)
    for name, number in _STANDARD_STREAMS.items():
        os.symlink(f"/proc/self/fd{number}", f"{place}/dev/{name}")
    memory = f"{place}/dev/shm"  # noqa: S108 - the server's own
    Path(memory).mkdir()
    mount("none", memory, "tmpfs", _NO_SUID | _NO_DEVICES, f"mode=1777,size={shared_memory}")
