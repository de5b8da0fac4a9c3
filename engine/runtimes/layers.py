"""Layers: what a script's requirements.txt asks for, on top of its runtime's environment.

A layer is a virtual environment of its own, made on first use, whose module path goes on with the runtime's
environment. Its name has a hash of that environment's name and of the file: jobs with equal files share it. Only wheels
are installed, by uv, and no program of the layer is started meanwhile, so that no code of a package runs before the
model server, which is confined. Its marker is written last: a layer that is incomplete is made again.

A layer's size and that of all layers are limited. Downloads are measured too, so they go into a folder of this install
alone; it is on the same disk, so that the layer's files are links to what was unpacked there.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from engine.disk import bytes_below
from engine.limits import MIB, Limits
from engine.removing import remove_tree
from engine.runtimes.commands import CommandFailed, Progress, locked, run_command
from engine.runtimes.environments import READY, is_usable, lock_file, mark_complete
from engine.runtimes.layer_space import hold_layer, remove_idle_layers
from engine.runtimes.registry import STAND_INS
from engine.runtimes.requirement_file import NAME, BadRequirements, Requirements, read_requirements
from hosting.uv import find_uv

_LONGEST_SECONDS = 1800.0
#: Seconds between two looks at the size of a layer that is being made.
_PAUSE = 0.5
#: Memory of a command that reads packages: a few bytes of a wheel can unpack to any amount of metadata.
_COMMAND_MB = 2048
#: Lines of uv's output that go into a failure's message.
_QUOTED_LINES = 12
#: Bumped when layers are made in another way.
_VERSION = b"1"


async def add_requirements(
    python: Path,
    script_dir: Path,
    directory: Path,
    progress: Progress,
    limits: Limits,
    layer_holds: contextlib.ExitStack,
    also: Sequence[str] = (),
) -> Path:
    """The Python with the packages of `script_dir`/requirements.txt, or `python` itself if nothing is to install.

    The packages `also` are installed too, in any version that fits.

    `python` is the interpreter of a runtime's environment, `directory` the folder of all layers. `progress` receives
    lines about what is installed. The layer is not removed before `layer_holds` is closed. Raises BadRequirements, and
    OSError (ENOSPC) if the disk is full.
    """
    base = python.parent.parent
    requirements = await asyncio.to_thread(_requirements, base, script_dir, also)
    if requirements is None:
        return python
    for note in requirements.notes:
        progress(note)
    if not requirements.lines:
        return python
    layer = directory / _layer_name(base, requirements)
    _make_folder(directory)
    await asyncio.to_thread(hold_layer, layer, layer_holds)
    if await asyncio.to_thread(is_usable, layer):
        return layer / "bin" / "python"
    async with locked(lock_file(layer), progress):
        if not await asyncio.to_thread(is_usable, layer):
            await _make(layer, base, requirements, progress, limits)
    return layer / "bin" / "python"


def packages_of(environment: Path) -> dict[str, str]:
    """The packages of an environment by normalized name, with their versions; stand-ins of ours have an empty one.

    A package that is another one for some machines counts as that too: tensorflow-cpu has the module of tensorflow.
    """
    packages: dict[str, str] = {
        canonicalize_name(path.name): ""
        for path in STAND_INS.iterdir()
        if path.is_dir() and not path.name.startswith("_")
    }
    for path in _site_packages(environment).glob("*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").partition("-")
        packages[canonicalize_name(name)] = version
        for module in _modules_of(path):
            if canonicalize_name(name).startswith(f"{canonicalize_name(module)}-"):
                packages.setdefault(canonicalize_name(module), version)
    return packages


def _modules_of(description: Path) -> list[str]:
    """The top-level modules that a package's folder of metadata names."""
    try:
        return (description / "top_level.txt").read_text().split()
    except OSError:
        return []


def _requirements(base: Path, script_dir: Path, also: Sequence[str]) -> Requirements | None:
    # Most scripts have no such file, and listing the packages reads a file for each.
    if not also:
        return read_requirements(script_dir, packages_of(base)) if (script_dir / NAME).is_file() else None
    requirements = read_requirements(script_dir, packages_of(base)) or Requirements()
    requirements.lines += also
    requirements.digest += " ".join(also)
    return requirements


def _layer_name(base: Path, requirements: Requirements) -> str:
    words = (_VERSION, base.name.encode(), requirements.digest.encode())
    return f"{base.name}-{hashlib.sha256(b' '.join(words)).hexdigest()}"


async def _make(
    layer: Path, base: Path, requirements: Requirements, progress: Progress, limits: Limits
) -> None:
    began = time.monotonic()
    progress(f"Installing code/{NAME}; this happens once for such a file.")
    await asyncio.to_thread(remove_tree, layer)
    work = layer.with_name(f"{layer.name}.work")
    await asyncio.to_thread(remove_tree, work)
    check_size = await asyncio.to_thread(_SizeCheck, layer, work, limits)
    work.mkdir()
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await _run_measured(_install(layer, base, requirements, work, progress), check_size)
        await asyncio.to_thread(mark_complete, layer)
    except TimeoutError:
        raise BadRequirements(
            f"code/{NAME} could not be installed within {_LONGEST_SECONDS / 60:.0f} minutes."
        ) from None
    except CommandFailed as error:
        why = (
            f"the installer was ended by signal {-error.status}; it may use {_COMMAND_MB} MiB of memory."
            if error.status < 0
            else _sentence(error.lines, work)
        )
        raise BadRequirements(f"code/{NAME} could not be installed: {why} The log has the rest.") from error
    finally:
        await asyncio.to_thread(remove_tree, work)
        if not (layer / READY).exists():
            await asyncio.to_thread(remove_tree, layer)
    progress(f"code/{NAME} is installed after {time.monotonic() - began:.0f} s.")


