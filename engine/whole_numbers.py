"""Whole numbers in texts that others wrote: settings, headers, addresses."""

from __future__ import annotations


def whole_number(text: str, digits: int = 18) -> int | None:
    """The number that `text` writes in ASCII digits alone; None for other texts and for more than `digits` digits.

    Python's own int() also takes signs, blanks, underscores and the digits of other scripts.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None
