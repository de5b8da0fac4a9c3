"""Which requests carry a part of a file, so that their bodies may be larger than forms and JSON, and who sends them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie

from teams import tokens

#: The addresses of `objects_put` and `uploads_put_part` of the API.
_ADDRESS = re.compile(r"/api/v1/connections/[^/]+/(?:objects|uploads/[^/]+/parts/[0-9]+)/")


def is_upload(scope: Mapping[str, Any]) -> bool:
    """Whether the request of this ASGI scope writes an object or a part of one."""
    return scope["method"] == "PUT" and _ADDRESS.fullmatch(scope["path"]) is not None


def sender_of(scope: Mapping[str, Any]) -> str | None:
    """As `find_sender`, in a thread that is not Django's: its connection to the database is checked and given back."""
    close_old_connections()
    try:
        return find_sender(scope)
    finally:
        close_old_connections()


def find_sender(scope: Mapping[str, Any]) -> str | None:
    """The person who sends the request, by its token or session; None for a stranger. Asks the database.

    It decides about a place alone: the application checks the request as any other.
    """
    fields = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    scheme, _, secret = fields.get(b"authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        bearer = tokens.find(secret.strip())
        return str(bearer.member.user_id) if bearer else None
    return _person_of_session(parse_cookie(fields.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME))


def _person_of_session(key: str | None) -> str | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return str(user.pk) if user.is_authenticated else None
