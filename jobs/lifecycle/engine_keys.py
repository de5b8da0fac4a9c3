"""The files of members' engine keys: they end with their owner's rights, and narrow with the connection."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hosting.access_keys import new_key, write_private
from jobs.models import Connection, EngineKey
from teams import activity
from teams.models import ApiToken, Membership, Role, User
from transform.scope import Scope

log = structlog.get_logger(__name__)
#: Seconds after which a file without a row is removed.
_ORPHAN_AFTER = 60


def keys_folder() -> Path:
    """The folder with the keys, beside the engine's own."""
    folder: Path = settings.ENGINE_CREDENTIALS.parent / "keys"
    return folder


def scope_for(connection: Connection) -> Scope:
    """What a member's key may use: what the connection may, within the team's key if it has one.

    Raises OSError, ValueError or KeyError if that key's file cannot be read.
    """
    allowed = connection.scope
    if not connection.engine_key:
        return allowed
    saved = json.loads((keys_folder() / f"{connection.engine_key}.json").read_text())
    most = Scope.parse(saved["s3"], saved["names"])
    places = (
        tuple(place for place in allowed.places if most.allows(*place)) if allowed.places else most.places
    )
    names = tuple(filter(most.allows_pattern, allowed.names)) if allowed.names else most.names
    if (most.places and not places) or (most.names and not names):
        raise ValueError("the connection and the team's key share nothing")
    return Scope(places, names)


def script_role(connection: Connection) -> str:
    """The role that gives scripts what the connection may use; empty where the connection is not limited.

    The engine knows it by a key file, whose key nobody uses. Raises OSError, ValueError or KeyError.
    """
    if not connection.is_own_engine or connection.scope.is_everything:
        return ""
    name = _role_name(connection.pk)
    file = keys_folder() / f"{name}.json"
    rights = _rights_of(scope_for(connection))
    saved = json.loads(file.read_text()) if file.exists() else {}
    if {right: saved.get(right) for right in rights} != rights:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(file, {**new_key(), **rights})
    return f"arn:aws:iam::000000000000:role/keys/{name}"


def _role_name(connection_id: int) -> str:
    return f"connection-{connection_id}"


def write(row: EngineKey, access_key: dict[str, str]) -> None:
    """Write the key's file with the scope that it has now. Raises OSError, ValueError, KeyError."""
    folder = keys_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / row.file_name, {**access_key, **_rights(row)})


def _rights(row: EngineKey) -> dict[str, Any]:
    return _rights_of(replace(scope_for(row.connection), reads_only=row.reads_only))


def _rights_of(scope: Scope) -> dict[str, Any]:
    return {
        "s3": scope.uris,
        "names": list(scope.names),
        "reads_only": scope.reads_only,
        "empty_is_all": True,
    }


def revoke(row: EngineKey, by: User | None, token: ApiToken | None = None) -> None:
    """Remove the key's file and mark the row, once."""
    (keys_folder() / row.file_name).unlink(missing_ok=True)
    with transaction.atomic():
        if EngineKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now()):
            activity.record(row.team, by, "engine_key.revoked", row.connection, label=row.name, token=token)


def follow_rows() -> None:
    """Revoke keys of people who may not have one any more, and write changed scopes to the files of the others."""
    for row in EngineKey.objects.filter(revoked_at=None).select_related("connection", "team", "user"):
        try:
            if _may_have(row):
                _follow(row)
            else:
                revoke(row, None)
        except (OSError, ValueError, KeyError, TypeError) as error:
            # What a key may use cannot be told: better none than one that may too much.
            log.warning("engine_key_revoked", key=row.key, error=str(error))
            revoke(row, None)
    _remove_orphans()


def _remove_orphans() -> None:
    """Remove files of keys that no row stands for: its team, person or connection was deleted, or a write came late."""
    files = [
        file for pattern in ("member-*.json", "connection-*.json") for file in keys_folder().glob(pattern)
    ]
    # What is younger may belong to a row that is not committed yet.
    old_files = [file for file in files if file.stat().st_mtime < time.time() - _ORPHAN_AFTER]
    if not old_files:
        return
    rows = EngineKey.objects.filter(revoked_at=None)
    names = {row.file_name for row in rows.only("key")}
    live_ids = Connection.objects.filter(removed_at=None).values_list("pk", flat=True)
    names |= {f"{_role_name(pk)}.json" for pk in live_ids}
    for file in old_files:
        if file.name not in names:
            file.unlink(missing_ok=True)
            log.warning("engine_key_removed", file=file.name)


def _may_have(row: EngineKey) -> bool:
    member = Membership.objects.filter(team=row.team, user=row.user, user__is_active=True).first()
    connection = row.connection
    return (
        member is not None
        and member.allows(Role.OPERATOR)
        and connection.removed_at is None
        and connection.is_own_engine
    )


def _follow(row: EngineKey) -> None:
    saved = json.loads((keys_folder() / row.file_name).read_text())
    rights = _rights(row)
    if {name: saved.get(name) for name in rights} != rights:
        write(row, {name: saved[name] for name in ("access_key_id", "secret_access_key")})
