"""Service accounts: made by admins, never signed in, with tokens that stay when people leave."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from teams import links
from teams.models import Activity, ApiToken, Membership, User
from tests.cast import House
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
NAME = "nightly@first"


def make(house: House, who: str = "alice", name: str = "nightly", role: str = "operator") -> Any:
    return house.page(who).post("/team/service-accounts/", {"service_name": name, "service_role": role})


def make_token(house: House, who: str = "alice", **fields: str) -> Any:
    form = {"name": "import", "role": "operator", "days": "0", "owner": NAME, **fields}
    return house.page(who).post("/team/tokens/", form)


def secret_of(answer: Any) -> str:
    return Page(answer).by_id("secret").text


def status_with(secret: str) -> int:
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}").get("/api/v1/jobs/").status_code


def test_its_token_stays_when_the_admin_who_made_it_leaves(house: House) -> None:
    Membership.objects.filter(user=house.people["bob"]).update(role="admin")
    make(house, "bob")
    secret = secret_of(make_token(house, "bob"))
    own_secret = secret_of(make_token(house, "bob", owner=""))
    member = Membership.objects.get(user=house.people["bob"])
    house.page("alice").post(f"/team/members/{member.pk}/remove/")
    assert [status_with(secret), status_with(own_secret)] == [200, 401]
    rows = {row.verb: row for row in Activity.objects.filter(team=house.team)}
    assert rows["service_account.made"].who == "bob"
    (creation,) = Activity.objects.filter(verb="token.created", detail={"for": NAME})
    assert creation.user == house.people["bob"]


def test_it_is_listed_and_its_tokens_are_revoked_by_admins(house: House) -> None:
    make(house)
    secret = secret_of(make_token(house))
    token = ApiToken.objects.get(user__username=NAME)
    page = Page(house.page("alice").get("/team/tokens/"))
    assert f"{NAME} Operator 1" in page.text
    assert house.page("vera").post(f"/team/tokens/{token.pk}/revoke/").status_code == 403
    house.page("alice").post(f"/team/tokens/{token.pk}/revoke/")
    assert status_with(secret) == 401


def test_removing_it_ends_its_tokens_and_the_name_can_come_back_without_them(house: House) -> None:
    make(house)
    secret = secret_of(make_token(house))
    client = house.page("alice")
    path = f"/team/members/{Membership.objects.get(user__username=NAME).pk}/remove/"
    client.post(path, sent(client.get(path)))
    assert status_with(secret) == 401
    assert make(house, role="viewer").status_code == 302
    assert status_with(secret) == 401
    assert Membership.objects.get(user__username=NAME).role == "viewer"


def test_it_never_signs_in(house: House) -> None:
    make(house)
    user = User.objects.get(username=NAME)
    link = links.create(user)
    assert Client().post(link).status_code == 410
    member = Membership.objects.get(user=user)
    answer = house.page("alice").post(f"/team/members/{member.pk}/link/", follow=True)
    assert "it never signs in" in answer.content.decode()
    with pytest.raises(CommandError):
        call_command("signin_link", "--user", NAME, stdout=StringIO())
    user.set_password("a-password-by-staff")
    user.save()
    client = Client()
    assert client.post("/signin/", {"username": NAME, "password": "a-password-by-staff"}).status_code == 403
    assert "_auth_user_id" not in client.session


def test_admins_alone_make_it_and_its_tokens(house: House, other_house: House) -> None:
    assert make(house, "bob").status_code == 403
    make(house)
    assert make_token(house, "bob").status_code == 403
    assert make_token(other_house, "charlie").status_code == 404
    assert not ApiToken.objects.filter(user__username=NAME).exists()


def test_its_token_may_do_no_more_than_it(house: House) -> None:
    make(house, role="viewer")
    assert make_token(house, role="admin").status_code == 400
    answer = make_token(house, role="viewer")
    key = {"HTTP_AUTHORIZATION": f"Bearer {secret_of(answer)}"}
    assert Client(**key).post("/api/v1/jobs/", {}, content_type="application/json").status_code == 403  # type: ignore[arg-type]


def test_it_is_no_last_admin(house: House) -> None:
    make(house, role="admin")
    member = Membership.objects.get(user=house.people["alice"])
    house.page("alice").post(f"/team/members/{member.pk}/remove/")
    assert Membership.objects.filter(pk=member.pk).exists()


def test_no_other_team_invites_it(house: House, other_house: House) -> None:
    make(house)
    answer = other_house.page("charlie").post("/team/members/", {"username": NAME, "role": "viewer"})
    assert answer.status_code == 302 or "service account" in answer.content.decode()
    assert not Membership.objects.filter(team=other_house.team, user__username=NAME).exists()


@pytest.mark.parametrize("name", ["", "Nightly", "a b", "x" * 41, "-a", "a@b", "a\0"])
def test_a_name_that_cannot_be_one_is_told(house: House, name: str) -> None:
    answer = make(house, name=name)
    assert answer.status_code == 400
    assert "small letters, digits and hyphens" in Page(answer).by_id("service-problem").text
    make(house)
    assert "already" in Page(make(house)).by_id("service-problem").text
