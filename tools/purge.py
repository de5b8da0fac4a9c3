"""Removes the rules of a style sheet that no page here can match, by the words of templates and scripts.

A class that no template, script or form names matches nothing, so rules that need it are removed, and then
the variables that no remaining rule reads. Rules without classes stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
#: Where classes are written.
SOURCES = (
    "templates/**/*.html",
    "static/*.js",
    "static/batchdeck.css",
    "jobs/forms/*.py",
    "jobs/services/listing/columns.py",
    "jobs/templatetags/*.py",
    "results/templatetags/*.py",
)
_CLASS = re.compile(r"\.(-?[A-Za-z_](?:\\.|[\w-])*)")
_NOT = re.compile(r":not\([^()]*\)")
_WORD = re.compile(r"[\w-]+")
_VARIABLE = re.compile(r"(--[\w-]+):[^;{}]*;?")


def words(root: Path = HOME) -> set[str]:
    """Every word of the sources, which include each class that is used."""
    return {
        word
        for pattern in SOURCES
        for path in root.glob(pattern)
        for word in _WORD.findall(path.read_text(encoding="utf-8"))
    }


def classes(css: str) -> set[str]:
    """The classes that the sheet has rules about."""
    return {name.replace("\\", "") for prelude, _ in _walk(css) for name in _CLASS.findall(prelude)}


def purge(css: str, used: set[str]) -> str:
    """The sheet without rules for classes outside `used`, and without variables that nothing reads."""
    sheet = _keep(css, used)
    before = None
    own_sheet = (HOME / "static" / "batchdeck.css").read_text(encoding="utf-8")
    while before != sheet:
        before = sheet
        sheet = re.sub(r"[^{}]*\{\}", "", _without_unread(sheet, own_sheet))
    return sheet


def _without_unread(css: str, own_sheet: str) -> str:
    read = set(re.findall(r"var\(\s*(--[\w-]+)", css + own_sheet))
    return _VARIABLE.sub(lambda declaration: declaration[0] if declaration[1] in read else "", css)


def _keep(css: str, used: set[str]) -> str:
    parts = []
    for prelude, body in _rules(css):
        if body is None:
            # Of @charset there is no need: files are sent as UTF-8.
            parts.append("" if prelude.startswith("@charset") else f"{prelude};")
        elif prelude.startswith(("@media", "@supports")):
            inner = _keep(body, used)
            parts.append(f"{prelude}{{{inner}}}" if inner else "")
        elif prelude.startswith("@keyframes"):
            name = prelude.split()[-1]
            parts.append(f"{prelude}{{{body}}}" if name in used else "")
        elif prelude.startswith("@"):
            parts.append(f"{prelude}{{{body}}}")
        else:
            selectors = [selector for selector in _commas(prelude) if _matches(selector, used)]
            parts.append(f"{','.join(selectors)}{{{body}}}" if selectors else "")
    return "".join(parts)


def _matches(selector: str, used: set[str]) -> bool:
    needed = _CLASS.findall(_NOT.sub("", selector))
    return all(name.replace("\\", "") in used for name in needed)


def _walk(css: str) -> Iterator[tuple[str, str]]:
    for prelude, body in _rules(css):
        if body is not None and prelude.startswith(("@media", "@supports")):
            yield from _walk(body)
        elif body is not None and not prelude.startswith("@"):
            yield prelude, body


def _rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Each rule's prelude and the text between its braces; None for one that ends in a semicolon."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    start, depth, opened, quote = 0, 0, 0, ""
    for at, letter in enumerate(css):
        if quote:
            quote = "" if letter == quote and css[at - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "{":
            opened, depth = (at if depth == 0 else opened), depth + 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : at]
                start = at + 1
        elif letter == ";" and depth == 0:
            yield css[start:at].strip(), None
            start = at + 1


def _commas(prelude: str) -> list[str]:
    """The selectors of a list, split at commas outside brackets."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(prelude):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(prelude[start:at])
            start = at + 1
    return [*parts, prelude[start:]]
