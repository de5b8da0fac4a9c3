"""JSON that strangers wrote, as values whose texts pages and databases can hold."""

from __future__ import annotations

import json
import re
from typing import Any

#: NUL, which PostgreSQL refuses, and halves of surrogate pairs, which UTF-8 cannot hold. JSON has both as escapes.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def read_json(text: bytes | str) -> Any:
    """The value of a JSON text. NUL and lone surrogates in its texts stay as they are written in JSON, such as \\ud800.

    Raises ValueError, and RecursionError for a text that is nested too deeply.
    """
    value = json.loads(text)
    has_escapes = b"\\u" in text if isinstance(text, bytes) else "\\u" in text
    return _writable(value) if has_escapes else value


def is_writable(text: str) -> bool:
    """Whether pages and databases can hold the text."""
    return _UNWRITABLE.search(text) is None


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNWRITABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", value)
    if isinstance(value, list):
        return [_writable(inner) for inner in value]
    if isinstance(value, dict):
        return {_writable(name): _writable(inner) for name, inner in value.items()}
    return value
