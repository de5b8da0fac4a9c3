"""A real Docker daemon: the one that DOCKER_HOST names or that runs here, else one from Debian's packages."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.support.engine import CHECKOUT

#: Debian's packages of a daemon, unpacked once for a checkout.
_PACKAGES = ("docker.io", "containerd", "runc", "tini")
_FOLDER = CHECKOUT / ".runtimes" / "docker-daemon"
_READY = _FOLDER / ".unpacked"
_START_SECONDS = 60.0
_COMMAND_SECONDS = 180.0
#: Bits of CAP_NET_ADMIN and CAP_SYS_ADMIN (capabilities(7)), which a daemon needs.
_NEEDED_CAPABILITIES = 1 << 12 | 1 << 21


@contextlib.contextmanager
def docker_daemon() -> Iterator[str]:
    """The address of a daemon, such as "unix:///run/docker.sock". Skips the test where none can run."""
    daemon = _found_daemon()
    if daemon is not None:
        yield daemon
        return
    if reason := _why_none_can_start():
        pytest.skip(f"no Docker daemon runs here, and none can be started: {reason}")
    _unpack_packages()
    # The path of a Unix socket may have 107 letters only.
    with tempfile.TemporaryDirectory(prefix="docker-", dir="/tmp") as folder:
        process = _start(Path(folder))
        try:
            yield _socket_address(Path(folder))
        finally:
            process.terminate()
            process.wait(timeout=60)


def _found_daemon() -> str | None:
    """The address of a daemon that runs already and answers."""
    for address in filter(None, (os.environ.get("DOCKER_HOST"), "unix:///var/run/docker.sock")):
        if _answers(address):
            return address
    return None


def _answers(address: str) -> bool:
    try:
        client = docker.APIClient(base_url=address, version="auto", timeout=5)
    except DockerException:
        return False
    client.close()
    return True


def _why_none_can_start() -> str:
    if sys.platform != "linux" or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return "this is not Debian"
    if os.geteuid() != 0:
        return "a daemon needs root"
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")
    )
    if int(line.split()[1], 16) & _NEEDED_CAPABILITIES != _NEEDED_CAPABILITIES:
        return "root may not make networks and mounts here"
    return ""


def _unpack_packages() -> None:
    """Download and unpack the packages. Skips the test if they cannot be had."""
    if _READY.exists():
        return
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    done = _download()
    if done.returncode != 0:
        # The machine's lists of packages may be old or missing; these are the tests' own.
        (_FOLDER / "lists" / "partial").mkdir(parents=True)
        lists = f"Dir::State::Lists={_FOLDER / 'lists'}"
        _run("apt-get", "-o", lists, "update")
        done = _download("-o", lists)
    if done.returncode != 0:
        pytest.skip(f"Debian's packages of a Docker daemon cannot be downloaded: {done.stderr.strip()}")
    for package in _FOLDER.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(_FOLDER)], check=True)
        package.unlink()
    _READY.touch()


def _download(*options: str) -> subprocess.CompletedProcess[str]:
    return _run("apt-get", *options, "download", *_PACKAGES)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """The result of a command; one that takes too long fails with status 124."""
    try:
        return subprocess.run(
            command, cwd=_FOLDER, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no end within {_COMMAND_SECONDS:.0f} s")


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """Start a daemon with all its data below the folder, and wait until it answers. Skips the test if it does not."""
    programs = os.pathsep.join((f"{_FOLDER}/usr/bin", f"{_FOLDER}/usr/sbin", os.environ["PATH"]))
    command = [
        f"{_FOLDER}/usr/sbin/dockerd",
        # Neither the machine's packet filter nor an interface that another daemon may have.
        *("--iptables=false", "--ip6tables=false", "--bridge=none"),
        f"--default-address-pool=base={_free_network()},size=24",
        *(f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"),
        f"--host={_socket_address(folder)}",
    ]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PATH": programs},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(_socket_address(folder)):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.skip(f"the Docker daemon does not start: {log.read_text()[-1000:]}")
        time.sleep(0.1)
    return process


def _socket_address(folder: Path) -> str:
    return f"unix://{folder}/docker.sock"


def _free_network() -> str:
    """A network of 16 bits below 10.0.0.0/8 to which the machine has no route, for the containers."""
    rows = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    routes = {socket.inet_ntoa(int(row[1], 16).to_bytes(4, sys.byteorder)) for row in rows}
    used = {".".join(route.split(".")[:2]) for route in routes}
    # Far from each other's for two runs at once, mostly.
    first = 64 + os.getpid() % 128
    return next(
        f"10.{number}.0.0/16"
        for number in (*range(first, 250), *range(64, first))
        if f"10.{number}" not in used
    )
