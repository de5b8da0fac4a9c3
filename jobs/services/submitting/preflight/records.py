"""Facts about an input's records from its first bytes."""

from __future__ import annotations

import codecs
import json

from transform.csv_head import whole_lines


def line_in_quotes(head: bytes) -> int:
    """The number of the first CSV line on which a quoted value does not end; 0 if there is none."""
    for number, line in enumerate(whole_lines(head), start=1):
        if line.count('"') % 2:
            return number
    return 0


def is_no_json_line(head: bytes) -> bool:
    """Whether the first line is not a complete JSON value."""
    lines = whole_lines(head)
    if not lines:
        return False
    try:
        json.loads(lines[0])
    except (ValueError, RecursionError):
        return True
    return False


#: Byte order marks and their encodings; longer marks first, as two begin alike.
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def mark_of(head: bytes) -> str:
    """The encoding of the byte order mark; empty without a mark."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "")


def line_not_utf8(head: bytes) -> int:
    """The number of the first line that is not UTF-8, 0 if there is none; a character cut at the end is accepted."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        return head.count(b"\n", 0, error.start) + 1
    return 0


def longest_line(head: bytes) -> int:
    """The bytes of the longest line; the last line counts as far as it was read."""
    return max(len(line) for line in head.split(b"\n"))
