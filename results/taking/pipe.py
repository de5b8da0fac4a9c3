"""A file for writers of archives that is sent while it is written."""

from __future__ import annotations


class Pipe:
    """A file that cannot seek, and gives what was written since the last `take`."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing behind it."""

    def close(self) -> None:
        """There is nothing behind it."""

    def take(self) -> bytes:
        """What was written."""
        written_bytes = b"".join(self._pieces)
        self._pieces.clear()
        return written_bytes
