"""The tables of image tags in docs/engine.md, made from the runtimes' own descriptions.

    python -m tools.runtime_tables

Writes them between their marks.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from engine.runtimes.registry import BUILT_IN, PROCESSING, Runtime
from tools.field_tables import fill_tables, markdown_table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "engine.md"


#: The images of the runtimes that have environments for processing jobs, and the libraries that their table names.
_IMAGES = {"sklearn": "`…/sagemaker-scikit-learn`", "xgboost": "`…/sagemaker-xgboost`"}
_LIBRARIES = {
    "xgboost-cpu": "XGBoost",
    "scikit-learn": "scikit-learn",
    "pandas": "pandas",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "matplotlib": "matplotlib",
    "pyyaml": "PyYAML",
}


def document_with_tables(text: str) -> str:
    """The document's text with the table of each runtime that has tags. KeyError for an unknown mark."""
    names = {runtime.name for runtime in BUILT_IN if runtime.tags}
    tables = {f"{name}-tags": functools.partial(tags_table, name) for name in names}
    return fill_tables(text, {**tables, "processing-images": processing_table})


def tags_table(name: str) -> str:
    """The tags of a runtime's image, what predicts for them, and which tags are refused."""
    runtimes = [runtime for runtime in BUILT_IN if runtime.name == name]
    first = runtimes[0].tags[0]
    rows = [(_tags(runtime, first), runtime.library, runtime.numbers) for runtime in runtimes]
    refused = [(f"`{tag}`", "none", f"refused: {reason}") for tag, reason in runtimes[0].refused.items()]
    last_row = ("any other", "none", "refused: no library here gives their numbers")
    return markdown_table(
        ("tags of the image", "library that predicts", "numbers"), [*rows, *refused, last_row]
    )


def processing_table() -> str:
    """The images of processing jobs, their tags, and what their environments have, from the lock files."""
    firsts: dict[str, str] = {}
    rows = [
        (
            _IMAGES[runtime.name],
            _tags(runtime, firsts.setdefault(runtime.name, runtime.tags[0])),
            ", ".join(_pins(runtime)),
        )
        for runtime in PROCESSING
    ]
    return markdown_table(("image", "tags", "environment of the script"), rows)


def _pins(runtime: Runtime) -> list[str]:
    """The libraries of a lock file with their versions."""
    assert runtime.requirements is not None
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", runtime.requirements.read_text(), re.MULTILINE))
    return [f"{title} {pins[package]}" for package, title in _LIBRARIES.items() if package in pins]


def _tags(runtime: Runtime, first: str) -> str:
    return ", ".join(_tag(tag, first) for tag in runtime.tags)


def _tag(tag: str, first: str) -> str:
    return f"`{tag}` and no tag" if tag == first else f"`{tag}`"


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
