"""The tables of image tags in docs/engine.md, made from the runtimes' own descriptions.

    python -m tools.runtime_tables

Writes them between their marks.
"""

from __future__ import annotations

import functools
from pathlib import Path

from engine.runtimes.registry import BUILT_IN, Runtime
from tools.field_tables import fill_tables, markdown_table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "engine.md"


def document_with_tables(text: str) -> str:
    """The document's text with the table of each runtime that has tags. KeyError for an unknown mark."""
    names = {runtime.name for runtime in BUILT_IN if runtime.tags}
    return fill_tables(text, {f"{name}-tags": functools.partial(tags_table, name) for name in names})


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


def _tags(runtime: Runtime, first: str) -> str:
    return ", ".join(_tag(tag, first) for tag in runtime.tags)


def _tag(tag: str, first: str) -> str:
    return f"`{tag}` and no tag" if tag == first else f"`{tag}`"


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
