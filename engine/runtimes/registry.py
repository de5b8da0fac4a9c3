"""Which runtime stands in for a container image."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Runtime:
    """A kind of model server: the program that serves and the locked environment it runs in.

    Without `requirements` it runs on the engine's own Python. `pattern` is searched for in the image URI
    without its tag.
    """

    name: str
    title: str
    pattern: str
    program: Path
    requirements: Path | None


BUILT_IN = (
    Runtime(
        "xgboost",
        "XGBoost, algorithm mode",
        r"(^|/)(sagemaker-)?xgboost$",
        _HERE / "xgboost" / "serve.py",
        _HERE / "xgboost" / "requirements.txt",
    ),
    Runtime(
        "sklearn",
        "scikit-learn, script mode",
        r"(^|/)(sagemaker-scikit-learn|scikit-learn|sklearn)$",
        _HERE / "sklearn" / "serve.py",
        _HERE / "sklearn" / "requirements.txt",
    ),
)


def load_runtimes(extra: Path | None) -> tuple[Runtime, ...]:
    """The built-in runtimes, behind those of the folder `extra`.

    Each sub-folder of `extra` is one runtime: a `runtime.json` with `pattern` (a regular expression for image
    URIs) and `program` (a Python file beside it that serves on $SAGEMAKER_BIND_TO_PORT), and if it needs an
    environment of its own, a hashed `requirements.txt`. Raises ValueError naming a file that is not so.
    """
    if extra is None:
        return BUILT_IN
    return (*(_read(path) for path in sorted(extra.glob("*/runtime.json"))), *BUILT_IN)


def find_runtime(runtimes: tuple[Runtime, ...], image: str) -> Runtime | None:
    """The first runtime whose pattern is in the image's repository, or None."""
    repository = image.partition("@")[0]
    # A colon behind the last slash begins the tag; one before it would be a registry's port.
    head, slash, last = repository.rpartition("/")
    repository = head + slash + last.partition(":")[0]
    return next((runtime for runtime in runtimes if re.search(runtime.pattern, repository)), None)


def _read(path: Path) -> Runtime:
    try:
        described = json.loads(path.read_text())
        pattern, program = described["pattern"], path.parent / described["program"]
        re.compile(pattern)
    except (ValueError, KeyError, TypeError, re.error) as error:
        raise ValueError(f"{path} must hold pattern and program: {error}") from error
    if not program.is_file():
        raise ValueError(f"{path}: there is no {program.name} beside it")
    requirements = path.parent / "requirements.txt"
    return Runtime(
        path.parent.name,
        described.get("title", path.parent.name),
        pattern,
        program,
        requirements if requirements.exists() else None,
    )
