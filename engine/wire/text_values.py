"""Values that travel as text: in headers, in the query, in XML elements."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

#: As many digits as 64 bits have. Python's own int() would also take blanks, underscores and other scripts.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def from_text(type_name: str, text: str) -> Any:
    """Text as a value of a botocore type. Raises ValueError; timestamps may be HTTP dates or ISO 8601."""
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
        # What the parser of e-mail dates makes of text that is no date, and what the ends of time give.
        raise ValueError(f"{text!r} is not a point in time") from None
