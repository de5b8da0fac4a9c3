"""Whole numbers that people write into addresses and forms."""

from __future__ import annotations

#: The largest row id that the databases hold.
LARGEST_ID = 2**63 - 1


def parse_whole_number(text: str, *, low: int = 0, high: int = LARGEST_ID) -> int | None:
    """The number that the digits 0 to 9 write; None for any other text, and for a number outside `low` to `high`."""
    # Python refuses to read thousands of digits.
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(high)):
        return None
    number = int(text)
    return number if low <= number <= high else None
