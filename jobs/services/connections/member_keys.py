"""A member's own keys to the engine: made, shown once, and revoked."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from hosting.access_keys import new_key
from jobs.lifecycle import engine_keys
from jobs.models import Connection, EngineKey
from jobs.services.errors import InvalidFields, NotPossible
from teams import activity
from teams.models import ApiToken, Membership, User
from teams.names import trouble_with_name

#: Valid keys of a person to a connection.
MOST = 20


@dataclass(frozen=True, slots=True)
class NewEngineKey:
    """A key that was made, with the secret, which is shown once."""

    row: EngineKey
    secret_access_key: str


def keys_of(member: Membership, connection: Connection) -> QuerySet[EngineKey]:
    """The keys to the connection that the member may revoke: the person's own, or the team's for an admin."""
    keys = EngineKey.objects.for_team(member.team).filter(connection=connection)
    return (keys if member.can_admin else keys.filter(user=member.user)).select_related(
        "user", "connection", "team"
    )


def make(
    connection: Connection, *, name: str, reads_only: bool, by: User, token: ApiToken | None = None
) -> NewEngineKey:
    """Make a key with what the connection may use. Raises InvalidFields, and NotPossible for other engines."""
    if trouble := trouble_with_name(name):
        raise InvalidFields({"name": [f"What the key is for: {trouble}"]})
    if not connection.is_own_engine:
        raise NotPossible("Keys are made here for the engine of this installation only.")
    valid = EngineKey.objects.filter(connection=connection, user=by, revoked_at=None)
    if valid.count() >= MOST:
        raise NotPossible(f"You have {MOST} keys to {connection.name}. Revoke one first.")
    access_key = new_key()
    with transaction.atomic():
        row = EngineKey.objects.create(
            team=connection.team,
            connection=connection,
            user=by,
            name=name,
            reads_only=reads_only,
            access_key_id=access_key["access_key_id"],
        )
        activity.record(connection.team, by, "engine_key.created", connection, label=name, token=token)
        try:
            engine_keys.write(row, access_key)
        except (OSError, ValueError, KeyError) as error:
            raise NotPossible(
                f"The key could not be written to {engine_keys.keys_folder()}, where the engine reads it: {error}."
            ) from error
    return NewEngineKey(row, access_key["secret_access_key"])


def revoke(row: EngineKey, by: User, token: ApiToken | None = None) -> None:
    """Revoke a key; what is signed with it is refused from then on. Raises NotPossible if its file stays."""
    try:
        engine_keys.revoke(row, by, token)
    except OSError as error:
        raise NotPossible(f"The file of the key could not be removed: {error.strerror}.") from error
