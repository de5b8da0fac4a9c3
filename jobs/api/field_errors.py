"""What DRF says is wrong with a request, as our errors have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def error_text(detail: Any) -> str:
    """All sentences of an error's detail in one text."""
    if isinstance(detail, str):
        return str(detail)
    values = detail.values() if isinstance(detail, Mapping) else detail
    return " ".join(error_text(value) for value in values)


def sentences(detail: Any) -> dict[str, list[str]]:
    """The sentences of a serializer's errors by field; those of nested fields under dotted names."""
    if not isinstance(detail, Mapping):
        return {"__all__": [error_text(detail)]}
    texts_by_field: dict[str, list[str]] = {}
    for name, value in detail.items():
        if isinstance(value, Mapping):
            texts_by_field |= {f"{name}.{inner}": texts for inner, texts in sentences(value).items()}
        else:
            details = value if isinstance(value, list) else [value]
            texts_by_field[str(name)] = [error_text(text) for text in details]
    return texts_by_field
