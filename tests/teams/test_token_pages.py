"""API tokens by the page: shown once, good for the API within their role, and over when revoked or expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from teams import tokens
from teams.models import Activity, ApiToken, Role
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
TOKEN_FORM = {"name": "nightly", "role": "viewer", "days": "30"}


def make(house: House, who: str, **fields: str) -> Any:
    return house.page(who).post("/team/tokens/", {**TOKEN_FORM, **fields})


def ask(secret: str, path: str = "/api/v1/jobs/", method: str = "get") -> int:
    client = Client(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return int(getattr(client, method)(path).status_code)


def test_a_token_is_shown_once_and_works_until_it_is_revoked(house: House) -> None:
    answer = make(house, "bob")
    secret = Page(answer).by_id("secret").text
    assert "no-store" in answer.headers["Cache-Control"]
    assert ask(secret) == 200
    listed = house.page("bob").get("/team/tokens/").content.decode()
    assert ("nightly" in listed, secret in listed) == (True, False)
    token = ApiToken.objects.get()
    answer = house.page("bob").post(f"/team/tokens/{token.pk}/revoke/", follow=True)
    assert "The token nightly is revoked." in answer.content.decode()
    assert ask(secret) == 401
    assert list(Activity.objects.order_by("id").values_list("verb", "user__username")) == [
        ("token.created", "bob"), ("token.revoked", "bob"),
    ]  # fmt: skip


def test_a_token_ends_when_it_said(house: House) -> None:
    secret = Page(make(house, "bob")).by_id("secret").text
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ask(secret) == 401
    assert "ended" in house.page("bob").get("/team/tokens/").content.decode()


def test_a_viewers_token_of_an_operator_only_looks(house: House) -> None:
    secret = Page(make(house, "bob")).by_id("secret").text
    key = house.job().key
    assert ask(secret, f"/api/v1/jobs/{key}/stop/", "post") == 403
    operating = Page(make(house, "bob", role="operator")).by_id("secret").text
    assert ask(operating, f"/api/v1/jobs/{key}/stop/", "post") == 202
    assert house.people["bob"].memberships.get().role == "operator"


def test_a_token_never_may_more_than_its_owner(house: House) -> None:
    assert make(house, "vera", role="operator").status_code == 400
    _, secret = tokens.create(team=house.team, user=house.people["bob"], role=Role.ADMIN)
    token = tokens.find(secret)
    assert token is not None
    assert token.member.role == "operator"


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "x" * 81}, {"role": "king"}, {"days": "3651"}, {"days": ""}]
)
def test_what_cannot_be_is_refused_and_nothing_made(house: House, fields: dict[str, str]) -> None:
    answer = make(house, "bob", **fields)
    assert answer.status_code == 400
    assert Page(answer).by_id("days-problem" if "days" in fields else "problem").text
    assert not ApiToken.objects.exists()


def test_only_its_owner_and_admins_see_and_revoke_a_token(house: House, other_house: House) -> None:
    tokens.create(team=house.team, user=house.people["bob"], name="bobs-own")
    pk = ApiToken.objects.get().pk
    assert b"bobs-own" not in house.page("vera").get("/team/tokens/").content
    assert house.page("vera").post(f"/team/tokens/{pk}/revoke/").status_code == 403
    assert other_house.page("charlie").post(f"/team/tokens/{pk}/revoke/").status_code == 404
    assert b"bobs-own" not in other_house.page("charlie").get("/team/tokens/").content
    assert b"bobs-own" in house.page("alice").get("/team/tokens/").content
    house.page("alice").post(f"/team/tokens/{pk}/revoke/")
    assert not ApiToken.objects.get().usable
