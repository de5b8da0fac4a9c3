"""Access keys: the engine's own key, teams' keys with a limited scope, session keys made by STS, and keys of jobs."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from hosting.access_keys import access_key_id, new_key, write_private
from transform.scope import EVERYTHING, Scope

log = logging.getLogger(__name__)

#: The path of roles that stand for a team's key.
_KEY_ROLES = "keys/"
#: Valid sessions of one lasting key. They are held in memory.
MOST_SESSIONS = 1000
#: Nanoseconds: longer than the resolution of any file system's timestamps.
_CLOCK_RESOLUTION_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Key:
    """An access key. `arn` is its user; only session keys have `token`, `expires` (epoch seconds) and `parent`.

    `scope` limits what the key may use; it is everything unless the key is a team's. `parent` is the id of the
    permanent key that a session key was derived from, directly or through other sessions.
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
    """All access keys of this engine."""

    account_id: str
    root: Key
    keys_dir: Path
    _sessions: dict[str, Key] = field(default_factory=dict)
    _teams: dict[str, Key] = field(default_factory=dict)
    _teams_read: int = -1
    _job_keys: dict[str, Key] = field(default_factory=dict)

    def find(self, access_key_id: str) -> Key | None:
        """The key with that id; None if it is unknown or expired.

        A session key is valid only while its parent exists, and has the parent's current scope.
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
        if access_key_id in self._job_keys:
            return self._job_keys[access_key_id]
        self._read_teams()
        return self._teams.get(access_key_id)

    def _read_teams(self) -> None:
        """Read the teams' keys again if a file was added, changed or removed."""
        try:
            changed = self.keys_dir.stat().st_mtime_ns
        except FileNotFoundError:
            self._teams = {}
            return
        if changed == self._teams_read:
            return
        team_keys = [_team_key(file, self.account_id) for file in sorted(self.keys_dir.glob("*.json"))]
        self._teams = {key.access_key_id: key for key in team_keys if key is not None}
        # Another change within the resolution of the file system's timestamps would have the same time.
        self._teams_read = changed if time.time_ns() - changed > _CLOCK_RESOLUTION_NS else -1

    @contextlib.contextmanager
    def job_key(self, role_arn: str, scope: Scope) -> Iterator[Key]:
        """A key for the containers of a processing job, which ends with the block, and with it its sessions.

        It has the rights of the key that created the job, as they were then.
        """
        account, _, role = role_arn.split(":", 4)[4].partition(":role")
        arn = f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/SageMaker"
        key = Key(
            access_key_id("ASIA"), secrets.token_urlsafe(30), arn, secrets.token_urlsafe(64), scope=scope
        )
        self._job_keys[key.access_key_id] = key
        try:
            yield key
        finally:
            del self._job_keys[key.access_key_id]

    def role_scope(self, role_arn: str, caller: Key) -> Scope:
        """The rights of a role for a caller's scripts: the caller's own, or for a role `keys/NAME` those of that key.

        Raises ValueError with a sentence for a key that is not there or may do more than the caller.
        """
        name = role_arn.partition(":role/")[2]
        if not name.startswith(_KEY_ROLES):
            return caller.scope
        self._read_teams()
        file_name = name.removeprefix(_KEY_ROLES)
        key = next((key for key in self._teams.values() if key.arn.endswith(f":user/{file_name}")), None)
        if key is None:
            raise ValueError(f"there is no key {file_name} of this engine")
        if not caller.scope.contains(key.scope):
            raise ValueError(f"the key {file_name} may do more than the key that signed the request")
        return key.scope

    def find_job_key(self, access_key_id: str) -> Key | None:
        """The key of a running job with that id, or None."""
        return self._job_keys.get(access_key_id)

    def new_session(self, arn: str, seconds: int, caller: Key) -> Key | None:
        """Create a session key that is valid for `seconds`, but not longer than the caller's own key.

        Also removes expired session keys. None if the caller's lasting key has MOST_SESSIONS valid ones.
        """
        now = time.time()
        self._sessions = {name: key for name, key in self._sessions.items() if (key.expires or 0) > now}
        lasting = caller.parent or caller.access_key_id
        if sum(key.parent == lasting for key in self._sessions.values()) >= MOST_SESSIONS:
            return None
        end = now + seconds
        key = Key(
            access_key_id("ASIA"),
            secrets.token_urlsafe(30),
            arn,
            secrets.token_urlsafe(64),
            end if caller.expires is None else min(end, caller.expires),
            caller.scope,
            lasting,
        )
        self._sessions[key.access_key_id] = key
        return key


def load_credentials(path: Path, account_id: str) -> Credentials:
    """Read the engine's key from `path`, creating the file if needed, readable by its owner only."""
    if not path.exists():
        write_private(path, new_key())
    saved = json.loads(path.read_text())
    root = Key(saved["access_key_id"], saved["secret_access_key"], f"arn:aws:iam::{account_id}:root")
    return Credentials(account_id, root, path.parent / "keys")


def _team_key(file: Path, account_id: str) -> Key | None:
    """Read the key in a team's file. An unreadable file is logged and gives None."""
    try:
        saved = json.loads(file.read_text())
        scope = replace(
            Scope.parse(saved["s3"], saved["names"]), reads_only=saved.get("reads_only", False) is True
        )
        # An empty list means everything only where the file says so.
        if not (scope.places and scope.names) and saved.get("empty_is_all", False) is not True:
            raise ValueError("it says not what it may use")
        arn = f"arn:aws:iam::{account_id}:user/{file.stem}"
        return Key(saved["access_key_id"], saved["secret_access_key"], arn, scope=scope)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("The key in %s cannot be read: %s", file, error)
        return None
