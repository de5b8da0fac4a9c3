"""The disk space that a job's outputs take, which answers without end must not use up."""

from __future__ import annotations

from pathlib import Path

from engine.limits import MIB, Limits
from engine.runner.failures import JobFailed

#: A job that has written less than this does not fail because the disk is full: others have filled it.
SMALL = 64 * MIB
#: Bytes between two looks at the disk.
_BETWEEN_LOOKS = 16 * MIB


class OutputSpace:
    """Counts the bytes of a job's outputs, and fails the job when they have nearly filled the disk."""

    def __init__(self, limits: Limits, folder: Path) -> None:
        """`folder` is on the disk that the outputs are on."""
        self._limits = limits
        self._folder = folder
        self._written = 0
        self._looked_at = 0

    def take(self, size: int) -> None:
        """Count bytes that are to be written. Raises JobFailed."""
        self._written += size
        if self._written <= SMALL or self._written - self._looked_at < _BETWEEN_LOOKS:
            return
        self._looked_at = self._written
        if self._limits.space_left(self._folder) < 0:
            raise JobFailed(
                f"InternalServerError: The engine's disk is nearly full, and this job has written "
                f"{self._written // MIB} MiB of outputs to it. Whole outputs stay. Make room, then run the job "
                "again over the inputs that have none"
            )
