"""The search box: `status:failed model:churn owner:alice text` describes the same filters as the panel."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jobs.filtering import FILTERS, FilterError, find_filter

_NAMES = {
    word: declared.name for declared in FILTERS for word in (declared.name, declared.word, *declared.aliases)
}
_TOKEN = re.compile(r'(?:(?P<key>[A-Za-z_][A-Za-z0-9_]*):(?!//))?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')


def parse(text: str) -> dict[str, str]:
    """The filters that the box's text describes, by name; FilterError for an unknown word before a colon."""
    values: dict[str, str] = {}
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        value = token["quoted"] if token["quoted"] is not None else token["plain"]
        key = (token["key"] or "").lower()
        if not key:
            if value.lower().startswith("s3://"):
                values["path"] = value
            else:
                words.append(value)
            continue
        name = _NAMES.get(key)
        if name is None:
            box_words = ", ".join(declared.word for declared in FILTERS)
            raise FilterError({key: [f"is no word for a filter; there are {box_words}."]})
        values[name] = f"{values[name]},{value}" if name == "state" and name in values else value
    if words:
        values["text"] = " ".join(filter(None, [values.get("text"), *words]))
    return values


def write(values: Mapping[str, str]) -> str:
    """The text for the box that `parse` reads as these filters."""
    parts = [f"{find_filter(name).word}:{_quote(value)}" for name, value in values.items() if name != "text"]
    return " ".join([*parts, *([values["text"]] if values.get("text") else [])])


def _quote(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
