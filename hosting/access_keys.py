"""Access keys of the engine: random, in files that only their owner can read. Standard library alone."""

from __future__ import annotations

import json
import os
import secrets
import string
from collections.abc import Mapping
from pathlib import Path

_ALPHABET = string.ascii_uppercase + "234567"


def new_key() -> dict[str, str]:
    """A new random key, as it is stored in a file."""
    return {"access_key_id": access_key_id("AKIA"), "secret_access_key": secrets.token_urlsafe(30)}


def write_private(path: Path, values: Mapping[str, object]) -> None:
    """Write a JSON file that only its owner can read."""
    # Written under another name and renamed, so that no reader sees half of it.
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file)
    aside.rename(path)


def access_key_id(prefix: str) -> str:
    """A new id, such as AKIA and 16 letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))
