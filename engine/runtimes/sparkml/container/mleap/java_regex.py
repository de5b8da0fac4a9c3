"""Java's regular expressions, as far as Python has equivalents."""

from __future__ import annotations

import re
import warnings

from .faults import BadBundle

#: Syntax with another meaning in Python.
_READ_OTHERWISE = re.compile(r"&&|\[[^\]\\]*\[|\\Z")


def compile_java(expression: str) -> re.Pattern[str]:
    r"""Compile the pattern, with \s, \w and \d for ASCII only. Raises BadBundle for syntax without an equivalent."""
    try:
        if _READ_OTHERWISE.search(expression):
            raise re.error("only Java reads it so")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(expression, re.ASCII)
    except (re.error, FutureWarning, DeprecationWarning, RecursionError, OverflowError) as error:
        raise BadBundle(f"the regular expression {expression!r} is not read here: {error}") from error


def split_java(pattern: re.Pattern[str], text: str) -> list[str]:
    """`Pattern.split`: only empty parts at the end are dropped."""
    parts: list[str] = []
    start = 0
    matched = False
    for match in pattern.finditer(text):
        if match.end() == 0:
            continue  # An empty match at the beginning has no part before it.
        matched = True
        parts.append(text[start : match.start()])
        start = match.end()
    if not matched:
        return [text]
    parts.append(text[start:])
    while parts and not parts[-1]:
        parts.pop()
    return parts
