"""Codes of an authenticator app: set up, asked at every way in, good once, limited, and ended."""

from __future__ import annotations

import time
from io import StringIO
from typing import Any

import pyotp
import pytest
from django.core.management import call_command
from django.test import Client

from teams import links, members, second_factor
from teams.models import Activity, Membership, RecoveryCode, SecondFactor, User
from tests.cast import House
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
PASSWORD = "alice-has-a-pass"


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(house: House) -> User:
    user = house.people["alice"]
    user.set_password(PASSWORD)
    user.save()
    return user


class App:
    """An authenticator app: its codes, from the time step on that was not used yet."""

    def __init__(self, key: str) -> None:
        self._totp = pyotp.TOTP(key)

    def code(self, later: int = 0) -> str:
        """The code of a step after the present one."""
        return self._totp.at(int(time.time()) + 30 * later)


def set_up(user: User) -> tuple[App, list[str]]:
    """An account with an app, and its recovery codes; the present code is not used up."""
    key = second_factor.new_key()
    codes = second_factor.set_up(user, key, App(key).code())
    SecondFactor.objects.filter(user=user).update(last_step=0)
    return App(key), codes


def by_password(next_path: str = "") -> tuple[Client, Any]:
    client = Client()
    fields = {"username": "alice", "password": PASSWORD, "next": next_path}
    return client, client.post("/signin/", fields)


def is_in(client: Client) -> bool:
    return client.get("/jobs/").status_code == 200


def verbs() -> list[str]:
    return list(Activity.objects.order_by("pk").values_list("verb", flat=True))


def test_an_app_is_set_up_with_its_first_code_and_recovery_codes_are_shown_once(alice: User) -> None:
    client, _ = by_password()
    page = client.get("/account/codes/")
    assert "<svg" in page.content.decode()
    assert "style=" not in page.content.decode().split("<main")[1]
    key = Page(page).all("code")[0].text
    wrong = client.post("/account/codes/", {"password": PASSWORD, "first_code": "000000"})
    assert (wrong.status_code, SecondFactor.objects.exists()) == (400, False)
    answer = client.post("/account/codes/", {"password": PASSWORD, "first_code": App(key).code()})
    recovery_codes = Page(answer).by_id("secret").text.split()
    assert len(recovery_codes) == 10
    assert answer.headers["Cache-Control"].count("no-store") == 1
    after = client.get("/account/codes/").content.decode()
    assert key not in after
    assert recovery_codes[0] not in after
    assert verbs()[-1] == "account.codes_on"


def test_setting_up_asks_for_the_password(alice: User) -> None:
    client, _ = by_password()
    key = Page(client.get("/account/codes/")).all("code")[0].text
    answer = client.post("/account/codes/", {"password": "wrong", "first_code": App(key).code()})
    assert (answer.status_code, second_factor.is_on(alice)) == (400, False)


def test_a_password_alone_does_not_sign_in_and_the_code_does(alice: User) -> None:
    app, _ = set_up(alice)
    client, answer = by_password("/models/")
    assert answer.headers["Location"] == "/signin/code/"
    assert not is_in(client)
    assert client.get("/account/").status_code == 302
    done = client.post("/signin/code/", {"code": app.code()})
    assert done.headers["Location"] == "/models/"
    assert is_in(client)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil"]
)
def test_after_the_code_nobody_is_led_to_another_host(alice: User, target: str) -> None:
    app, _ = set_up(alice)
    client, _ = by_password(target)
    assert client.post("/signin/code/", {"code": app.code()}).headers["Location"] == "/"


def test_a_link_and_an_invitation_ask_for_the_code_too(house: House, other_house: House, alice: User) -> None:
    app, _ = set_up(alice)
    client = Client()
    assert client.post(links.create(alice)).headers["Location"] == "/signin/code/"
    assert not is_in(client)
    client.post("/signin/code/", {"code": app.code()})
    assert is_in(client)
    invited = members.invite(other_house.team, "alice", members.Role.VIEWER, by=other_house.people["charlie"])
    joining = Client()
    assert joining.post(invited.link, {"password": PASSWORD}).headers["Location"] == "/signin/code/"
    assert not is_in(joining)
    joined = joining.post("/signin/code/", {"code": app.code(1)}, follow=True)
    assert "You are in Second as viewer." in joined.content.decode()


def test_a_code_is_good_once(alice: User) -> None:
    app, _ = set_up(alice)
    code = app.code()
    first, _ = by_password()
    second, _ = by_password()
    first.post("/signin/code/", {"code": code})
    again = second.post("/signin/code/", {"code": code})
    assert (is_in(first), is_in(second), again.status_code) == (True, False, 400)


def test_a_recovery_code_signs_in_once(alice: User) -> None:
    _, codes = set_up(alice)
    for expected in (True, False):
        client, _ = by_password()
        client.post("/signin/code/", {"code": codes[0].lower()})
        assert is_in(client) is expected
    assert RecoveryCode.objects.count() == 9


def test_five_wrong_codes_lock_codes_for_a_while_whoever_tries(alice: User) -> None:
    app, codes = set_up(alice)
    for number in range(5):
        client, _ = by_password()
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        client.post("/signin/code/", {"code": "000000"})
    client, _ = by_password()
    for code in (app.code(), codes[0]):
        answer = client.post("/signin/code/", {"code": code})
        assert answer.status_code == 429
        assert "Try again in 15 minutes" in answer.content.decode()
    assert not is_in(client)
    assert verbs().count("account.code_failed") == 5
    SecondFactor.objects.update(wrong_since="2020-01-01T00:00:00Z")
    client.post("/signin/code/", {"code": app.code()})
    assert is_in(client)


