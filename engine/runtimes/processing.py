"""Environments of processing jobs: a locked one for the image, and one of the job's own, where pip installs."""

from __future__ import annotations

import asyncio
import os
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from engine.config import Config
from engine.placement import ScriptPlacement
from engine.runtimes.confined_process import ConfinedProcess, free_port, launch
from engine.runtimes.confining import Confiner, interpreter_paths, scratch_folder
from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime, find_runtime, find_tags, load_processing_images
from engine.runtimes.support import Support
from engine.runtimes.threads import thread_limits

#: The path of the engine's package index for scripts; see engine.wire.package_index.
PACKAGES = "/_engine/packages/"
_HERE = Path(__file__).resolve().parent
#: pip in an environment of its own, since those of the images have none.
_PIP = Runtime("pip", "pip", (), (), _HERE / "pip" / "requirements.txt")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIP_PROGRAM = """#!{python}
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class PreparedScriptImage:
    """The Python of an image's environment, and that of the environment with pip."""

    python: Path
    pip_python: Path


class ProcessingRuntimes:
    """Finds the environment of an image, and starts scripts in it."""

    def __init__(self, config: Config, support: Support) -> None:
        """`support` are the system's means of confinement. Raises BadRuntime."""
        self._directory = config.runtimes_dir
        self._confiner = Confiner(config, support)
        self._images = load_processing_images(config.extra_runtimes)

    def reason_against(self, image: str) -> str | None:
        """Why a processing job cannot run with this image, and what to do, as a sentence; None if it can."""
        if not self._confiner.can_show_base_dir:
            return (
                "Processing jobs need a private /opt/ml, and this system lets the engine make no namespaces (or "
                "ENGINE_CONFINEMENT is off). Run the engine as root or with user namespaces, or run the job on an AWS "
                "connection."
            )
        if find_runtime(self._images, image) is not None:
            return None
        if tags := find_tags(self._images, image):
            return (
                f"The embedded engine has no environment for processing jobs with image {image}. Of this image it has "
                f"the tags {', '.join(tags)}. Use one of them, or run the job on an AWS connection."
            )
        titles = "; ".join(dict.fromkeys(runtime.title for runtime in self._images))
        return (
            f"The embedded engine has no environment for processing jobs with image {image or '(none given)'}. It has: "
            f"{titles}. Use an image of one of these, let the operator add the image (ENGINE_EXTRA_RUNTIMES), or run "
            "the job on an AWS connection."
        )

    def engine_url(self) -> str:
        """The engine's address for scripts."""
        return self._confiner.engine_url()

    def index_url(self, user: str, password: str) -> str:
        """The address of the engine's package index for a script with this key."""
        scheme, _, host = self.engine_url().partition("://")
        return f"{scheme}://{user}:{quote(password, safe='')}@{host}{PACKAGES}simple/"

    async def prepare(self, image: str, progress: Callable[[str], None]) -> PreparedScriptImage:
        """Create the environment of an image if needed. Raises CannotRun, LookupError."""
        runtime = find_runtime(self._images, image)
        if runtime is None:
            raise LookupError(image)
        python = await prepare(runtime, self._directory, progress)
        return PreparedScriptImage(python, await prepare(_PIP, self._directory, progress))

    async def start(
        self,
        prepared: PreparedScriptImage,
        placement: ScriptPlacement,
        command: Sequence[str],
        environment: Mapping[str, str],
        lines: Callable[[list[str]], None],
    ) -> ConfinedProcess:
        """Start a command, confined, in its folder; `lines` receives its output.

        Its environment is `environment` over the variables that programs need, without the engine's own variables,
        which may be secrets.
        """
        number = free_port()
        await asyncio.to_thread(_make_python, placement.python_dir, prepared)
        readable = [
            *interpreter_paths(prepared.python),
            *interpreter_paths(prepared.pip_python),
            *interpreter_paths(placement.python_dir / "bin" / "python"),
        ]
        bounds = await asyncio.to_thread(self._confiner.script_bounds, readable, placement, number)
        own_variables = {**_own_environment(prepared, placement), **thread_limits(placement.instances)}
        process = await launch(command, placement.directory, bounds, {**own_variables, **environment})
        return ConfinedProcess(process, [number], placement.directory, lines, bounds)


def _make_python(folder: Path, prepared: PreparedScriptImage) -> None:
    """Make the job's own environment, whose module path goes on with the image's packages and pip."""
    venv.EnvBuilder(symlinks=True).create(folder)
    packages = _site_packages(folder)
    for name, python in (("image", prepared.python), ("pip", prepared.pip_python)):
        environment = _site_packages(python.parent.parent)
        (packages / f"{name}.pth").write_text(f"import site; site.addsitedir({str(environment)!r})\n")
    for name in ("pip", "pip3"):
        program = folder / "bin" / name
        program.write_text(_PIP_PROGRAM.format(python=folder / "bin" / "python"))
        program.chmod(0o755)


def _site_packages(environment: Path) -> Path:
    return next((environment / "lib").glob("python*/site-packages"))


def _own_environment(prepared: PreparedScriptImage, placement: ScriptPlacement) -> dict[str, str]:
    """The variables that programs need, as the image has them."""
    inherited = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    folders = (placement.python_dir / "bin", prepared.python.parent)
    return {
        **inherited,
        "PATH": os.pathsep.join((*map(str, folders), _SYSTEM_PATH)),
        "HOME": str(placement.directory),
        "USER": "processing",
        "LOGNAME": "processing",
        "TMPDIR": str(scratch_folder(placement.directory)),
        "PYTHONUNBUFFERED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
