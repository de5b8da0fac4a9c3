"""A model server that runs as `docker run IMAGE serve`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from engine.config import Config
from engine.placement import Placement
from engine.runtimes.cgroups import engine_name, out_of_memory
from engine.runtimes.containers.daemon import LABEL, Daemon, DaemonFailed, ImageFailed, explanation, in_thread
from engine.runtimes.containers.definition import PORT, container_variables, host_config
from engine.runtimes.containers.networks import create_network
from engine.runtimes.output import LogLines, ServerOutput
from engine.runtimes.usage import ProcessUsage, memory_below, usage_below

log = logging.getLogger(__name__)

#: Seconds between SIGTERM and SIGKILL.
_END_SECONDS = 1
#: Seconds to wait for the last output and the exit status of a container that has ended.
_LAST_LINES_SECONDS = 10.0
#: Seconds for which the size of a container's files on disk is reused: the daemon reads all of them for it.
_SIZE_SECONDS = 5.0
#: The exit status of a container whose daemon is gone, as `docker run` has it.
_DAEMON_GONE = 125


@dataclass(frozen=True, slots=True)
class _Started:
    """A started container: its output, its address, and its first process as this machine numbers it, or 0."""

    container: str
    network: str
    output: Iterator[bytes]
    address: tuple[str, int]
    process: int


class ContainerServer:
    """A running container of a Docker daemon."""

    def __init__(self, daemon: Daemon, started: _Started, lines: LogLines) -> None:
        self._daemon = daemon
        self._container = started.container
        self._network = started.network
        self._process = _shared_process(started.process, started.container)
        self._memory_events = _memory_events(self._process)
        self.address = started.address
        self._status: int | None = None
        self._ended = asyncio.Event()
        self._output = ServerOutput(lines, lambda: self._status is None)
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Lock()
        self._removed = False
        self._out_of_memory = False
        self._size = (float("-inf"), 0)
        self._reader = asyncio.create_task(self._follow(started.output))

    @property
    def exit_status(self) -> int | None:
        """None while it runs; 128 and more if a signal ended it."""
        return self._status

    async def wait(self) -> None:
        """Wait until the container has ended."""
        await self._ended.wait()

    async def stop(self) -> None:
        """End the container, and remove it with its network. Does nothing if that is done."""
        async with self._ending:
            if self._removed:
                return
            await in_thread(self._stop)
            # The daemon still holds the last lines, and the exit status until the container is removed.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._reader), _LAST_LINES_SECONDS)
            await in_thread(self._remove)
            self._removed = True

    def usage(self) -> ProcessUsage | None:
        """Usage of its processes; None if it has ended or runs in a virtual machine. Called in a thread."""
        return usage_below(self._process) if self._process else None

    def exact_memory(self) -> int:
        """Memory in bytes, shared memory counted once; 0 if unknown. Called in a thread."""
        return memory_below(self._process) if self._process else 0

    def unlinked_bytes(self) -> int:
        """Bytes that it has written to its own copy of the image's files; they are measured every few seconds."""
        measured, size = self._size
        if time.monotonic() - measured > _SIZE_SECONDS and not self._removed:
            with contextlib.suppress(DaemonFailed, APIError), self._daemon.client() as client:
                rows = client.containers(all=True, size=True, filters={"id": self._container})
                size = sum(int(row.get("SizeRw") or 0) for row in rows)
            self._size = (time.monotonic(), size)
        return size

    def last_lines(self) -> list[str]:
        """The last lines that it has printed; all of them are read once `stop` has returned."""
        return self._output.last_lines()

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel ended one of its processes because all of them have used up the instance's memory."""
        return self._out_of_memory or out_of_memory(self._memory_events)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to its first process."""
        self._loop.run_in_executor(None, self._kill, number)

    async def _follow(self, output: Iterator[bytes]) -> None:
        """Pass the output on, then store the exit status."""
        try:
            self._status = await in_thread(lambda: self._read(output))
        finally:
            self._output.end()
            self._ended.set()

    def _read(self, output: Iterator[bytes]) -> int:
        """Read the output to its end in a thread of its own; returns the exit status."""
        try:
            for chunk in output:
                # Waits, so that the container waits too if the engine cannot store its lines as fast.
                asyncio.run_coroutine_threadsafe(self._output.add(chunk), self._loop).result()
            with self._daemon.client() as client:
                status = int(client.wait(self._container, timeout=None)["StatusCode"])
                self._out_of_memory = client.inspect_container(self._container)["State"]["OOMKilled"]
        except (DaemonFailed, APIError, OSError) as error:
            line = f"[engine] The Docker daemon has broken off: {error}\n".encode()
            asyncio.run_coroutine_threadsafe(self._output.add(line), self._loop).result()
            return _DAEMON_GONE
        return status

    def _kill(self, number: signal.Signals) -> None:
        with contextlib.suppress(DaemonFailed, APIError), self._daemon.client() as client:
            client.kill(self._container, signal=number.value)

    def _stop(self) -> None:
        try:
            with contextlib.suppress(NotFound), self._daemon.client() as client:
                client.stop(self._container, timeout=_END_SECONDS)
        except (DaemonFailed, APIError) as error:
            log.warning("container %s cannot be stopped: %s", self._container[:12], error)

    def _remove(self) -> None:
        _remove(self._daemon, self._container, self._network)


async def start(
    daemon: Daemon,
    image: str,
    placement: Placement,
    environment: Mapping[str, str],
    lines: LogLines,
    config: Config,
) -> ContainerServer:
    """Start a container of the image, whose arguments are `serve`. Raises ImageFailed, DaemonFailed."""
    starting = asyncio.create_task(in_thread(lambda: _start(daemon, image, placement, environment, config)))
    try:
        started = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The thread goes on; what it has made must not stay.
        with contextlib.suppress(Exception):
            started = await starting
            await in_thread(lambda: _remove(daemon, started.container, started.network))
        raise
    return ContainerServer(daemon, started, lines)


def _start(
    daemon: Daemon, image: str, placement: Placement, environment: Mapping[str, str], config: Config
) -> _Started:
    is_closed = placement.network_isolation or not config.connect_ports
    labels = {
        LABEL: engine_name(config.jobs_dir),
        "batchdeck.server": str(placement.directory.relative_to(config.jobs_dir)),
    }
    name = f"batchdeck-{secrets.token_hex(8)}"
    container = ""
    try:
        with daemon.client() as client:
            create_network(client, name, labels, is_closed=is_closed)
            container = client.create_container(
                image,
                command=["serve"],
                environment=container_variables(environment, placement),
                ports=None if is_closed else [PORT],
                labels=labels,
                name=name,
                host_config=host_config(client, placement, config.limits, name, published=not is_closed),
            )["Id"]
            # Before the start, so that no line is missed.
            output = client.attach(container, stdout=True, stderr=True, stream=True)
            client.start(container)
            state = client.inspect_container(container)
            address = _address(state, name)
            return _Started(container, name, output, address, int(state["State"]["Pid"]))
    except APIError as error:
        _remove(daemon, container, name)
        raise ImageFailed(
            f"A container of image {image} cannot be started: {explanation(error)}. The image must have a program "
            "`serve`, or an entry point that takes this word."
        ) from error
    except BaseException:
        _remove(daemon, container, name)
        raise


def _remove(daemon: Daemon, container: str, network: str) -> None:
    """Remove a container, if it was made, and its network."""
    try:
        with daemon.client() as client:
            if container:
                with contextlib.suppress(NotFound):
                    client.remove_container(container, v=True, force=True)
            with contextlib.suppress(NotFound):
                client.remove_network(network)
    except (DaemonFailed, APIError) as error:
        log.warning("container %s cannot be removed: %s", container[:12], error)


def _address(state: Mapping[str, Any], network: str) -> tuple[str, int]:
    """Where the container's port can be reached; port 0 if it has ended already."""
    published = (state["NetworkSettings"]["Ports"] or {}).get(f"{PORT}/tcp")
    if published:
        return "127.0.0.1", int(published[0]["HostPort"])
    own_address = state["NetworkSettings"]["Networks"][network]["IPAddress"]
    return (own_address, PORT) if own_address else ("127.0.0.1", 0)


def _shared_process(process: int, container: str) -> int:
    """The number of the container's first process, or 0 if this machine has no such process."""
    with contextlib.suppress(OSError):
        if container in Path(f"/proc/{process}/cgroup").read_text():
            return process
    return 0


def _memory_events(process: int) -> list[Path]:
    """The files in which the kernel counts processes of the container's group that it ended for lack of memory."""
    try:
        rows = Path(f"/proc/{process}/cgroup").read_text().splitlines() if process else []
    except OSError:
        return []
    paths: list[Path] = []
    for row in rows:
        controllers, _, path = re.sub(r"^\d+:", "", row).partition(":")
        if controllers == "":
            paths.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
        if "memory" in controllers.split(","):
            paths.append(Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
    return paths
