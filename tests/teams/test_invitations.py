"""Invitations of e-mail addresses: mailed or shown, listed, sent again, withdrawn, accepted once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from teams import members, tasks
from teams.models import AccountMail, Activity, Invitation, Membership, User
from tests.cast import House
from tests.notifications.receivers import MailSink
from tests.support.html import Page

pytestmark = pytest.mark.django_db
ADDRESS, PASSWORD = "dora@example.com", "dora-has-a-pass"
NEW = {"username": "dora", "new_password1": PASSWORD, "new_password2": PASSWORD}


@pytest.fixture(autouse=True)
def quick_settings(settings: Any) -> None:
    settings.PUBLIC_URL = "https://batch.example.com"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def invite(house: House, admin: str = "alice", **fields: str) -> Any:
    form = {"username": ADDRESS, "role": "operator", "days": "7", **fields}
    return house.page(admin).post("/team/members/", form)


def shown_link(answer: Any) -> str:
    return Page(answer).by_id("secret").text


def mailed_link(sink: MailSink) -> str:
    tasks.send_account_mails()
    match = re.search(r"https://batch\.example\.com(/\S+)", sink.mails[-1].get_content())
    assert match
    return match[1]


def is_member(house: House, name: str = "dora") -> bool:
    return Membership.objects.filter(team=house.team, user__username=name).exists()


def press(house: House, act: str, admin: str = "alice") -> Any:
    return house.page(admin).post(f"/team/invitations/{Invitation.objects.get().pk}/{act}/")


def test_whoever_reads_the_address_makes_an_account_and_joins(house: House, sink: MailSink) -> None:
    answer = invite(house)
    assert answer.status_code == 302
    client = Client()
    path = mailed_link(sink)
    assert sink.mails[0]["To"] == ADDRESS
    assert "dora@example.com is invited as operator" in Page(client.get(path)).text
    assert not is_member(house)
    assert client.post(path, NEW).headers["Location"] == "/"
    assert "operator in First" in Page(client.get("/team/")).all("summary")[0].get("aria-label")
    dora = User.objects.get(username="dora")
    assert (dora.email, dora.email_confirmed) == (ADDRESS, True)
    assert Client().post(path, {**NEW, "username": "second"}).status_code == 410
    assert not User.objects.filter(username="second").exists()
    verbs = list(Activity.objects.filter(team=house.team).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["member.invited", "member.joined", "account.signed_in"]


def test_without_mail_the_link_is_shown_once_and_confirms_no_address(house: House) -> None:
    path = shown_link(invite(house))
    assert "secret" not in house.page("alice").get("/team/").content.decode().split("<main")[1]
    Client().post(path, NEW)
    assert is_member(house)
    assert not User.objects.get(username="dora").email_confirmed
    assert not AccountMail.objects.exists()


def test_an_address_that_another_account_has_confirmed_stays_with_it(house: House, sink: MailSink) -> None:
    User.objects.filter(username="bob").update(email=ADDRESS, email_confirmed=True)
    invite(house)
    Client().post(mailed_link(sink), NEW)
    assert is_member(house)
    assert list(User.objects.filter(email_confirmed=True).values_list("username", flat=True)) == ["bob"]


def test_somebody_with_an_account_joins_with_its_password(house: House, other_house: House) -> None:
    charlie = other_house.people["charlie"]
    charlie.set_password(PASSWORD)
    charlie.save()
    path = shown_link(invite(house))
    client = other_house.page("charlie")
    fields = Page(client.get(path)).all("input")
    assert "charlie" in [node.get("value") for node in fields if node.get("name") == "username"]
    wrong = client.post(path, {"username": "charlie", "password": "wrong"})
    assert (wrong.status_code, is_member(house, "charlie")) == (400, False)
    client.post(path, {"username": "charlie", "password": PASSWORD})
    assert is_member(house, "charlie")
    assert not is_member(house)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"username": "alice"}, "is taken"),
        ({"username": "ALICE"}, "is taken"),
        ({"username": "no blanks"}, "letters, digits and"),
        ({"new_password1": "short", "new_password2": "short"}, "at least 10"),
        ({"new_password2": "another-password"}, "two password fields"),
        ({"username": "dora-has-a-pas"}, "too similar"),
    ],
)
def test_an_account_that_cannot_be_made_is_told_and_the_link_stays(
    house: House, fields: dict[str, str], says: str
) -> None:
    path = shown_link(invite(house))
    answer = Client().post(path, {**NEW, **fields})
    assert (answer.status_code, says in answer.content.decode()) == (400, True)
    assert Invitation.objects.exists()
    assert User.objects.count() == 3


def test_an_invitation_is_sent_again_with_a_new_link_and_the_same_time(house: House, sink: MailSink) -> None:
    invite(house)
    old = mailed_link(sink)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert press(house, "renew", "bob").status_code == 403
    press(house, "renew")
    new = mailed_link(sink)
    assert Client().get(old).status_code == 410
    assert Client().get(new).status_code == 200
    assert Invitation.objects.get().expires_at > timezone.now() + timedelta(days=6)


def test_a_link_that_is_shown_is_renewed_by_another_that_is_shown(house: House) -> None:
    old = shown_link(invite(house))
    new = shown_link(press(house, "renew"))
    assert [Client().get(path).status_code for path in (old, new)] == [410, 200]


def test_a_withdrawn_invitation_is_neither_open_nor_mailed(house: House, sink: MailSink) -> None:
    invite(house)
    press(house, "withdraw")
    tasks.send_account_mails()
    assert sink.mails == []
    assert ADDRESS not in house.page("alice").get("/team/").content.decode()
    assert Activity.objects.latest("pk").verb == "member.uninvited"


def test_the_list_says_whether_the_mail_was_sent(house: House, sink: MailSink) -> None:
    invite(house)
    page = house.page("alice")
    assert "The mail is on its way." in Page(page.get("/team/")).text
    sink.refused = [b"dora@"]
    tasks.send_account_mails()
    assert "Not mailed: The mail server refused the recipient (550)." in Page(page.get("/team/")).text
    sink.refused = []
    press(house, "renew")
    tasks.send_account_mails()
    assert "Mailed" in Page(page.get("/team/")).text


def test_a_second_invitation_of_an_address_replaces_the_first(house: House) -> None:
    old = shown_link(invite(house, role="admin"))
    new = shown_link(invite(house, username="DORA@example.com", role="viewer"))
    assert Client().get(old).status_code == 410
    Client().post(new, NEW)
    assert Membership.objects.get(team=house.team, user__username="dora").role == "viewer"


def test_an_invitation_ends_after_the_days_that_were_chosen(house: House) -> None:
    path = shown_link(invite(house, days="1"))
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(path, NEW).status_code == 410
    assert invite(house, days="4000").status_code == 400


def test_an_address_with_a_line_break_is_no_address(house: House, sink: MailSink) -> None:
    assert invite(house, username="dora@example.com\nBcc: all@example.com").status_code == 400
    assert not Invitation.objects.exists()


def test_who_is_no_longer_an_admin_invites_nobody_by_a_request_that_began_before(house: House) -> None:
    bob = Membership.objects.get(team=house.team, user=house.people["bob"])
    with pytest.raises(members.Refused, match="not an admin"):
        members.invite(house.team, ADDRESS, members.Role.ADMIN, by=bob.user)
    assert not Invitation.objects.exists()


def test_an_open_invitation_ends_with_the_rights_of_an_admin(house: House) -> None:
    Membership.objects.filter(user=house.people["bob"]).update(role="admin")
    path = shown_link(invite(house, "bob"))
    member = Membership.objects.get(user=house.people["bob"])
    house.page("alice").post(f"/team/members/{member.pk}/remove/")
    assert Client().post(path, NEW).status_code == 410


def test_a_long_list_of_invitations_costs_no_more_queries(
    house: House, django_assert_max_num_queries: Any
) -> None:
    client = house.page("alice")
    for number in range(20):
        members.invite(house.team, f"a{number}@example.com", members.Role.VIEWER, by=house.people["alice"])
    client.get("/team/")
    with django_assert_max_num_queries(12):
        client.get("/team/")
