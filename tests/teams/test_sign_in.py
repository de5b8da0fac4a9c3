"""Signing in: links that work once, passwords that can be tried only so often, and the current team."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from teams import links, tokens
from teams.models import Membership, Role, SignInLink, User
from tests.cast import House

pytestmark = pytest.mark.django_db


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.fixture
def alice(house: House) -> User:
    """Alice with a password; hashing one takes longer than most tests, so the cast has none."""
    user = house.people["alice"]
    user.set_password("alice-has-a-pass")
    user.save()
    return user


def test_a_link_signs_in_once_by_its_button(house: House) -> None:
    path = links.create(house.people["alice"])
    first, second = Client(), Client()
    page = first.get(path)
    assert "Sign in as alice" in page.content.decode()
    assert not signed_in(first)
    assert first.post(path).status_code == 302
    assert signed_in(first)
    assert second.get(path).status_code == 410
    assert second.post(path).status_code == 410
    assert not signed_in(second)


def test_what_only_opens_a_link_does_not_use_it_up(house: House) -> None:
    path = links.create(house.people["alice"])
    for _ in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    client = Client()
    client.post(path)
    assert signed_in(client)


def test_a_link_is_good_for_fifteen_minutes(house: House) -> None:
    path = links.create(house.people["alice"])
    SignInLink.objects.update(expires_at=timezone.now())
    client = Client()
    assert client.get(path).status_code == 410
    assert client.post(path).status_code == 410
    assert not signed_in(client)


def test_only_a_digest_of_the_link_is_kept(house: House) -> None:
    secret = links.create(house.people["alice"]).rstrip("/").rsplit("/", 1)[-1]
    assert secret not in str(SignInLink.objects.values())


def test_five_wrong_passwords_lock_the_sixth_try_even_if_it_is_right(alice: User) -> None:
    client = Client()
    for _ in range(5):
        client.post("/signin/", {"username": "alice", "password": "wrong"})
    answer = client.post("/signin/", {"username": "alice", "password": "alice-has-a-pass"})
    assert answer.status_code == 429
    assert not signed_in(client)


def test_a_password_signs_in(alice: User) -> None:
    client = Client()
    client.post("/signin/", {"username": "alice", "password": "alice-has-a-pass"})
    assert signed_in(client)


def test_signing_out_needs_a_post(house: House) -> None:
    client = house.page("alice")
    assert client.get("/signout/").status_code == 405
    client.post("/signout/")
    assert not signed_in(client)


def test_the_current_team_can_be_switched_only_to_ones_own(house: House, other_house: House) -> None:
    alice = house.people["alice"]
    client = house.page("alice")
    assert client.post("/team/switch/", {"team": "second"}).status_code == 404
    Membership.objects.create(team=other_house.team, user=alice, role=Role.VIEWER)
    assert client.post("/team/switch/", {"team": "second"}).status_code == 302
    assert client.session["team_id"] == other_house.team.pk


def test_the_command_prints_a_link_and_nothing_else(house: House) -> None:
    out = StringIO()
    call_command("signin_link", "--user", "alice", "--base", "http://localhost:8000/", stdout=out)
    assert out.getvalue().startswith("http://localhost:8000/signin/link/")
    assert len(out.getvalue().split()) == 1
    with pytest.raises(CommandError, match="no active user nobody"):
        call_command("signin_link", "--user", "nobody")


def test_the_command_prints_a_token_and_nothing_else(house: House) -> None:
    out = StringIO()
    call_command("token", "--user", "alice", "--team", "first", stdout=out)
    token = tokens.find(out.getvalue().strip())
    assert token is not None
    assert token.member.user == house.people["alice"]


def test_a_token_of_the_command_may_do_no_more_than_its_role(house: House) -> None:
    out = StringIO()
    call_command("token", "--user", "alice", "--team", "first", "--role", "viewer", stdout=out)
    bearer = tokens.find(out.getvalue().strip())
    assert bearer is not None
    assert bearer.member.role == "viewer"


def test_a_token_of_the_command_ends_by_itself_unless_told_otherwise(house: House) -> None:
    for days, ends in (([], True), (["--days", "0"], False)):
        out = StringIO()
        call_command("token", "--user", "alice", "--team", "first", *days, stdout=out)
        bearer = tokens.find(out.getvalue().strip())
        assert bearer is not None
        assert (bearer.token.expires_at is not None) is ends
    with pytest.raises(CommandError, match="--days must be 1 to 3650"):
        call_command("token", "--user", "alice", "--team", "first", "--days", "-1")
