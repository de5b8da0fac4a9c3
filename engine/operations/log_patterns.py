"""CloudWatch Logs' filter patterns for text: terms, "quoted phrases", ?optional and -excluded terms.

Follows "Filter pattern syntax" in the user guide: terms are case-sensitive, a message must contain all plain terms,
and `?` terms are ignored if there are plain or `-` terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class UnsupportedPattern(ValueError):
    """The pattern is invalid, or not a text pattern."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """The function that says whether a message matches the pattern. Raises UnsupportedPattern with a sentence."""
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
