"""Locked environments of runtimes: created on first use and shared by all jobs.

The folder's name contains the hash of the lock file, so a changed lock leads to a new environment. A marker file
is written last and holds a digest of the folder's files: an environment that is incomplete or was changed is
created again. The marker's time says when a job last used the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

from engine.errors import CannotRun
from engine.runtimes.commands import CommandFailed, Progress, locked, run_command
from engine.runtimes.registry import Runtime
from hosting.uv import find_uv

READY = ".ready"
#: What no job has used for this long is removed when another environment or layer is made. No job runs for so long.
UNUSED_SECONDS = 30 * 86400.0


class EnvironmentFailed(CannotRun):
    """The environment could not be created. The message has the failed step and its last output."""

    blame = "InternalServerError"


async def prepare(runtime: Runtime, directory: Path, progress: Progress) -> Path:
    """The Python of the runtime's environment, which is created if needed; `progress` receives lines about it.

    Raises EnvironmentFailed.
    """
    if runtime.requirements is None:
        return Path(sys.executable)
    folder = directory / environment_name(runtime.name, runtime.requirements.read_bytes())
    python = folder / "bin" / "python"
    if await asyncio.to_thread(is_usable, folder):
        return python
    directory.mkdir(parents=True, exist_ok=True)
    async with locked(lock_file(folder), progress):
        if not await asyncio.to_thread(is_usable, folder):
            if (folder / READY).exists():
                progress(f"The environment of {runtime.title} is not as it was made; it is made anew.")
            await asyncio.to_thread(remove_unused, directory)
            await _make(runtime, runtime.requirements, folder, progress)
    return python


def is_usable(folder: Path) -> bool:
    """Whether the environment is complete and unchanged since it was created; also notes that it is used."""
    marker = folder / READY
    try:
        if marker.read_text() != digest(folder):
            return False
    except OSError:
        return False
    # The engine may have no right to do this, for example in a container.
    with contextlib.suppress(OSError):
        os.utime(marker)
    return True


def remove_unused(directory: Path) -> None:
    """Remove the environments or layers in a folder that no job has used for UNUSED_SECONDS."""
    oldest = time.time() - UNUSED_SECONDS
    for marker in directory.glob(f"*/{READY}"):
        with contextlib.suppress(OSError):
            if marker.stat().st_mtime < oldest:
                shutil.rmtree(marker.parent)
                lock_file(marker.parent).unlink(missing_ok=True)


def lock_file(folder: Path) -> Path:
    """The file that is locked while the environment or layer is made."""
    return folder.with_name(f"{folder.name}.lock")


def mark_complete(folder: Path) -> None:
    """Write the marker that makes `is_usable` true."""
    marker = folder / READY
    marker.write_text(digest(folder))
    marker.chmod(0o644)


def digest(folder: Path) -> str:
    """A hash of names, sizes, modes and modification times of all files in the folder except the marker.

    Does not read the contents, which would take longer than a small job. Raises OSError.
    """
    rows: list[str] = []
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                status = entry.stat(follow_symlinks=False)
                name = entry.path[len(str(folder)) + 1 :]
                target = os.readlink(entry.path) if entry.is_symlink() else ""
                rows.append(f"{name}\0{status.st_size}\0{status.st_mode}\0{status.st_mtime_ns}\0{target}")
    listed = sorted(row for row in rows if not row.startswith(f"{READY}\0"))
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def environment_name(name: str, requirements: bytes) -> str:
    """The folder name of a runtime's environment: its name and the first 12 hex digits of the lock's SHA-256."""
    return f"{name}-{hashlib.sha256(requirements).hexdigest()[:12]}"


async def _make(runtime: Runtime, requirements: Path, folder: Path, progress: Progress) -> None:
    began = time.monotonic()
    _check_space(runtime, folder.parent)
    size = f" It needs {runtime.disk_mb / 1000:.1f} GB of disk." if runtime.disk_mb else ""
    progress(f"Making the environment of {runtime.title}; this happens once.{size}")
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    uv = find_uv()
    if uv is not None:
        await _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], progress)
        # Compiled because model servers cannot write bytecode here. Copied because a change of a linked file would also
        # change uv's cache, and so later environments.
        install = [uv, "pip", "install", "--compile-bytecode", "--link-mode", "copy", "--python", python]
    else:
        await _run([sys.executable, "-m", "venv", str(folder)], progress)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # A lock lists all packages. Without looking for others, it may leave out one that a package asks for, as
    # tensorflow-serving-api asks for tensorflow beside tensorflow-cpu.
    install += ["--no-deps", "--require-hashes", "-r", str(requirements)]
    await _install(install, runtime.wheel_index, progress, with_uv=uv is not None)
    await asyncio.to_thread(mark_complete, folder)
    progress(f"The environment of {runtime.title} is ready after {time.monotonic() - began:.0f} s.")


def _check_space(runtime: Runtime, directory: Path) -> None:
    """Raise EnvironmentFailed if the disk has not as much space as the environment needs while it is made."""
    free = shutil.disk_usage(directory).free // 1_000_000
    if free < runtime.disk_mb:
        raise EnvironmentFailed(
            f"The environment of {runtime.title} needs {runtime.disk_mb:,} MB of disk while it is made, and the disk "
            f"of {directory} has {free:,} MB left. Free some; the next job tries again."
        )


async def _install(command: list[str], wheel_index: str, progress: Progress, *, with_uv: bool) -> None:
    """Install from folders of wheels that this machine names, or from the index besides the usual one."""
    folders = wheel_folders()
    if with_uv and folders:
        command += [word for folder in folders for word in ("--find-links", folder)]
    if not wheel_index:
        await _run(command, progress)
        return
    if folders:
        # First without the index: a machine that has such folders may not reach it.
        with contextlib.suppress(EnvironmentFailed):
            await _run(command, progress)
            return
    # The hash of each file is known, so it does not matter which index has it.
    command += [
        "--extra-index-url",
        wheel_index,
        *(["--index-strategy", "unsafe-best-match"] if with_uv else []),
    ]
    try:
        await _run(command, progress)
    except EnvironmentFailed as error:
        raise EnvironmentFailed(
            f"{error} Some of its packages come from {wheel_index} alone. Where that cannot be reached, put their "
            "files into a folder and name it in UV_FIND_LINKS in the engine's environment."
        ) from error


def wheel_folders() -> list[str]:
    """The folders or pages with wheels that uv or pip is told of in this process's environment."""
    for_uv, for_pip = os.environ.get("UV_FIND_LINKS", ""), os.environ.get("PIP_FIND_LINKS", "")
    return list(dict.fromkeys([*filter(None, for_uv.split(",")), *for_pip.split()]))


async def _run(command: list[str], progress: Progress) -> None:
    try:
        await run_command(command, progress)
    except CommandFailed as error:
        step = f"{Path(command[0]).name} {' '.join(command[1:3])}"
        raise EnvironmentFailed(
            f"The model server's environment could not be made: {step} {error}. The log has the rest; the next job "
            "tries again."
        ) from error
