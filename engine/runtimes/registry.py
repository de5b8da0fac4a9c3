"""The runtimes and the container images that they serve."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
#: The folder from which programs of runtimes import `model_server`.
SERVING = _HERE / "serving"


class BadRuntime(ValueError):
    """The description of a runtime is invalid. The message names the file."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A model server program and its locked environment.

    `patterns` are regular expressions that are searched for in the image URI without its tag. `command` is an argument
    list; "python" as its first word means the environment's Python, or the engine's if `requirements` is None. Its
    servers may read the `readable` paths. With `inherits_listener` the server receives a listening socket.
    """

    name: str
    title: str
    patterns: tuple[str, ...]
    command: tuple[str, ...]
    requirements: Path | None
    readable: tuple[Path, ...] = ()
    inherits_listener: bool = False

    def serves(self, repository: str) -> bool:
        """Whether the runtime serves images of that repository."""
        return any(re.search(pattern, repository) for pattern in self.patterns)


def load_runtimes(extra: Path | None) -> tuple[Runtime, ...]:
    """The runtimes of the folder `extra`, then the built-in ones. The first with a matching pattern serves an image.

    Each subfolder of `extra` is one runtime with a `runtime.json`, like the built-in ones:

        {"title": "Our ranker", "patterns": ["/ranker$"], "program": "serve.py"}
        {"title": "Our ranker", "patterns": ["/ranker$"], "command": ["gunicorn", "ranker:app"]}

    `program` is a Python file in the folder, `command` an argument list in which names of files in the folder are
    replaced by their paths. The server listens on 127.0.0.1:$SAGEMAKER_BIND_TO_PORT and finds the unpacked model in
    $SAGEMAKER_MODEL_DIR. A hashed `requirements.txt` in the folder defines an environment, whose programs come first on
    PATH. A server sees its own files, its runtime's and the system's programs and libraries;
    `"readable": ["/opt/conda"]` adds others.

    Raises BadRuntime.
    """
    if extra is None:
        return BUILT_IN
    if not extra.is_dir():
        raise BadRuntime(f"There is no folder {extra} to read extra runtimes from")
    return (*(_read(path) for path in sorted(extra.glob("*/runtime.json"))), *BUILT_IN)


def find_runtime(runtimes: tuple[Runtime, ...], image: str) -> Runtime | None:
    """The first runtime with a pattern that matches the image's repository, or None."""
    repository = image.partition("@")[0]
    # A colon behind the last slash starts the tag; one before it starts a registry's port.
    head, slash, last = repository.rpartition("/")
    repository = head + slash + last.partition(":")[0]
    return next((runtime for runtime in runtimes if runtime.serves(repository)), None)


def _read_built_in(path: Path) -> Runtime:
    """Read a runtime of this package. Its program runs in isolated mode and inherits its listening socket."""
    runtime = _read(path)
    _, program = runtime.command
    command = ("python", "-I", "-u", str(SERVING / "start.py"), program)
    return replace(runtime, command=command, inherits_listener=True)


def _read(path: Path) -> Runtime:
    try:
        described = json.loads(path.read_text())
        patterns = _texts(described["patterns"])
        for pattern in patterns:
            re.compile(pattern)
        command = _command(described, path.parent)
        title = str(described.get("title", path.parent.name))
        readable = _folders(described.get("readable", []))
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise BadRuntime(
            f"{path} must be an object with patterns and program or command: {type(error).__name__} {error}"
        ) from error
    requirements = path.parent / "requirements.txt"
    return Runtime(
        path.parent.name,
        title,
        patterns,
        command,
        requirements if requirements.exists() else None,
        readable=(path.parent.resolve(), SERVING, *readable),
    )


def _command(described: dict[str, Any], folder: Path) -> tuple[str, ...]:
    if "command" in described:
        words = _texts(described["command"])
        return tuple(str((folder / word).resolve()) if (folder / word).is_file() else word for word in words)
    program = folder / described["program"]
    if not program.is_file():
        raise ValueError(f"there is no {program.name} beside it")
    return "python", str(program.resolve())


def _folders(value: Any) -> tuple[Path, ...]:
    paths = tuple(Path(text) for text in _texts(value)) if value else ()
    if not all(path.is_absolute() for path in paths):
        raise ValueError(f"{value!r} has a path that is not absolute")
    return paths


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{value!r} is not a list of texts")
    return tuple(value)


#: The runtimes of this package: the folders beside this file that have a `runtime.json`.
BUILT_IN = tuple(
    sorted((_read_built_in(path) for path in _HERE.glob("*/runtime.json")), key=lambda runtime: runtime.title)
)
