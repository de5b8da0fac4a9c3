"""Values as text in headers, queries and XML elements."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

#: Integers of up to 18 digits, which fit into 64 bits. int() would also take blanks, underscores and other scripts.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def from_text(type_name: str, text: str) -> Any:
    """Convert text to a botocore type. Timestamps are HTTP dates or ISO 8601. Raises ValueError."""
    if type_name in ("integer", "long"):
        if not _INTEGER.fullmatch(text):
            raise ValueError(f"{text!r} is not an integer")
        return int(text)
    if type_name == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() == "true"
    if type_name == "timestamp":
        return _timestamp(text)
    return text


def _timestamp(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, IndexError, OverflowError):
        # Raised by parsedate_to_datetime for other texts, and for times out of range.
        raise ValueError(f"{text!r} is not a point in time") from None
