"""Whether the collected static files are those of this checkout."""

from __future__ import annotations

import hashlib
from pathlib import Path


class Collected:
    """The copies, under hashed names, that `collectstatic` leaves in a data directory."""

    def __init__(self, checkout: Path, data_dir: Path) -> None:
        self._checkout = checkout
        self._manifest = data_dir / "staticfiles" / "staticfiles.json"
        self._stamp = data_dir / "staticfiles.stamp"

    def is_current(self) -> bool:
        """Whether they were collected from the files and packages that are here now."""
        if not (self._manifest.exists() and self._stamp.exists()):
            return False
        return self._stamp.read_text() == self._fingerprint()

    def remember(self) -> None:
        """Note that they have just been collected."""
        self._stamp.write_text(self._fingerprint())

    def _fingerprint(self) -> str:
        # Sizes and times, as make goes by: reading every file would cost more than it tells.
        digest = hashlib.sha256((self._checkout / "locks" / "runtime.txt").read_bytes())
        root = self._checkout / "static"
        for file in sorted(root.rglob("*")):
            status = file.stat()
            digest.update(f"{file.relative_to(root)} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()
