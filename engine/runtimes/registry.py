"""The runtimes and the container images that they serve."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

_HERE = Path(__file__).resolve().parent
#: The folder from which programs of runtimes import `model_server`.
SERVING = _HERE / "serving"
#: The folder of packages of the images for which we have our own.
STAND_INS = SERVING / "stand_ins"


class BadRuntime(ValueError):
    """The description of a runtime is invalid. The message names the file."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A model server program and its locked environment.

    `patterns` are regular expressions that are searched for in the image URI without its tag. `command` is an argument
    list; "python" as its first word means the environment's Python, or the engine's if `requirements` is None. Its
    servers may read the `readable` paths. With `inherits_listener` the server receives a listening socket. A runtime
    with `tags` serves images of these tags only, and gets the image's tag as the last word of its command; `library`
    is then what predicts, with its version, and `numbers` how its predictions compare with the image's. `refused` has
    the reason for each tag that no environment can stand in for. With `scripts` it runs the script of a model, and
    what the script's requirements.txt names is installed for it. Its servers may listen on `own_ports` further ports,
    which follow one another in SAGEMAKER_SAFE_PORT_RANGE. Its environment's packages may also come from `wheel_index`,
    a package index, and making it needs `disk_mb` megabytes. With `model_packages` the requirements.txt at the top
    of a model is installed for it, and these packages in any version that fits.
    """

    name: str
    title: str
    patterns: tuple[str, ...]
    command: tuple[str, ...]
    requirements: Path | None
    readable: tuple[Path, ...] = ()
    inherits_listener: bool = False
    tags: tuple[str, ...] = ()
    scripts: bool = False
    library: str = ""
    numbers: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    own_ports: int = 0
    wheel_index: str = ""
    disk_mb: int = 0
    model_packages: tuple[str, ...] = ()

    def serves(self, repository: str) -> bool:
        """Whether the runtime serves images of that repository."""
        return any(re.search(pattern, repository) for pattern in self.patterns)

    def serves_tag(self, tag: str) -> bool:
        """Whether it stands in for images of that tag: 1.0-1 is the tag of 1.0-1-cpu-py3 too, 2.19 that of 2.19.1."""
        return not self.tags or any(_is_of_tag(tag, own_tag) for own_tag in self.tags)

    def why_refused(self, tag: str) -> str:
        """Why no library here stands in for images of that tag, as a sentence; empty where none is known."""
        return next((reason for own_tag, reason in self.refused.items() if _is_of_tag(tag, own_tag)), "")


def load_runtimes(extra: Path | None) -> tuple[Runtime, ...]:
    """The runtimes of the folder `extra`, then the built-in ones. The first with a matching pattern serves an image.

    Each subfolder of `extra` is one runtime with a `runtime.json`, like the built-in ones:

        {"title": "Our ranker", "patterns": ["/ranker$"], "program": "serve.py"}
        {"title": "Our ranker", "patterns": ["/ranker$"], "command": ["gunicorn", "ranker:app"]}

    `program` is a Python file in the folder, `command` an argument list in which names of files in the folder are
    replaced by their paths; it may start any program of the machine. The server listens on
    127.0.0.1:$SAGEMAKER_BIND_TO_PORT and finds the unpacked model in $SAGEMAKER_MODEL_DIR. A hashed `requirements.txt`
    in the folder defines an environment, whose programs come first on PATH. A server sees its own files, its runtime's
    and the system's programs and libraries; `"readable": ["/opt/conda"]` adds others. With `"scripts": true` it runs
    the script of a model, for which the script's requirements.txt is installed. `"own_ports": 2` lets it listen on two
    further ports, which $SAGEMAKER_SAFE_PORT_RANGE names. `"wheel_index": "https://…"` is a package index beside the
    usual one, and `"disk_mb": 2500` must be free for the environment to be made. If versions of an image need different
    environments, `"environments"` has a row for each:

        {"environments": [{"tags": ["1.5-1", "1.7-1"], "requirements": "requirements.txt"}], ...}

    Then images of other tags are not served, an image without a tag gets the first row, and the program gets the tag
    as its argument. `"patterns"` in a row are those of its tags alone. Beside them,
    `"library": {"title": "XGBoost", "package": "xgboost-cpu"}` names what the lock files install, `"numbers"` in a row
    says how its predictions compare with those of the image, and `"refused"` has a sentence for each tag that cannot
    be served.

    Raises BadRuntime.
    """
    return (*_extra(extra, _read), *BUILT_IN)


def load_processing_images(extra: Path | None) -> tuple[Runtime, ...]:
    """The environments of processing jobs by image: those of the folder `extra`, then the built-in ones.

    They are the `"processing"` of a runtime.json: rows like those of `"environments"`, or `true` for the runtime's own
    environments. Their commands are not used, since a processing job brings its own. Raises BadRuntime.
    """
    return (*_extra(extra, _read_processing), *PROCESSING)


def _extra(folder: Path | None, read: Callable[[Path], list[Runtime]]) -> Iterator[Runtime]:
    if folder is None:
        return
    if not folder.is_dir():
        raise BadRuntime(f"There is no folder {folder} to read extra runtimes from")
    for path in sorted(folder.glob("*/runtime.json")):
        yield from read(path)


def find_runtime(runtimes: tuple[Runtime, ...], image: str) -> Runtime | None:
    """The first runtime that has a pattern for the image's repository and serves its tag, or None."""
    repository, tag = _repository_and_tag(image)
    for runtime in runtimes:
        if runtime.serves(repository):
            tag = tag or next(iter(runtime.tags), "")
            if runtime.serves_tag(tag):
                return replace(runtime, command=(*runtime.command, tag)) if runtime.tags else runtime
    return None


