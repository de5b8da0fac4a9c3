"""Tiny packages as wheels."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path


def wheel(folder: Path, package: str, files: Mapping[str, str], *requires: str) -> Path:
    """Write version 1.0 of a package with these files, and the names of packages that it requires."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{package}-1.0.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {package}", "Version: 1.0"]
    content = {
        **files,
        f"{about}/METADATA": "\n".join([*metadata, *(f"Requires-Dist: {name}" for name in requires)]) + "\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in content.items()]
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        content[f"{about}/RECORD"] = "\n".join([*lines, f"{about}/RECORD,,"]) + "\n"
        for name, text in content.items():
            # With the same date always: equal packages are equal files.
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
