"""API tokens: what they are good for and when they stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.utils import timezone

from teams import members, tokens
from teams.models import ApiToken, Membership
from tests.cast import House

pytestmark = pytest.mark.django_db


def test_a_token_stands_for_its_owner_and_team(house: House) -> None:
    _, secret = tokens.create(team=house.team, user=house.people["bob"])
    bearer = tokens.find(secret)
    assert bearer is not None
    assert bearer.member.user == house.people["bob"]
    assert bearer.member.team == house.team


def test_the_secret_is_kept_nowhere(house: House) -> None:
    token, secret = tokens.create(team=house.team, user=house.people["bob"])
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values())


@pytest.mark.parametrize("reason", ["revoked", "expired", "left the team", "inactive", "unknown"])
def test_a_token_stops_when_its_owner_may_no_longer_come_in(house: House, reason: str) -> None:
    bob = house.people["bob"]
    token, secret = tokens.create(team=house.team, user=bob)
    if reason == "revoked":
        tokens.revoke(token, by=bob)
    elif reason == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif reason == "left the team":
        Membership.objects.filter(user=bob).delete()
    elif reason == "inactive":
        bob.is_active = False
        bob.save()
    else:
        secret += "x"
    assert tokens.find(secret) is None
    answer = Client().get("/api/v1/jobs/", HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_use_is_noted_once_a_minute(house: House) -> None:
    token, secret = tokens.create(team=house.team, user=house.people["bob"])
    tokens.find(secret)
    first = ApiToken.objects.get(pk=token.pk).last_used_at
    tokens.find(secret)
    assert first is not None
    assert ApiToken.objects.get(pk=token.pk).last_used_at == first


def test_who_is_removed_gets_no_token_by_a_request_that_began_before(house: House) -> None:
    bob = house.people["bob"]
    members.remove(Membership.objects.get(user=bob), by=house.people["alice"])
    with pytest.raises(PermissionDenied, match="not in First"):
        tokens.create(team=house.team, user=bob)
    assert not ApiToken.objects.exists()


def test_a_token_page_sent_while_its_person_is_removed_makes_no_token(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, atomic = Membership.objects.get(user=house.people["bob"]), transaction.atomic
    page, going = house.page("bob"), [member]

    def atomic_after_removal(*args: Any, **options: Any) -> Any:
        if going:
            members.remove(going.pop(), by=house.people["alice"])
        return atomic(*args, **options)

    monkeypatch.setattr(transaction, "atomic", atomic_after_removal)
    form = {"name": "ci", "role": "viewer", "days": "30"}
    assert page.post("/team/tokens/", form).status_code == 403
    assert not going
    Membership.objects.create(team=house.team, user=house.people["bob"], role="viewer")
    assert not ApiToken.objects.exists()
