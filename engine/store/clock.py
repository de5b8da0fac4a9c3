"""The engine's clock."""

from __future__ import annotations

import time


def now() -> float:
    """Epoch seconds truncated to milliseconds, so that clients get exactly the times that filters compare."""
    return int(time.time() * 1000) / 1000
