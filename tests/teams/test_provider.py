"""Sign-in by an OpenID Connect provider, which is a real process here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from teams import second_factor
from teams.models import Activity, ApiToken, Identity, Membership, User
from tests.cast import House
from tests.support.html import Page
from tests.support.oidc_provider import OidcProvider

pytestmark = pytest.mark.django_db
PASSWORD = "alice-has-a-pass"


@pytest.fixture(scope="module")
def process() -> Iterator[OidcProvider]:
    server = OidcProvider()
    yield server
    server.stop()


@pytest.fixture
def provider(process: OidcProvider, settings: Any) -> OidcProvider:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = (
        process.issuer,
        "batchdeck",
        "s3cret",
    )
    settings.OIDC_NAME, settings.OIDC_GROUPS_CLAIM = "Example", "groups"
    settings.OIDC_SCOPES = "openid profile email"
    settings.OIDC_GROUPS = [
        ("ml", "first", "operator"),
        ("ml-leads", "first", "admin"),
        ("growth", "second", "viewer"),
    ]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return process


def enter(provider: OidcProvider, subject: str, start: str = "/signin/provider/") -> tuple[Client, Any]:
    """A browser after a sign-in by the provider, and our answer to it."""
    client = Client()
    return client, client.get(provider.answer_to(client, subject, start))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def role_of(username: str, slug: str = "first") -> str | None:
    member = Membership.objects.filter(user__username=username, team__slug=slug).first()
    return member.role if member else None


def test_the_sign_in_page_leads_to_the_provider_only_if_there_is_one(
    provider: OidcProvider, settings: Any, db: None
) -> None:
    assert "/signin/provider/" in Page(Client().get("/signin/")).links()
    settings.OIDC_ISSUER = ""
    assert "/signin/provider/" not in Page(Client().get("/signin/")).links()
    assert Client().get("/signin/provider/").status_code == 404


def test_somebody_whose_groups_have_a_team_gets_an_account_in_it(
    house: House, provider: OidcProvider
) -> None:
    provider.add(
        "u1", preferred_username="nora", name="Nora Lind", email="nora@example.com", groups=["ml", "x"]
    )
    client, answer = enter(provider, "u1", "/signin/provider/?next=/models/")
    assert answer.headers["Location"] == "/models/"
    assert is_in(client)
    nora = User.objects.get(username="nora")
    assert (nora.label, nora.email, nora.email_confirmed) == ("Nora Lind", "nora@example.com", False)
    assert (nora.has_usable_password(), role_of("nora")) == (False, "operator")
    verbs = set(Activity.objects.filter(team=house.team).values_list("verb", flat=True))
    assert verbs == {"member.joined", "account.signed_in"}
    enter(provider, "u1")
    assert User.objects.filter(username__startswith="nora").count() == 1


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_of_the_provider_never_opens_an_account(
    house: House, provider: OidcProvider, verified: bool
) -> None:
    User.objects.filter(username="alice").update(email="alice@example.com", email_confirmed=True)
    provider.add(
        "thief", preferred_username="alice", email="alice@example.com", email_verified=verified, groups=["ml"]
    )
    client, _ = enter(provider, "thief")
    signed_in = User.objects.get(pk=client.session["_auth_user_id"])
    assert signed_in.username == "alice-2"
    assert not Identity.objects.filter(user=house.people["alice"]).exists()


def test_somebody_without_a_group_that_has_a_team_gets_nothing(house: House, provider: OidcProvider) -> None:
    provider.add("u2", preferred_username="mike", groups=["others"])
    client, answer = enter(provider, "u2")
    assert (answer.headers["Location"], is_in(client)) == ("/signin/", False)
    assert "is in no group of Example that has a team here" in client.get("/signin/").content.decode()
    assert not User.objects.filter(username="mike").exists()


def test_roles_and_teams_follow_the_groups_at_each_sign_in(
    house: House, other_house: House, provider: OidcProvider
) -> None:
    provider.add("u3", preferred_username="nora", groups=["ml", "ml-leads"])
    before, _ = enter(provider, "u3")
    assert role_of("nora") == "admin"
    provider.add("u3", preferred_username="nora", groups=["ml", "growth"])
    enter(provider, "u3")
    assert (role_of("nora"), role_of("nora", "second")) == ("operator", "viewer")
    nora = User.objects.get(username="nora")
    token = ApiToken.objects.create(team=house.team, user=nora, digest="d", prefix="bd_")
    provider.add("u3", preferred_username="nora", groups=["growth"])
    enter(provider, "u3")
    assert (role_of("nora"), role_of("nora", "second")) == (None, "viewer")
    token.refresh_from_db()
    assert token.revoked_at
    assert before.get("/account/").status_code == 302


def test_memberships_that_people_gave_stay(house: House, provider: OidcProvider) -> None:
    provider.add("u4", groups=[])
    Identity.objects.create(user=house.people["vera"], issuer=provider.issuer, subject="u4", label="v")
    enter(provider, "u4")
    provider.add("u4", groups=["ml-leads"])
    enter(provider, "u4")
    assert role_of("vera") == "viewer"


def test_the_last_admin_of_a_team_stays(house: House, provider: OidcProvider) -> None:
    provider.add("u5", preferred_username="nora", groups=["ml-leads"])
    enter(provider, "u5")
    Membership.objects.filter(user=house.people["alice"]).update(role="viewer")
    provider.add("u5", preferred_username="nora", groups=[])
    enter(provider, "u5")
    assert role_of("nora") == "admin"


def test_an_account_that_is_switched_off_stays_out(house: House, provider: OidcProvider) -> None:
    provider.add("u6", groups=["ml"])
    bob = house.people["bob"]
    Identity.objects.create(user=bob, issuer=provider.issuer, subject="u6", label="b")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    client, answer = enter(provider, "u6")
    assert (answer.headers["Location"], is_in(client)) == ("/signin/", False)


def test_an_account_with_an_app_is_asked_for_the_code(house: House, provider: OidcProvider) -> None:
    provider.add("u7", groups=["ml"])
    bob = house.people["bob"]
    Identity.objects.create(user=bob, issuer=provider.issuer, subject="u7", label="b")
    key = second_factor.new_key()
    codes = second_factor.set_up(bob, key, second_factor.pyotp.TOTP(key).now())
    client, answer = enter(provider, "u7")
    assert (answer.headers["Location"], is_in(client)) == ("/signin/code/", False)
    client.post("/signin/code/", {"code": codes[0]})
    assert is_in(client)


def test_a_person_connects_an_account_with_its_password(house: House, provider: OidcProvider) -> None:
    alice = house.people["alice"]
    alice.set_password(PASSWORD)
    alice.save()
    provider.add("u8", email="alice@corp.example", groups=[])
    client = Client()
    client.post("/signin/", {"username": "alice", "password": PASSWORD})
    page = client.get(provider.answer_to(client, "u8"), follow=True)
    assert "alice@corp.example" in Page(page).text
    assert client.post("/account/identity/", {"password": "wrong"}).status_code == 400
    assert not Identity.objects.exists()
    client.post("/account/identity/", {"password": PASSWORD})
    entering, _ = enter(provider, "u8")
    assert entering.session["_auth_user_id"] == str(alice.pk)
    assert client.post("/account/identity/remove/", {"password": "wrong"}).status_code == 400
    client.post("/account/identity/remove/", {"password": PASSWORD})
    entering, _ = enter(provider, "u8")
    assert not is_in(entering)


def test_an_answer_counts_only_in_the_browser_that_asked_and_once(
    house: House, provider: OidcProvider
) -> None:
    provider.add("u9", groups=["ml"])
    browser, victims_browser = Client(), Client()
    answer = provider.answer_to(browser, "u9")
    assert victims_browser.get(answer).headers["Location"] == "/signin/"
    assert not is_in(victims_browser)
    browser.get(answer)
    assert is_in(browser)
    browser.post("/signout/")
    browser.get(answer)
    assert not is_in(browser)


@pytest.mark.parametrize(
    "answer", ["", "?code=x", "?code=x&state=y", "?error=access_denied&state=y", "?state=a%00b"]
)
def test_an_answer_that_was_made_up_signs_nobody_in(db: None, provider: OidcProvider, answer: str) -> None:
    client = Client()
    client.get("/signin/provider/")
    response = client.get(f"/signin/provider/answer/{answer}")
    assert response.headers["Location"] == "/signin/"
    assert not is_in(client)
    assert "did not sign you in" in client.get("/signin/").content.decode()


def test_a_provider_that_is_down_or_has_another_issuer_is_told(
    db: None, provider: OidcProvider, settings: Any
) -> None:
    for issuer in ("http://127.0.0.1:9", provider.issuer.replace("127.0.0.1", "localhost") + "/"):
        settings.OIDC_ISSUER = issuer
        client = Client()
        assert client.get("/signin/provider/").headers["Location"] == "/signin/"
        assert "did not sign you in" in client.get("/signin/").content.decode()


def test_a_token_for_another_client_is_refused(house: House, provider: OidcProvider, settings: Any) -> None:
    provider.add("u10", groups=["ml"])
    client = Client()
    answer = provider.answer_to(client, "u10")
    settings.OIDC_CLIENT_ID = "somebody-else"
    assert client.get(answer).headers["Location"] == "/signin/"
    assert not is_in(client)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_provider_leads_back_to_our_own_pages_only(
    house: House, provider: OidcProvider, target: str
) -> None:
    provider.add("u11", groups=["ml"])
    _, answer = enter(provider, "u11", f"/signin/provider/?next={target}")
    assert answer.headers["Location"] == "/"


def test_no_other_team_gets_hold_of_an_account_of_the_provider(
    house: House, other_house: House, provider: OidcProvider
) -> None:
    """Its groups may give it teams again, so an admin who invites its user name gets no link to it."""
    provider.add("u12", preferred_username="nora", groups=["ml"])
    enter(provider, "u12")
    provider.add("u12", preferred_username="nora", groups=[])
    enter(provider, "u12")
    answer = other_house.page("charlie").post(
        "/team/members/", {"username": "nora", "role": "viewer", "days": "3"}
    )
    assert answer.status_code == 400
    assert not Membership.objects.filter(team=other_house.team, user__username="nora").exists()


def test_neither_code_nor_token_is_kept_or_logged(
    house: House, provider: OidcProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.add("u13", groups=["ml"])
    client = Client()
    answer = provider.answer_to(client, "u13")
    client.get(answer)
    code = answer.partition("code=")[2].partition("&")[0]
    stored = json.dumps([dict(client.session), caplog.text, str(Activity.objects.values())], default=str)
    assert code
    assert code not in stored
    assert "eyJ" not in stored
