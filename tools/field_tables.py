"""The tables of fields in docs/api.md, made from the tables in the code.

    python -m tools.field_tables

Writes them between their marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from jobs.options import OPTIONS
from transform.field_facts import FieldFacts, Kind
from transform.request_fields import FIELDS

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "api.md"
_MARKED = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def document_with_tables(text: str) -> str:
    """The document's text with each marked table as the code has it. KeyError for an unknown mark."""
    return fill_tables(text, {"request-fields": request_table, "job-options": options_table})


def fill_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The text with each marked table made anew. KeyError for an unknown mark."""
    return _MARKED.sub(lambda match: f"{match[1]}{tables[match[2]]()}{match[3]}", text)


def request_table() -> str:
    """The table of a request's fields."""
    rows = [
        (_code(_api_name(name)), _code(entry.member), values_of(entry), entry.help)
        for name, entry in FIELDS.items()
    ]
    return markdown_table(("field", "in CreateTransformJob", "values", "meaning"), rows)


def options_table() -> str:
    """The table of our own options."""
    rows = [(_code(name), _default(option), option.help) for name, option in OPTIONS.items()]
    return markdown_table(("field", "default", "meaning"), rows)


def _default(facts: FieldFacts) -> str:
    if facts.kind is Kind.WORDS:
        return _code("[]")
    return "none" if facts.default is None else str(facts.default)


def values_of(facts: FieldFacts) -> str:
    """What the field may hold, in words."""
    return ", ".join(_values(facts))


def _values(facts: FieldFacts) -> Iterator[str]:
    if facts.choices:
        yield ", ".join(map(_code, facts.choices))
    elif facts.bounds:
        yield facts.bounds
    elif facts.kind is Kind.TEXTS:
        yield f"object of texts, at most {facts.most}" if facts.most else "object of texts"
    elif facts.must_be:
        yield facts.must_be
    elif facts.kind is not Kind.TEXT:
        yield facts.kind.value
    if facts.longest:
        yield f"at most {facts.longest:,} characters" + (" each" if facts.kind is Kind.TEXTS else "")
    if facts.required and "." not in facts.name:
        yield "required"


def _api_name(name: str) -> str:
    return "model" if name == "model_name" else name


def _code(text: str) -> str:
    return f"`{text}`"


def markdown_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [_row(heads), "|" + "---|" * len(heads), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