def test_the_code_can_be_given_only_soon_and_while_the_account_is_as_it_was(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = set_up(alice)
    client, _ = by_password()
    alice.set_password("alice-has-another")
    alice.save()
    assert client.post("/signin/code/", {"code": app.code()}).headers["Location"] == "/signin/"
    alice.set_password(PASSWORD)
    alice.save()
    client, _ = by_password()
    now = time.time
    monkeypatch.setattr("teams.signing_in.time.time", lambda: now() + 601)
    assert client.post("/signin/code/", {"code": app.code()}).headers["Location"] == "/signin/"
    assert Client().get("/signin/code/").headers["Location"] == "/signin/"


def test_the_key_of_a_session_changes_before_the_code_and_after_it(alice: User) -> None:
    app, _ = set_up(alice)
    client = Client()
    client.get("/signin/code/")
    planted = client.session
    planted.save()
    keys = [planted.session_key]
    client.cookies["sessionid"] = str(planted.session_key)
    client.post("/signin/", {"username": "alice", "password": PASSWORD})
    keys.append(client.cookies["sessionid"].value)
    client.post("/signin/code/", {"code": app.code()})
    keys.append(client.cookies["sessionid"].value)
    assert len(set(keys)) == 3
    for key in keys[:2]:
        thief = Client()
        thief.cookies["sessionid"] = str(key)
        assert not is_in(thief)


def test_neither_the_apps_key_nor_a_recovery_code_can_be_read_in_the_database(alice: User) -> None:
    key = second_factor.new_key()
    codes = second_factor.set_up(alice, key, App(key).code())
    stored = str([*SecondFactor.objects.values(), *RecoveryCode.objects.values(), *Activity.objects.values()])
    assert key not in stored
    assert not [code for code in codes if code in stored or code.replace("-", "") in stored]


def test_turning_codes_off_asks_for_the_password(house: House, alice: User) -> None:
    set_up(alice)
    client = house.page("alice")
    assert client.post("/account/codes/off/", {"password": "wrong"}).status_code == 400
    assert client.post("/account/codes/off/").status_code == 400
    assert second_factor.is_on(alice)
    client.post("/account/codes/off/", {"password": PASSWORD})
    assert not second_factor.is_on(alice)
    assert verbs()[-1] == "account.codes_off"


def test_other_recovery_codes_end_those_before(house: House, alice: User) -> None:
    _, old = set_up(alice)
    client = house.page("alice")
    assert client.post("/account/codes/recovery/", {"password": "wrong"}).status_code == 400
    new = Page(client.post("/account/codes/recovery/", {"password": PASSWORD})).by_id("secret").text.split()
    for code, expected in ((old[1], False), (new[0], True)):
        entering, _ = by_password()
        entering.post("/signin/code/", {"code": code})
        assert is_in(entering) is expected


def test_an_account_without_a_password_turns_codes_off_with_a_code(house: House) -> None:
    bob = house.people["bob"]
    bob.set_unusable_password()
    bob.save()
    app, _ = set_up(bob)
    client = house.page("bob")
    assert client.post("/account/codes/off/", {"code": "000000"}).status_code == 400
    client.post("/account/codes/off/", {"code": app.code()})
    assert not second_factor.is_on(bob)


def test_an_admin_ends_the_codes_of_a_member_of_this_team_alone(house: House, other_house: House) -> None:
    bob, vera = house.people["bob"], house.people["vera"]
    for user in (bob, vera):
        set_up(user)
    Membership.objects.create(team=other_house.team, user=vera, role="viewer")
    client = house.page("alice")
    for user in (bob, vera):
        path = f"/team/members/{Membership.objects.get(team=house.team, user=user).pk}/codes/"
        client.post(path, sent(client.get(path)))
    assert [second_factor.is_on(user) for user in (bob, vera)] == [False, True]


def test_the_operator_of_the_machine_ends_anybodys_codes(alice: User) -> None:
    set_up(alice)
    call_command("signin_link", "--user", "alice", "--without-code", stdout=StringIO())
    assert not second_factor.is_on(alice)
    (row,) = Activity.objects.filter(verb="account.codes_off")
    assert row.automatic


def test_a_team_that_asks_for_codes_opens_only_with_an_app(house: House, alice: User) -> None:
    client, bob = house.page("alice"), house.page("bob")
    assert (
        "Set up codes for your own account first"
        in Page(client.post("/team/codes/", {"needed": "1"}, follow=True)).text
    )
    set_up(alice)
    client.post("/team/codes/", {"needed": "1"})
    assert is_in(client)
    answer = bob.get("/jobs/", follow=True)
    assert answer.redirect_chain == [("/account/codes/", 302)]
    assert "Your team asks for a code at sign-in." in answer.content.decode()
    assert bob.get("/api/v1/jobs/").status_code == 403
    assert bob.post("/team/switch/", {"team": "first"}).headers["Location"] == "/account/codes/"
    assert house.api("bob").get("/api/v1/jobs/").status_code == 200
    set_up(house.people["bob"])
    assert is_in(bob)
    client.post("/team/codes/", {"needed": "0"})
    assert verbs().count("team.codes_needed") == verbs().count("team.codes_not_needed") == 1


def test_a_team_that_asks_for_codes_is_not_opened_by_a_link_to_something_in_it(
    house: House, other_house: House
) -> None:
    Membership.objects.create(team=other_house.team, user=house.people["vera"], role="viewer")
    other_house.team.needs_codes = True
    other_house.team.save()
    client = house.page("vera")
    assert client.get(f"/jobs/{other_house.job().key}/").status_code == 404
    assert client.post("/team/switch/", {"team": "second"}).headers["Location"] == "/account/codes/"
