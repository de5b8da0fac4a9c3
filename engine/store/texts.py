"""Times as texts."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(seconds: float | None) -> str | None:
    """Epoch seconds as 2026-11-30T18:30:05Z; None for None."""
    return (
        None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
