"""Connect a team to this installation's engine with a key of its own."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from jobs.models import Connection
from jobs.services.errors import NotPossible
from teams import activity
from teams.models import Team
from transform.scope import Scope

SLUG = "engine"


def connect(team_slug: str, key: str) -> Connection:
    """Create or change the team's connection to the engine to use this key, with the key's scope.

    Raises NotPossible if there is no such team, key or engine.
    """
    team = Team.objects.filter(slug=team_slug).first()
    if team is None:
        team_slugs = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True))
        raise NotPossible(f"There is no team {team_slug}; there is {team_slugs}.")
    if not settings.ENGINE_URL:
        raise NotPossible("No engine is known. Start it with ./deck up, or set BATCHDECK_ENGINE_URL.")
    scope = _scope_of(key)
    with transaction.atomic():
        connection, is_new = Connection.objects.get_or_create(
            team=team,
            slug=SLUG,
            removed_at=None,
            defaults={
                "name": "Embedded engine",
                "kind": Connection.Kind.ENGINE,
                "endpoint_url": settings.ENGINE_URL,
            },
        )
        if not connection.is_own_engine:
            raise NotPossible(f"{team} has another connection named {SLUG}; rename or remove that one.")
        connection.engine_key = key
        connection.allowed_places, connection.allowed_models = scope.uris, list(scope.names)
        connection.save(update_fields=["engine_key", "allowed_places", "allowed_models"])
        activity.record(team, None, "connection.created" if is_new else "connection.changed", connection)
    return connection


def _scope_of(key: str) -> Scope:
    """The scope of a key, from its file beside the engine's credentials. Raises NotPossible."""
    file = settings.ENGINE_CREDENTIALS.parent / "keys" / f"{key}.json"
    if slugify(key) != key:
        raise NotPossible(f"{key!r} is no name of a key: it has lowercase letters, digits and hyphens.")
    try:
        saved: dict[str, Any] = json.loads(file.read_text())
        return Scope.parse(saved["s3"], saved["names"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotPossible(
            f"The key {key} cannot be read from {file}. Make it with ./deck key {key}."
        ) from error
