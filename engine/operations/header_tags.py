"""Rules for S3 tags, and tags in the header of an upload."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from engine.errors import ServiceError

# "Categorizing your storage using tags" in the S3 user guide.
MOST_OF_AN_OBJECT = 10
_LONGEST_KEY = 128
_LONGEST_VALUE = 256


def header_tags(params: dict[str, Any]) -> dict[str, str]:
    """Parse the tags in `x-amz-tagging`, which has the form of a query string. Raises InvalidTag, BadRequest."""
    try:
        pairs = parse_qsl(params.get("Tagging", ""), keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise _invalid("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded.") from None
    return checked_tags(pairs, MOST_OF_AN_OBJECT)


def checked_tags(pairs: list[tuple[str, str]], limit: int) -> dict[str, str]:
    """Check (key, value) pairs and return them as a dict. Raises InvalidTag, or BadRequest for more than `limit`."""
    if len(pairs) > limit:
        raise ServiceError("BadRequest", f"Object tags cannot be greater than {limit}")
    for key, value in pairs:
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise _invalid("The TagKey you have provided is invalid")
        if len(value) > _LONGEST_VALUE:
            raise _invalid("The TagValue you have provided is invalid")
        if key.startswith("aws:"):
            raise _invalid("System tags cannot be added/updated by requester")
    if len(dict(pairs)) != len(pairs):
        raise _invalid("Cannot provide multiple Tags with the same key")
    return dict(pairs)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidTag", message)
