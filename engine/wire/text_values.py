"""Values that travel as text: in headers, in the query, in XML elements."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def from_text(type_name: str, text: str) -> Any:
    """Text as a value of a botocore type. Raises ValueError; timestamps may be HTTP dates or ISO 8601."""
    if type_name in ("integer", "long"):
        return int(text)
    if type_name == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() == "true"
    if type_name == "timestamp":
        return _timestamp(text)
    return text


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
