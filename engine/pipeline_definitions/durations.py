"""ISO 8601 durations, as in a step's CacheConfig."""

from __future__ import annotations

import re
from datetime import timedelta

# The SDK's own examples leave out P and T, and write small letters.
_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T?(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)",
    re.IGNORECASE,
)
_MAX_DIGITS = 9


def parse_duration(text: str) -> timedelta | None:
    """The duration of a text such as P30D, PT12H or 30d; None if it is none. A month has 30 days, a year 365."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groupdict().values()):
        return None
    if any(len(digits) > _MAX_DIGITS for digits in match.groupdict().values() if digits):
        return None
    parts = {name: int(digits or 0) for name, digits in match.groupdict().items()}
    if text.strip().upper().startswith("T"):
        # T30M without P: a number before M is read as months above.
        parts["minutes"], parts["months"] = parts["minutes"] + parts["months"], 0
    try:
        return timedelta(
            days=365 * parts["years"] + 30 * parts["months"] + parts["days"],
            weeks=parts["weeks"],
            hours=parts["hours"],
            minutes=parts["minutes"],
            seconds=parts["seconds"],
        )
    except OverflowError:
        return None
