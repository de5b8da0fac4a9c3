"""The type of anything whose bytes can be read in pieces."""

from __future__ import annotations

from typing import Protocol


class Readable(Protocol):
    """Anything with bytes to read."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
