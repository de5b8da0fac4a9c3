"""Wrong passwords are limited for an account, for an address, and for both together, and written down."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory

from teams.addresses import client_address
from teams.models import Activity, User
from tests.cast import House
from webapp import env

pytestmark = pytest.mark.django_db
PASSWORD = "alice-has-a-pass"


@pytest.fixture
def alice(house: House) -> User:
    user = house.people["alice"]
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture(autouse=True)
def fast_hashes(settings: Any) -> None:
    """Hundreds of tries; what is counted is not how long one takes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def attempt(password: str = "wrong", name: str = "alice", address: str = "203.0.113.1") -> int:
    """The status of a sign-in through a proxy on this machine, from a client at `address`."""
    fields = {"username": name, "password": password}
    return Client().post("/signin/", fields, HTTP_X_FORWARDED_FOR=address).status_code


def test_behind_a_proxy_nobody_locks_a_person_out_from_everywhere(alice: User) -> None:
    for _ in range(60):
        attempt()
    assert attempt(PASSWORD) == 429
    assert attempt(PASSWORD, address="203.0.113.2") == 302


def test_what_a_client_writes_before_the_proxys_own_word_does_not_make_it_another(alice: User) -> None:
    for number in range(5):
        attempt(address=f"198.51.100.{number}, 203.0.113.1")
    assert attempt(PASSWORD, address="198.51.100.77, 203.0.113.1") == 429
    assert attempt(PASSWORD, address="203.0.113.1, 198.51.100.77") == 302


def test_an_account_that_is_tried_from_many_addresses_is_locked(alice: User) -> None:
    statuses = [attempt(address=f"203.0.113.{number}") for number in range(50)]
    assert statuses[:49] == [200] * 49
    assert attempt(PASSWORD, address="203.0.113.200") == 429


def test_many_user_names_from_one_address_are_limited(alice: User) -> None:
    for number in range(30):
        attempt(name=f"somebody-{number}")
    assert attempt(PASSWORD) == 429
    assert attempt(PASSWORD, address="203.0.113.2") == 302


def test_an_own_account_does_not_help_to_guess_others(house: House, alice: User) -> None:
    bob = house.people["bob"]
    bob.set_password(PASSWORD)
    bob.save()
    for number in range(29):
        attempt(name=f"somebody-{number}")
    assert attempt(PASSWORD, name="bob") == 302
    attempt(name="somebody-else")
    assert attempt(PASSWORD) == 429


def test_signing_in_forgives_the_wrong_tries_from_the_same_address(alice: User) -> None:
    for _ in range(3):
        for _ in range(4):
            assert attempt() == 200
        assert attempt(PASSWORD) == 302


def test_sign_ins_and_failures_stand_in_the_teams_activity(
    house: House, other_house: House, alice: User
) -> None:
    for _ in range(7):
        attempt()
    attempt(name="nobody")
    attempt(PASSWORD, address="203.0.113.2")
    rows = list(Activity.objects.filter(team=house.team).order_by("pk"))
    failed, (signed_in,) = rows[:-1], rows[-1:]
    assert [row.verb for row in failed] == ["account.sign_in_failed"] * 5
    assert {row.who for row in failed} == {f"not signed in, from {row.detail['from']}" for row in failed}
    assert failed[0].detail == {"from": "203.0.113.1"}
    assert failed[-1].detail == {"from": "203.0.113.1", "locked": "for 15 minutes"}
    assert (signed_in.verb, signed_in.user, signed_in.detail) == (
        "account.signed_in",
        alice,
        {"by": "password"},
    )
    assert not Activity.objects.filter(team=other_house.team).exists()
    page_text = house.page("vera").get("/team/activity/").content.decode()
    assert ("account sign in failed" in page_text, "203.0.113.1" in page_text) == (True, True)


def test_djangos_admin_has_no_sign_in_of_its_own(house: House) -> None:
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0] == "/signin/?next=/admin/"
    assert Client().post("/admin/login/", {"username": "alice", "password": "x"}).status_code == 302
    assert house.page("alice").get("/admin/login/").status_code == 403


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("192.0.2.9", "203.0.113.1", "192.0.2.9"),
        ("10.0.0.5", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.5", "203.0.113.1, 10.0.0.6", "203.0.113.1"),
        ("10.0.0.5", "198.51.100.1, 203.0.113.1, 10.0.0.6", "203.0.113.1"),
        ("10.0.0.5", "10.0.0.7", "10.0.0.7"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.1, nonsense", "10.0.0.5"),
        ("10.0.0.5", "2001:db8::1", "2001:db8::1"),
        ("", "203.0.113.1", None),
    ],
)
def test_a_clients_address_is_read_as_far_as_proxies_are_trusted(
    settings: Any, remote: str, forwarded: str, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **headers)
    assert client_address(request) == address


def test_a_list_of_proxies_that_cannot_be_read_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHDECK_TRUSTED_PROXIES", "10.0.0.0/8, proxy.example")
    with pytest.raises(ImproperlyConfigured, match="BATCHDECK_TRUSTED_PROXIES must hold IP addresses"):
        env.networks("BATCHDECK_TRUSTED_PROXIES")
