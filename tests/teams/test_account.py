"""The account page: a first password, another one, and what that ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import make_password
from django.test import Client

from teams import accounts, links
from teams.models import Activity, User
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
OLD, NEW = "alice-has-a-pass", "alice-has-another"


@pytest.fixture
def alice(house: House) -> User:
    user = house.people["alice"]
    user.set_password(OLD)
    user.save()
    return user


def signed_in_by(password: str) -> Client:
    client = Client()
    client.post("/signin/", {"username": "alice", "password": password})
    return client


def change(client: Client, old: str = OLD, new: str = NEW, again: str = "") -> Any:
    fields = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post("/account/password/", fields)


def verbs(house: House) -> list[str]:
    return list(Activity.objects.filter(team=house.team).order_by("pk").values_list("verb", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/jobs/").status_code == 200


def test_the_first_sign_in_by_a_link_leads_to_a_password(house: House) -> None:
    client = Client()
    home = client.post(links.create(house.people["bob"]), follow=True)
    assert "You have no password yet." in home.content.decode()
    assert home.redirect_chain == [("/account/password/", 302)]
    assert "old_password" not in [node.get("name") for node in Page(home).all("input")]
    saved = client.post("/account/password/", {"new_password1": NEW, "new_password2": NEW}, follow=True)
    assert "Your password is set." in saved.content.decode()
    assert is_in(client)
    second_browser = Client()
    second_browser.post("/signin/", {"username": "bob", "password": NEW})
    assert is_in(second_browser)
    assert verbs(house) == ["account.signed_in", "account.password_set", "account.signed_in"]


def test_another_password_ends_the_other_sessions_and_unfollowed_links(house: House, alice: User) -> None:
    here, elsewhere, link = signed_in_by(OLD), signed_in_by(OLD), links.create(alice)
    assert change(here).headers["Location"] == "/account/"
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert Client().post(link).status_code == 410
    assert (is_in(signed_in_by(OLD)), is_in(signed_in_by(NEW))) == (False, True)
    assert "account.password_changed" in verbs(house)


def test_a_wrong_old_password_is_told_and_changes_nothing(house: House, alice: User) -> None:
    client = signed_in_by(OLD)
    answer = change(client, old="wrong")
    assert answer.status_code == 400
    assert "This is not your password." in Page(answer).by_id("id_old_password-error-1").text
    assert is_in(signed_in_by(OLD))
    assert "account.password_changed" not in verbs(house)


@pytest.mark.parametrize(
    ("new", "again", "says"),
    [
        ("short", "", "at least 10"),
        ("password123", "", "too common"),
        (NEW, "x" * 12, "The two password fields"),
    ],
)
def test_a_password_that_will_not_do_is_told_beside_the_field(
    alice: User, new: str, again: str, says: str
) -> None:
    client = signed_in_by(OLD)
    answer = change(client, new=new, again=again)
    assert (answer.status_code, says in answer.content.decode()) == (400, True)
    assert is_in(signed_in_by(OLD))


def test_guessing_the_old_password_is_limited_as_sign_in_is(alice: User) -> None:
    client = signed_in_by(OLD)
    for _ in range(5):
        change(client, old="wrong")
    assert change(client).status_code == 429
    assert signed_in_by(OLD).session.get("_auth_user_id") is None
    assert not [text for text in AccessAttempt.objects.values_list("post_data", flat=True) if NEW in text]


def test_who_forgot_the_password_sets_another_after_a_link(alice: User) -> None:
    client = Client()
    client.post(links.create(alice))
    client.post("/account/password/", {"new_password1": NEW, "new_password2": NEW})
    assert is_in(signed_in_by(NEW))
    fields = [node.get("name") for node in Page(client.get("/account/password/")).all("input")]
    assert "old_password" in fields


def test_the_account_page_needs_a_person_and_is_in_the_menu(house: House) -> None:
    assert Client().get("/account/").headers["Location"] == "/signin/?next=/account/"
    assert "/account/" in Page(house.page("vera").get("/")).links()
    nina = Client()
    nina.force_login(User.objects.create_user("nina"), backend="django.contrib.auth.backends.ModelBackend")
    assert "You are not in a team." in nina.get("/account/").content.decode()


def test_a_password_that_staff_sets_is_written_down(house: House, alice: User) -> None:
    root = Client()
    root.force_login(
        User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend"
    )
    fields = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert root.post(f"/admin/teams/user/{alice.pk}/password/", fields).status_code == 302
    (row,) = Activity.objects.filter(team=house.team)
    assert (row.verb, row.object_label, row.who) == ("account.password_changed", "alice", "root")


def store_other_password(user: User) -> None:
    User.objects.filter(pk=user.pk).update(password=make_password("set-by-somebody-else"))


@pytest.mark.parametrize("act", [accounts.end_sessions, store_other_password])
def test_a_password_is_refused_when_the_account_changes_while_it_is_hashed(
    house: House, alice: User, monkeypatch: pytest.MonkeyPatch, act: Callable[[User], None]
) -> None:
    here, set_password = signed_in_by(OLD), User.set_password

    def set_password_late(user: User, text: str | None) -> None:
        act(User.objects.get(pk=user.pk))
        stored.append(User.objects.get(pk=user.pk))
        set_password(user, text)

    stored: list[User] = []
    monkeypatch.setattr(User, "set_password", set_password_late)
    answer = change(here)
    assert answer.status_code == 400
    assert "Nothing was saved: this session was ended just now." in answer.content.decode()
    alice.refresh_from_db()
    assert (alice.sessions_ended, alice.password) == (stored[0].sessions_ended, stored[0].password)
    assert not is_in(here)
    assert "account.password_changed" not in verbs(house)


def test_a_password_that_is_stored_by_an_old_hash_can_be_changed(
    house: House, alice: User, settings: Any
) -> None:
    hashers = "django.contrib.auth.hashers."
    settings.PASSWORD_HASHERS = [f"{hashers}PBKDF2PasswordHasher", f"{hashers}MD5PasswordHasher"]
    User.objects.filter(pk=alice.pk).update(password=make_password(OLD, hasher="md5"))
    alice.refresh_from_db()
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert change(client).status_code == 302
    assert is_in(signed_in_by(NEW))