async def _run_measured(work: Coroutine[Any, Any, None], check: Callable[[], None]) -> None:
    """Run `work` while `check` is called in a thread; its error ends the work. Raises what both raise."""
    working = asyncio.ensure_future(work)
    try:
        while not working.done():
            await asyncio.wait([working], timeout=_PAUSE)
            await asyncio.to_thread(check)
        await working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


class _SizeCheck:
    """Checks the size of a layer that is being made, with its downloads in the folder `work`."""

    def __init__(self, layer: Path, work: Path, limits: Limits) -> None:
        self._layer = layer
        self._work = work
        self._limits = limits
        #: The bytes of all other layers, as they were measured last.
        self._others = remove_idle_layers(layer.parent, limits.layers_mb * MIB)

    def __call__(self) -> None:
        """Raises BadRequirements for a layer that is too large, OSError (ENOSPC) if the disk is full.

        If all layers together are too large, or the disk is full, first removes layers that no job uses.
        """
        parts = (bytes_below(self._layer), bytes_below(self._work))
        # The layer's files are links to those in the folder of downloads.
        size = max(parts)
        if size > self._limits.layer_mb * MIB:
            raise BadRequirements(
                f"code/{NAME} asks for more than {self._limits.layer_mb} MiB of packages (ENGINE_LIMITS, layer_mb). "
                "Ask for fewer, or for smaller ones."
            )
        directory, most_bytes = self._layer.parent, self._limits.layers_mb * MIB
        if size + self._others > most_bytes:
            own_bytes = sum(parts)
            self._others = remove_idle_layers(directory, most_bytes - size + own_bytes) - own_bytes
        if size + self._others > most_bytes:
            raise BadRequirements(
                f"code/{NAME} cannot be installed now: the packages of all scripts may take {self._limits.layers_mb} "
                f"MiB (ENGINE_LIMITS, layers_mb), and other jobs use {self._others // MIB} MiB of that. Run the job "
                "again when they have ended."
            )
        if self._limits.space_left(directory) < 0:
            remove_idle_layers(directory, 0)
            if self._limits.space_left(directory) < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def _install(
    layer: Path, base: Path, requirements: Requirements, work: Path, progress: Progress
) -> None:
    """Find the versions that fit the environment, then install those that it does not have."""
    uv = find_uv()
    if uv is None:
        raise BadRequirements(
            f"code/{NAME} cannot be installed: this machine has no uv. Install it with pip."
        )
    cache = ["--cache-dir", str(work / "downloads")]
    await run_command([uv, "venv", "--quiet", *cache, "--python", sys.executable, str(layer)], progress)
    interpreter = os.path.realpath(layer / "bin" / "python")
    packages = {name: version for name, version in packages_of(base).items() if version}
    # The package index does not have a build such as 2.13.0+cpu: whoever needs the package finds it in the environment.
    own_builds = {name for name, version in packages.items() if "+" in version}
    request, bounds, excluded = work / NAME, work / "constraints.txt", work / "excluded.txt"
    choice = work / "versions.txt"
    request.write_text("".join(f"{line}\n" for line in requirements.lines))
    bounds.write_text(
        "".join(f"{name}=={version}\n" for name, version in packages.items() if name not in own_builds)
    )
    excluded.write_text("".join(f"{name}\n" for name in own_builds))
    passed_over = [word for name in packages for word in ("--no-emit-package", name)]
    target = [*cache, "--no-build", "--python", str(layer / "bin" / "python")]
    files = [
        "--constraint",
        str(bounds),
        "--excludes",
        str(excluded),
        "--output-file",
        str(choice),
        str(request),
    ]
    await run_command(
        [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *target, *passed_over, *files],
        progress,
        _QUOTED_LINES,
        memory_mb=_COMMAND_MB,
    )
    if choice.read_text().strip():
        await run_command(
            [uv, "pip", "install", "--no-deps", "--link-mode", "hardlink", *target, "-r", str(choice)],
            progress,
            _QUOTED_LINES,
            memory_mb=_COMMAND_MB,
        )
    await _compile(interpreter, _site_packages(layer))
    _link(layer, base)


async def _compile(interpreter: str, folder: Path) -> None:
    """Compile a folder's modules, since model servers cannot write there. Those that do not compile are left."""
    # uv would start the layer's Python for it, which runs what packages put into .pth files; this one reads none.
    with contextlib.suppress(CommandFailed):
        compile_all = [interpreter, "-I", "-S", "-m", "compileall", "-q", str(folder)]
        await run_command(compile_all, lambda _: None, memory_mb=_COMMAND_MB)


def _link(layer: Path, base: Path) -> None:
    """Let the layer's module path go on with that of the environment."""
    path = _site_packages(layer) / "runtime_environment.pth"
    path.write_text(f"import site; site.addsitedir({str(_site_packages(base))!r})\n")
    path.chmod(0o644)


def _site_packages(environment: Path) -> Path:
    return next((environment / "lib").glob("python*/site-packages"))


def _make_folder(directory: Path) -> None:
    if not directory.exists():
        directory.mkdir(parents=True, exist_ok=True)
        # Model servers may run as other users.
        directory.chmod(0o755)


def _sentence(lines: list[str], work: Path) -> str:
    """uv's lines about an error as one text, without marks and hints. The file in `work` gets its name for users."""
    words = [re.sub(r"^(error|cause): ", "", line.strip()) for line in lines if not line.startswith("hint:")]
    text = " ".join(words).replace(str(work / NAME), f"code/{NAME}")
    return text if text.endswith(".") else f"{text}."
