"""CloudWatch Logs' filter patterns for plain text: terms, "quoted phrases", ?any-of and -none-of.

The rules are those of the user guide's page on filter pattern syntax: terms are case-sensitive, all plain
ones must be there, and `?` terms beside plain or `-` ones are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class UnsupportedPattern(ValueError):
    """The pattern is broken, or of a kind that is not for plain text."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A function that tells whether a message matches. Raises UnsupportedPattern, with a sentence."""
    text = pattern.strip()
    if text[:1] in ("{", "[", "%"):
        raise UnsupportedPattern("Only text patterns are supported: no JSON, column or regular expressions.")
    terms_by_sign: dict[str, list[str]] = {"": [], "?": [], "-": []}
    for sign, term in _terms(text):
        terms_by_sign[sign].append(term)
    every, either, never = terms_by_sign[""], terms_by_sign["?"], terms_by_sign["-"]
    if every or never:
        return lambda message: all(t in message for t in every) and not any(t in message for t in never)
    return lambda message: not either or any(term in message for term in either)


def _terms(text: str) -> list[tuple[str, str]]:
    terms, at = [], 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise UnsupportedPattern(f"Invalid filter pattern: {text}")
        sign, quoted, bare = match.groups()
        terms.append((sign, bare if quoted is None else _ESCAPE.sub(r"\1", quoted)))
        at = match.end()
    return terms
