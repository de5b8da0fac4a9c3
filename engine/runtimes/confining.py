"""The confinement of model servers and processing scripts, as far as the system supports it.

docs/security.md describes its effects. The keeper (engine/runtimes/keeper) enforces it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.placement import Placement, ScriptPlacement
from engine.removing import remove_tree
from engine.runtimes.cgroups import engine_name
from engine.runtimes.registry import Runtime
from engine.runtimes.support import FIRST_USER_ID, KEEPER, Support

#: The system's programs, libraries and public settings, without files of the engine or the dashboard.
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/os-release"),
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki/tls", "/etc/pki/ca-trust"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf"),
    *(
        "/etc/gai.conf",
        "/etc/services",
        "/etc/protocols",
        "/etc/mime.types",
        "/etc/localtime",
        "/etc/timezone",
    ),
    *("/etc/fonts", "/sys/devices/system"),
)


def end_groups(folders: Sequence[Path]) -> None:
    """End and remove control groups that a killed keeper left behind."""
    command = [sys.executable, "-I", "-S", str(KEEPER), "--end", *map(str, folders)]
    subprocess.run(command, check=False, env={}, timeout=60)


class Confiner:
    """Determines the confinement of model servers."""

    def __init__(self, config: Config, support: Support) -> None:
        self._config = config
        self._support = support

    def bounds(
        self,
        runtime: Runtime,
        python: Path,
        placement: Placement,
        ports: Sequence[int],
        listener: int | None,
    ) -> dict[str, Any]:
        """The keeper's confinement (see its confinement.py) of a server. Creates the folders it needs.

        `ports` are the one that the engine sends requests to, which `listener` may hold, and the server's own.
        """
        job_folders = (
            placement.model_dir,
            *([placement.script_dir] if placement.script_dir else []),
            *([] if self._support.namespaces else [_linked_base_dir(placement)]),
        )
        own_ports = list(ports[1:] if listener is not None else ports)
        return {
            **self._common_bounds(placement, ports[0], []),
            **self._files(
                placement,
                readable=(*interpreter_paths(python), *runtime.readable, *job_folders),
                binds={"/opt/ml/model": placement.model_dir},
            ),
            **self._network(placement, own_ports, own_network=listener is not None),
            "listener": listener,
        }

    def script_bounds(
        self, readable: Sequence[Path], placement: ScriptPlacement, number: int
    ) -> dict[str, Any]:
        """The keeper's confinement of a processing script, which may connect to the engine alone.

        `number` is a reserved port, by which its user and its control groups are named. Creates the folders it needs.
        """
        writable = [placement.base_dir, placement.python_dir]
        bounds = {
            **self._common_bounds(placement, number, writable),
            **self._files(placement, readable, {"/opt/ml": placement.base_dir}, writable),
            **self._network(placement, [], own_network=True),
            "listener": None,
        }
        if not placement.network_isolation:
            bounds["connect_ports"] = sorted({*bounds["connect_ports"], self._config.port})
            if bounds["own_network"]:
                bounds["forward"] = [self._config.local_host, self._config.port]
        return bounds

    @property
    def can_show_base_dir(self) -> bool:
        """Whether processes can have a private /opt/ml."""
        return self._support.namespaces

    def engine_url(self) -> str:
        """The engine's address for a processing script."""
        host = self._config.local_host
        if self._support.network and not self._config.connect_ports:
            # What the forwarder listens to.
            host = "127.0.0.1"
        return f"http://{host}:{self._config.port}"

    def _common_bounds(
        self, placement: Placement | ScriptPlacement, number: int, writable: Sequence[Path]
    ) -> dict[str, Any]:
        """The user, limits and means of a process, whose folders are given to its user."""
        support = self._support
        placement.directory.mkdir(parents=True, exist_ok=True)
        scratch = scratch_folder(placement.directory)
        # Emptied at each start: links that an earlier server left could lead elsewhere while the view is built.
        remove_tree(scratch)
        scratch.mkdir()
        user_id = FIRST_USER_ID + number if support.user_ids else None
        if user_id is not None:
            for folder in (placement.directory, scratch):
                os.chown(folder, user_id, user_id)
            for folder in writable:
                _give(folder, user_id)
        return {
            "limits": self._config.limits.of_server(placement.instance_type),
            "user_id": user_id,
            "root": str(self._root(placement.directory)) if support.namespaces else None,
            "landlock": support.landlock,
            "seccomp": support.seccomp,
            **self._groups(placement, number),
        }

    def _files(
        self,
        placement: Placement | ScriptPlacement,
        readable: Sequence[Path],
        binds: Mapping[str, Path],
        writable: Sequence[Path] = (),
    ) -> dict[str, Any]:
        scratch = str(scratch_folder(placement.directory))
        return {
            "readable": [*_SYSTEM, *map(str, readable)],
            "writable": [str(placement.directory), scratch, *map(str, writable)],
            "binds": {
                **{name: str(path) for name, path in binds.items()},
                "/tmp": scratch,  # noqa: S108 - its own, shown under that name
                "/var/tmp": scratch,  # noqa: S108
            }
            if self._support.namespaces
            else {},
        }

    def _network(
        self, placement: Placement | ScriptPlacement, own_ports: list[int], *, own_network: bool
    ) -> dict[str, Any]:
        connect_ports = () if placement.network_isolation else self._config.connect_ports
        return {
            "bind_ports": own_ports,
            "connect_ports": sorted({*connect_ports, *own_ports}),
            "datagrams": bool(connect_ports),
            "own_network": self._support.network and own_network and not connect_ports,
        }

    def end_leftovers(self) -> None:
        """End and remove the groups that a killed engine with this data folder left behind."""
        groups = self._support.groups
        folders = groups.leftovers(engine_name(self._config.jobs_dir)) if groups is not None else []
        if folders:
            end_groups(folders)

    def _groups(self, placement: Placement | ScriptPlacement, number: int) -> dict[str, Any]:
        """The keeper's values about the server's control groups, which are created."""
        groups = self._support.groups
        if groups is None:
            return {}
        limits = self._config.limits.of_server(placement.instance_type)
        name = f"{engine_name(self._config.jobs_dir)}-{number}"
        folders = groups.create(name, limits["memory"], limits["processes"])
        copy = placement.directory.with_name(f"{placement.directory.name}.memory")
        copy.unlink(missing_ok=True)
        return {
            "groups": [str(folder) for folder in folders],
            "memory_events": [str(groups.events_file(folders)), str(copy)],
        }

    def base_dir(self, placement: Placement) -> Path:
        """What /opt/ml is for a server that `bounds` was asked for: the folder with `model` in it."""
        return Path("/opt/ml") if self._support.namespaces else _linked_base_dir(placement)

    @staticmethod
    def _root(directory: Path) -> Path:
        folder = directory.with_name(f"{directory.name}.root")
        folder.mkdir(exist_ok=True)
        return folder


