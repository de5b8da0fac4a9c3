"""What the first bytes of an input tell about its records. Bytes in, an answer out."""

from __future__ import annotations

import json

from transform.csv_head import whole_lines


def line_in_quotes(head: bytes) -> int:
    """The number of the first line of CSV on which a quoted value does not end, 0 if there is none."""
    for number, line in enumerate(whole_lines(head), start=1):
        if line.count('"') % 2:
            return number
    return 0


def is_no_json_line(head: bytes) -> bool:
    """Whether the first line is no JSON value by itself."""
    lines = whole_lines(head)
    if not lines:
        return False
    try:
        json.loads(lines[0])
    except (ValueError, RecursionError):
        return True
    return False


def longest_line(head: bytes) -> int:
    """The bytes of the longest line; the last one counts as far as it is there."""
    return max(len(line) for line in head.split(b"\n"))
