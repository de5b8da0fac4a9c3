"""Scopes as texts in a column, which is NULL for everything."""

from __future__ import annotations

import json

from transform.scope import EVERYTHING, Scope


def scope_text(scope: Scope) -> str | None:
    """The scope as it is stored."""
    return None if scope.is_everything else json.dumps({"places": scope.uris, "names": scope.names})


def parse_scope(text: str | None) -> Scope:
    """The scope of a stored text."""
    return Scope.parse(**json.loads(text)) if text else EVERYTHING