def find_tags(runtimes: tuple[Runtime, ...], image: str) -> tuple[str, ...]:
    """The tags that runtimes for the image's repository serve; empty if none has a pattern for it."""
    repository, _ = _repository_and_tag(image)
    return tuple(tag for runtime in runtimes if runtime.serves(repository) for tag in runtime.tags)


def find_refusal(runtimes: tuple[Runtime, ...], image: str) -> str:
    """Why the image's tag is not served, as a sentence; empty where its runtimes give no reason."""
    repository, tag = _repository_and_tag(image)
    reasons = (runtime.why_refused(tag) for runtime in runtimes if runtime.serves(repository))
    return next(filter(None, reasons), "")


def _is_of_tag(tag: str, own_tag: str) -> bool:
    # A tag without a minor version, such as 1, is no beginning of others: 1.7-1 is another image.
    return tag == own_tag or ("." in own_tag and tag.startswith((f"{own_tag}-", f"{own_tag}.")))


def _repository_and_tag(image: str) -> tuple[str, str]:
    # A colon behind the last slash begins the tag; one before it would be a registry's port.
    head, slash, last = image.partition("@")[0].rpartition("/")
    name, _, tag = last.partition(":")
    return head + slash + name, tag


def _read_built_in(path: Path) -> list[Runtime]:
    """A runtime of this package: its program is started isolated and serves on the socket that it inherits."""
    start = ("python", "-I", "-u", str(SERVING / "start.py"))
    return [
        replace(runtime, command=(*start, *runtime.command[1:]), inherits_listener=True)
        for runtime in _read(path)
    ]


def _read_processing(path: Path) -> list[Runtime]:
    """The environments for processing jobs that a folder describes."""
    try:
        described = json.loads(path.read_text())
        rows = described.get("processing", [])
        if rows is True:
            rows = described.get("environments", True)
    except (ValueError, AttributeError) as error:
        raise BadRuntime(f"{path} must be a JSON object") from error
    return _read(path, {"environments": rows} if rows is not True else {}) if rows else []


