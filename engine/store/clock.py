"""The engine's idea of now."""

from __future__ import annotations

import time


def now() -> float:
    """Epoch seconds, cut to the millisecond: what clients are told is then exactly what filters compare."""
    return int(time.time() * 1000) / 1000
