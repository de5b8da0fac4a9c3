"""The keys that clients sign with: one pair made at first start, and session keys that STS hands out."""

from __future__ import annotations

import json
import os
import secrets
import string
import time
from dataclasses import dataclass, field
from pathlib import Path

_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Key:
    """One access key. `arn` is who uses it; `token` and `expires` (epoch seconds) belong to session keys."""

    access_key_id: str
    secret_access_key: str
    arn: str
    token: str | None = None
    expires: float | None = None


@dataclass(slots=True)
class Credentials:
    """The keys this engine knows."""

    account_id: str
    root: Key
    _sessions: dict[str, Key] = field(default_factory=dict)

    def find(self, access_key_id: str) -> Key | None:
        """The key of that id, unless it is unknown or has expired."""
        if access_key_id == self.root.access_key_id:
            return self.root
        key = self._sessions.get(access_key_id)
        return key if key is not None and (key.expires or 0) > time.time() else None

    def new_session(self, arn: str, seconds: int) -> Key:
        """Keys for a role, good for `seconds`; expired ones are forgotten on the way."""
        now = time.time()
        self._sessions = {name: key for name, key in self._sessions.items() if (key.expires or 0) > now}
        key = Key(
            _access_key_id("ASIA"), secrets.token_urlsafe(30), arn, secrets.token_urlsafe(64), now + seconds
        )
        self._sessions[key.access_key_id] = key
        return key


def load_credentials(path: Path, account_id: str) -> Credentials:
    """Read the engine's key from `path`, or make one and write it there, readable by its owner only."""
    if not path.exists():
        _write(path, _access_key_id("AKIA"), secrets.token_urlsafe(30))
    saved = json.loads(path.read_text())
    root = Key(saved["access_key_id"], saved["secret_access_key"], f"arn:aws:iam::{account_id}:root")
    return Credentials(account_id, root)


def _write(path: Path, access_key_id: str, secret_access_key: str) -> None:
    # Written aside and renamed: whoever waits for the file never reads half of it.
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"access_key_id": access_key_id, "secret_access_key": secret_access_key}, file)
    aside.rename(path)


def _access_key_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))
