"""Who gets a place for a large body: whoever a valid token or a session names."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from teams import tokens
from tests.cast import House
from webapp.uploads import find_sender

pytestmark = pytest.mark.django_db


def scope(**fields: str) -> dict[str, Any]:
    headers = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in fields.items()]
    return {"method": "PUT", "path": "/api/v1/connections/engine/objects/", "headers": headers}


def test_a_token_names_its_owner_until_it_is_revoked(house: House) -> None:
    alice = house.people["alice"]
    token, secret = tokens.create(team=house.team, user=alice)
    request = scope(authorization=f"Bearer {secret}")
    assert find_sender(request) == str(alice.pk)
    tokens.revoke(token, alice)
    assert find_sender(request) is None


def test_a_session_names_its_person_until_it_ends(house: House) -> None:
    client = house.page("bob")
    request = scope(
        cookie=f"a=b; {settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    )
    assert find_sender(request) == str(house.people["bob"].pk)
    client.logout()
    assert find_sender(request) is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Bearer \xe9\x00"},
        {"authorization": "Basic YTpi"},
        {"cookie": f"{settings.SESSION_COOKIE_NAME}="},
        {"cookie": f"{settings.SESSION_COOKIE_NAME}=\xe9"},
        {"cookie": "=;;\x00"},
    ],
)
def test_a_stranger_is_nobody(house: House, fields: dict[str, str]) -> None:
    assert find_sender(scope(**fields)) is None