def _linked_base_dir(placement: Placement) -> Path:
    """A folder with a link `model` to the model, for servers that have no view of their own."""
    folder = placement.directory.with_name(f"{placement.directory.name}.ml")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    link = folder / "model"
    if not link.is_symlink():
        link.symlink_to(placement.model_dir)
    return folder


def _give(folder: Path, user_id: int) -> None:
    """Make a user the owner of a folder and of all below it. Links are not followed."""
    os.chown(folder, user_id, user_id)
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(path, name), user_id, user_id, follow_symlinks=False)


def scratch_folder(directory: Path) -> Path:
    """The server's /tmp. It is beside the server's folder `directory`, so that the server cannot replace it."""
    return directory.with_name(f"{directory.name}.tmp")


def interpreter_paths(python: Path) -> list[Path]:
    """The paths that a Python interpreter needs: its environment, its binary with links to it, and its library."""
    paths: list[Path] = []
    for link in _links(python):
        folder = link.parent.parent
        paths.append(folder if (folder / "pyvenv.cfg").exists() else link)
    binary = Path(os.path.realpath(python))
    prefix = binary.parent.parent
    # Not the prefix itself, which may be a home folder.
    return [*paths, binary, *(prefix / name for name in ("lib", "lib64") if prefix != Path("/"))]


def _links(path: Path) -> Iterator[Path]:
    """The path and, as long as it is a link, its targets."""
    yield path
    while path.is_symlink():
        path = path.parent / path.readlink()
        yield path
