"""Texts: values that no database column can hold, sizes in words, names of time zones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime

from transform.record_places import RecordPlace

_UNITS = ("B", "KB", "MB", "GB", "TB")
#: The end of a sentence about a text that `has_utf8` refuses.
NO_UTF8 = "holds half of a surrogate pair, which is no text."


def has_utf8(document: object) -> bool:
    """Whether all texts of these JSON values have a form in UTF-8, which half of a surrogate pair has not.

    Raises RecursionError for values that are nested too deeply.
    """
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def trouble_with(document: object) -> str:
    """Why these JSON values cannot be stored, as the end of a sentence; empty if they can.

    PostgreSQL refuses NUL characters, and half of a surrogate pair has no UTF-8.
    """
    try:
        if not has_utf8(document):
            return NO_UTF8
        written = json.dumps(document)
    except RecursionError:
        return "is nested too deeply."
    return "holds a NUL character, which no field can." if "\\u0000" in written else ""


def filesize(count: int | None) -> str:
    """Bytes with a unit; "unknown" for None."""
    if count is None:
        return "unknown"
    size = float(count)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit takes all")


def place_text(place: RecordPlace) -> str:
    """The records of a request: "Record 12", "Records 1 to 40, lines 1 to 41"; lines only if their numbers differ."""
    if (place.first, place.last) == (place.first_line, place.last_line):
        place = replace(place, first_line=None, last_line=None)
    text = re.sub(r"\d+", lambda digits: f"{int(digits[0]):,}", str(place)).replace("-", " to ")
    return text[0].upper() + text[1:]


def zone_name(at: datetime) -> str:
    """The name of the zone of `at`, such as EST or UTC; its offset if it has no letters: UTC-03, UTC+05:45."""
    name = at.tzname() or "UTC"
    if name[0].isalpha():
        return name
    return f"UTC{name[:3]}:{name[3:]}" if len(name) > 3 else f"UTC{name}"
