"""JSON as TensorFlow Serving reads it, with the words of its parser for what is wrong."""

from __future__ import annotations

import json
from typing import Any

from .faults import invalid
from .numbers import write_decimal

_DECODER = json.JSONDecoder(strict=True)
_SPACE = " \t\r\n"

#: The beginning of what Python's parser says, and what TensorFlow Serving's says.
_WORDS = (
    ("Expecting property name", "Missing a name for object member."),
    ("Illegal trailing comma before end of object", "Missing a name for object member."),
    ("Expecting ':'", "Missing a colon after a name of object member."),
    ("Unterminated string", "Missing a closing quotation mark in string."),
    ("Invalid \\\\escape", "Invalid escape character in string."),
    ("Invalid \\\\uXXXX escape", "Incorrect hex digit after \\u escape in string."),
    ("Invalid control character", "Invalid encoding in string."),
)
_CONTROLS = {number: f"\\u{number:04X}" for number in range(32)}
_CONTROLS |= {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def read_json(body: bytes) -> dict[str, Any]:
    """The object at the beginning of `body`; what follows it is ignored. Raises ServingFault.

    NaN and Infinity are numbers. Bytes that are not UTF-8 are kept, as lone surrogates.
    """
    text = body.decode("utf-8", "surrogateescape")
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise invalid("JSON Parse error: The document is empty")
    try:
        value, _ = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {_words(error)} at offset: {error.pos}") from error
    except (RecursionError, ValueError) as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(value, dict):
        raise invalid(f"JSON Value: {show_json(value)} Is not object")
    return value


def _words(error: json.JSONDecodeError) -> str:
    if error.msg.startswith("Expecting ',' delimiter"):
        if _bracket_around(error.doc, error.pos) == "[":
            return "Missing a comma or ] after an array element."
        return "Missing a comma or } after an object member."
    return next((words for start, words in _WORDS if error.msg.startswith(start)), "Invalid value.")


def _bracket_around(text: str, end: int) -> str:
    """The bracket that is open at that place; empty if none is."""
    open_brackets: list[str] = []
    in_string = escaped = False
    for character in text[:end]:
        if escaped:
            escaped = False
        elif in_string:
            escaped, in_string = character == "\\", character != '"'
        elif character == '"':
            in_string = True
        elif character in "[{":
            open_brackets.append(character)
        elif character in "]}" and open_brackets:
            open_brackets.pop()
    return open_brackets[-1] if open_brackets else ""


def write_text(text: str) -> str:
    """A JSON string."""
    return f'"{text.translate(_CONTROLS)}"'


def show_json(value: Any, depth: int = 0) -> str:
    """A value as TensorFlow Serving quotes it in messages: indented by four blanks."""
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, float):
        return write_decimal(value)
    if isinstance(value, dict):
        members = [f"{write_text(name)}: {show_json(item, depth + 1)}" for name, item in value.items()]
        return _between("{", "}", members, depth)
    if isinstance(value, list):
        return _between("[", "]", [show_json(item, depth + 1) for item in value], depth)
    return json.dumps(value)


def _between(start: str, end: str, items: list[str], depth: int) -> str:
    if not items:
        return start + end
    indent = "    " * depth
    return start + ",".join(f"\n{indent}    {item}" for item in items) + f"\n{indent}{end}"


def type_name(value: Any) -> str:
    """The type of a JSON value as messages call it."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    names: dict[type, str] = {str: "String", dict: "Object", list: "Array"}
    return names.get(type(value), "Number")
