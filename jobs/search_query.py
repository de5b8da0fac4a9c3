"""The search box: `status:failed model:churn owner:alice text` means what the filter panel means."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jobs.filtering import FilterError, JobFilter

#: Words that people write for a filter.
_ALIASES = {
    "status": "state",
    "instance": "instance_type",
    "user": "owner",
    "by": "owner",
    "s3": "path",
    "tags": "tag",
    "after": "since",
    "from": "since",
    "before": "until",
    "to": "until",
}
#: How a filter is written in the box where its name is not the kindest word.
WRITTEN = {"state": "status", "instance_type": "instance"}
_TOKEN = re.compile(r'(?:(?P<key>[A-Za-z_]+):(?!//))?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')


def parse(text: str) -> dict[str, str]:
    """The filters that the box's text describes, by name; FilterError for a word before a colon that is none."""
    found: dict[str, str] = {}
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        value = token["quoted"] if token["quoted"] is not None else token["plain"]
        key = (token["key"] or "").lower()
        name = _ALIASES.get(key, key)
        if not name:
            if value.lower().startswith("s3://"):
                found["path"] = value
            else:
                words.append(value)
        elif name not in JobFilter.names():
            known = ", ".join(WRITTEN.get(name, name) for name in JobFilter.names())
            raise FilterError({key: [f"is no word for a filter; there are {known}."]})
        elif name == "state" and name in found:
            found[name] += f",{value}"
        else:
            found[name] = value
    if words:
        found["text"] = " ".join(filter(None, [found.get("text"), *words]))
    return found


def write(given: Mapping[str, str]) -> str:
    """The text for the box that `parse` reads as these filters."""
    parts = [f"{WRITTEN.get(name, name)}:{_quoted(value)}" for name, value in given.items() if name != "text"]
    return " ".join([*parts, *([given["text"]] if given.get("text") else [])])


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