def _read(path: Path, changes: Mapping[str, Any] = MappingProxyType({})) -> list[Runtime]:
    """The runtimes that a folder describes, with these changes: one, or one for each of its environments."""
    try:
        described = {**json.loads(path.read_text()), **changes}
        patterns = _texts(described["patterns"])
        for pattern in patterns:
            re.compile(pattern)
        command = _command(described, path.parent)
        title = str(described.get("title", path.parent.name))
        readable = _folders(described.get("readable", []))
        scripts = described.get("scripts", False) is True
        environments = _environments(described, path.parent)
        refused = {str(tag): str(reason) for tag, reason in described.get("refused", {}).items()}
        own_ports = int(described.get("own_ports", 0))
        wheel_index = str(described.get("wheel_index", ""))
        disk_mb = int(described.get("disk_mb", 0))
        model_packages = _texts(described["model_packages"]) if "model_packages" in described else ()
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise BadRuntime(
            f"{path} must be an object with patterns and program or command: {type(error).__name__} {error}"
        ) from error
    readable = (path.parent.resolve(), SERVING, *readable)
    return [
        Runtime(
            path.parent.name,
            title,
            environment.patterns or patterns,
            command,
            environment.requirements,
            readable,
            tags=environment.tags,
            scripts=scripts,
            library=environment.library,
            numbers=environment.numbers,
            refused=refused,
            own_ports=own_ports,
            wheel_index=wheel_index,
            disk_mb=disk_mb,
            model_packages=model_packages,
        )
        for environment in environments
    ]


@dataclass(frozen=True, slots=True)
class _Environment:
    """A row of `environments`, with the library and version that its lock file installs."""

    requirements: Path | None
    tags: tuple[str, ...] = ()
    library: str = ""
    numbers: str = ""
    #: Of repositories that alone have these tags; empty for those of the whole runtime.
    patterns: tuple[str, ...] = ()


def _environments(described: dict[str, Any], folder: Path) -> list[_Environment]:
    if "environments" not in described:
        requirements = folder / "requirements.txt"
        return [_Environment(requirements if requirements.exists() else None)]
    library = described.get("library")
    return [
        _Environment(
            folder / row["requirements"],
            _texts(row["tags"]),
            _library(library, folder / row["requirements"]),
            str(row.get("numbers", "")),
            _texts(row["patterns"]) if "patterns" in row else (),
        )
        for row in described["environments"]
    ]


def _library(described: dict[str, str] | None, requirements: Path) -> str:
    """The title and the version of the library that a lock file installs; empty if none is described."""
    if not requirements.is_file():
        raise ValueError(f"there is no {requirements.name} beside it")
    if described is None:
        return ""
    pin = re.search(rf"^{re.escape(described['package'])}==(\S+)", requirements.read_text(), re.MULTILINE)
    if pin is None:
        raise ValueError(f"{requirements.name} does not pin {described['package']}")
    return f"{described['title']} {pin[1]}"


def _command(described: dict[str, Any], folder: Path) -> tuple[str, ...]:
    if "command" in described:
        words = _texts(described["command"])
        _check_program(words[0], folder)
        return tuple(str((folder / word).resolve()) if (folder / word).is_file() else word for word in words)
    program = folder / described["program"]
    if not program.is_file():
        raise ValueError(f"there is no {program.name} beside it")
    return "python", str(program.resolve())


def _check_program(word: str, folder: Path) -> None:
    """Raise ValueError if a command's first word is no program. Those of an environment are known once it is made."""
    if word == "python" or (folder / "requirements.txt").exists() or (folder / word).is_file():
        return
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    if shutil.which(word, path=places) is None:
        raise ValueError(f"there is no program {word} on this machine")


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
    sorted(
        (runtime for path in _HERE.glob("*/runtime.json") for runtime in _read_built_in(path)),
        key=lambda runtime: runtime.title,
    )
)
#: Their environments for processing jobs.
PROCESSING = tuple(
    runtime for path in sorted(_HERE.glob("*/runtime.json")) for runtime in _read_processing(path)
)
