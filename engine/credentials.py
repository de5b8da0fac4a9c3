"""The keys that clients sign with: the engine's own, teams' keys that may use a part, and STS's session keys."""

from __future__ import annotations

import json
import logging
import os
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from transform.scope import EVERYTHING, Scope

log = logging.getLogger(__name__)

#: Nanoseconds that are longer than any file system's clock stands still.
_TICK = 2_000_000_000
_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Key:
    """One access key. `arn` is who uses it; `token`, `expires` (epoch seconds) and `parent` belong to session keys.

    `scope` is what may be used with it: everything, unless it is a team's. `parent` is the id of the lasting key that
    a session comes from, directly or through other sessions.
    """

    access_key_id: str
    secret_access_key: str
    arn: str
    token: str | None = None
    expires: float | None = None
    scope: Scope = EVERYTHING
    parent: str | None = None


@dataclass(slots=True)
class Credentials:
    """The keys this engine knows."""

    account_id: str
    root: Key
    keys_dir: Path
    _sessions: dict[str, Key] = field(default_factory=dict)
    _teams: dict[str, Key] = field(default_factory=dict)
    _teams_read: int = -1

    def find(self, access_key_id: str) -> Key | None:
        """The key of that id, unless it is unknown or has expired.

        A session key works only while its parent does, and may use what the parent may use now.
        """
        session = self._sessions.get(access_key_id)
        if session is None:
            return self._lasting_key(access_key_id)
        if session.parent is None or (session.expires or 0) <= time.time():
            return None
        parent = self._lasting_key(session.parent)
        return None if parent is None else replace(session, scope=parent.scope)

    def _lasting_key(self, access_key_id: str) -> Key | None:
        if access_key_id == self.root.access_key_id:
            return self.root
        self._read_teams()
        return self._teams.get(access_key_id)

    def _read_teams(self) -> None:
        """Read the teams' keys anew if a file came or went: each is written aside and renamed."""
        try:
            changed = self.keys_dir.stat().st_mtime_ns
        except FileNotFoundError:
            self._teams = {}
            return
        if changed == self._teams_read:
            return
        team_keys = [_team_key(file, self.account_id) for file in sorted(self.keys_dir.glob("*.json"))]
        self._teams = {key.access_key_id: key for key in team_keys if key is not None}
        # A change within the same tick of the file system's clock would have the same time.
        self._teams_read = changed if time.time_ns() - changed > _TICK else -1

    def new_session(self, arn: str, seconds: int, caller: Key) -> Key:
        """Session keys of the caller's, good for `seconds`, but no longer than the caller's own key is.

        Expired sessions are forgotten on the way.
        """
        now = time.time()
        self._sessions = {name: key for name, key in self._sessions.items() if (key.expires or 0) > now}
        end = now + seconds
        key = Key(
            _access_key_id("ASIA"),
            secrets.token_urlsafe(30),
            arn,
            secrets.token_urlsafe(64),
            end if caller.expires is None else min(end, caller.expires),
            caller.scope,
            caller.parent or caller.access_key_id,
        )
        self._sessions[key.access_key_id] = key
        return key


def load_credentials(path: Path, account_id: str) -> Credentials:
    """Read the engine's key from `path`, or make one and write it there, readable by its owner only."""
    if not path.exists():
        write_private(path, new_key())
    saved = json.loads(path.read_text())
    root = Key(saved["access_key_id"], saved["secret_access_key"], f"arn:aws:iam::{account_id}:root")
    return Credentials(account_id, root, path.parent / "keys")


def new_key() -> dict[str, str]:
    """An access key id and a secret, as they are kept in a file."""
    return {"access_key_id": _access_key_id("AKIA"), "secret_access_key": secrets.token_urlsafe(30)}


def _team_key(file: Path, account_id: str) -> Key | None:
    """The key in a team's file; None, and a line in the log, for one that cannot be read: it opens nothing."""
    try:
        saved = json.loads(file.read_text())
        scope = Scope.parse(saved["s3"], saved["names"])
        if not scope.places or not scope.names:
            raise ValueError("it says not what it may use")
        arn = f"arn:aws:iam::{account_id}:user/{file.stem}"
        return Key(saved["access_key_id"], saved["secret_access_key"], arn, scope=scope)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("The key in %s cannot be read: %s", file, error)
        return None


def write_private(path: Path, values: Mapping[str, object]) -> None:
    """Write a JSON file that its owner alone can read."""
    # Written aside and renamed: whoever waits for the file never reads half of it.
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file)
    aside.rename(path)


def _access_key_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))
