"""Name and e-mail address of an account, and links for people who forgot their password."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client
from django.utils import timezone

from teams import accounts, links, members, second_factor, tasks
from teams.models import AccountMail, Activity, Identity, Role, SignInLink, User
from tests.cast import House
from tests.notifications.receivers import MailSink
from tests.support.html import Page

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "alice-has-a-pass", "alice-has-another"
#: Of an authenticator app.
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def quick_settings(settings: Any) -> None:
    settings.PUBLIC_URL = "https://batch.example.com"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(house: House) -> User:
    user = house.people["alice"]
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def confirmed(alice: User) -> User:
    """Alice with an address that she has confirmed."""
    User.objects.filter(pk=alice.pk).update(email="alice@example.com", email_confirmed=True)
    return User.objects.get(pk=alice.pk)


def save(client: Client, **fields: str) -> Any:
    return client.post("/account/", {"name": "", "email": "", "password": "", **fields}, follow=True)


def link_in(sink: MailSink) -> str:
    """The path of the link in the newest mail."""
    match = re.search(r"https://batch\.example\.com(/\S+)", sink.mails[-1].get_content())
    assert match
    return match[1]


def forget(who: str, client: Client | None = None) -> Any:
    return (client or Client()).post("/signin/forgotten/", {"who": who})


def test_a_name_is_shown_instead_of_the_user_name(house: House) -> None:
    client = house.page("vera")
    assert "Vera Ray" in save(client, name="Vera Ray").content.decode()
    assert "Vera Ray" in house.page("alice").get("/team/").content.decode()
    assert Activity.objects.get().verb == "account.renamed"
    save(client, name="Vera Ray")
    assert Activity.objects.count() == 1


def test_an_address_is_confirmed_by_the_link_in_a_mail(house: House, sink: MailSink, alice: User) -> None:
    client = house.page("alice")
    assert (
        "A mail to alice@example.com is on its way"
        in save(client, email="alice@example.com", password=PASSWORD).content.decode()
    )
    tasks.send_account_mails()
    path = link_in(sink)
    client.get(path)
    alice.refresh_from_db()
    assert not alice.email_confirmed
    assert "is confirmed" in client.post(path, follow=True).content.decode()
    alice.refresh_from_db()
    assert alice.email_confirmed


def test_the_link_of_an_address_confirms_it_for_nobody_else_and_no_other_address(
    house: House, sink: MailSink, alice: User
) -> None:
    client = house.page("alice")
    save(client, email="alice@example.com", password=PASSWORD)
    tasks.send_account_mails()
    path = link_in(sink)
    assert "does not confirm" in house.page("bob").post(path, follow=True).content.decode()
    assert Client().post(path).headers["Location"].startswith("/signin/")
    save(client, email="other@example.com", password=PASSWORD)
    assert "does not confirm" in client.post(path, follow=True).content.decode()
    assert "does not confirm" in client.post("/account/address/x:y:z/", follow=True).content.decode()
    assert not User.objects.filter(email_confirmed=True).exists()


def test_two_accounts_cannot_have_confirmed_the_same_address(
    house: House, sink: MailSink, confirmed: User
) -> None:
    client = house.page("bob")
    save(client, email="ALICE@example.com")
    tasks.send_account_mails()
    assert "another account has confirmed" in client.post(link_in(sink), follow=True).content.decode()
    assert User.objects.filter(email_confirmed=True).count() == 1


def test_another_address_needs_the_password_and_guesses_are_limited(house: House, confirmed: User) -> None:
    client = house.page("alice")
    answer = save(client, email="thief@example.com", password="wrong")
    assert answer.status_code == 400
    assert "This is not your password." in Page(answer).by_id("id_password-error-1").text
    for _ in range(4):
        save(client, email="thief@example.com", password="wrong")
    assert save(client, email="thief@example.com", password=PASSWORD).status_code == 429
    confirmed.refresh_from_db()
    assert (confirmed.email, confirmed.email_confirmed) == ("alice@example.com", True)


def test_a_forgotten_password_is_replaced_by_a_mailed_link(
    house: House, sink: MailSink, confirmed: User
) -> None:
    for who in ("alice", "Alice@Example.com"):
        forget(who)
        tasks.send_account_mails()
        client = Client()
        page = client.post(link_in(sink), follow=True)
        assert page.redirect_chain == [("/account/password/", 302)]
        assert "old_password" not in [node.get("name") for node in Page(page).all("input")]
    new = "alice-has-another"
    client.post("/account/password/", {"new_password1": new, "new_password2": new})
    confirmed.refresh_from_db()
    assert confirmed.email_confirmed
    again = Client()
    again.post("/signin/", {"username": "alice", "password": new})
    assert again.get("/jobs/").status_code == 200
    assert "account.link_mailed" in Activity.objects.values_list("verb", flat=True)


def test_a_mailed_link_is_made_of_the_settings_never_of_the_request(
    house: House, sink: MailSink, confirmed: User, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    forget("alice", Client(headers={"Host": "evil.example"}))
    tasks.send_account_mails()
    assert "evil.example" not in sink.mails[0].get_content()


@pytest.mark.parametrize(
    "who", ["nobody", "nobody@example.com", "bob", pytest.param("x" * 5000, id="long"), "a\0b", ""]
)
def test_the_answer_is_the_same_whether_an_account_exists(
    house: House, sink: MailSink, confirmed: User, who: str
) -> None:
    User.objects.filter(username="bob").update(email="bob@example.com")
    answers = [
        re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", forget(name).content.decode())
        for name in (who, "alice")
    ]
    assert answers[0] == answers[1]
    tasks.send_account_mails()
    assert [mail["To"] for mail in sink.mails] == ["alice@example.com"]


def test_mails_to_one_name_are_limited(house: House, sink: MailSink, confirmed: User) -> None:
    for _ in range(10):
        forget("alice")
    tasks.send_account_mails()
    assert len(sink.mails) == 3


def test_mails_asked_for_from_one_address_are_limited(house: House, sink: MailSink) -> None:
    for number in range(30):
        forget(f"somebody-{number}")
    assert AccountMail.objects.count() == 20


def test_while_the_mail_server_is_down_a_mail_waits(house: House, sink: MailSink, confirmed: User) -> None:
    port = sink.port
    sink.stop()
    forget("alice")
    tasks.send_account_mails()
    mail = AccountMail.objects.get()
    assert "could not be reached" in mail.problem
    assert mail.next_try_at
    again = MailSink(port)
    try:
        AccountMail.objects.update(next_try_at=timezone.now())
        tasks.send_account_mails()
        assert len(again.mails) == 1
    finally:
        again.stop()
    tasks.send_account_mails()
    assert AccountMail.objects.get().sent_at


def test_a_link_that_could_not_be_mailed_within_an_hour_is_not_made(
    house: House, sink: MailSink, confirmed: User
) -> None:
    forget("alice")
    AccountMail.objects.update(created_at=timezone.now() - timedelta(hours=2))
    tasks.send_account_mails()
    assert (sink.mails, SignInLink.objects.count()) == ([], 0)
    assert AccountMail.objects.get().next_try_at is None


def test_another_address_ends_a_link_that_was_mailed_to_the_old_one(
    house: House, sink: MailSink, confirmed: User
) -> None:
    forget("alice")
    tasks.send_account_mails()
    save(house.page("alice"), email="new@example.com", password=PASSWORD)
    assert Client().post(link_in(sink)).status_code == 410


def test_no_secret_of_a_mail_is_in_the_database(house: House, sink: MailSink, confirmed: User) -> None:
    forget("alice")
    tasks.send_account_mails()
    secret = link_in(sink).strip("/").rpartition("/")[2]
    assert secret not in str([*AccountMail.objects.values(), *SignInLink.objects.values()])
    assert secret not in str(Activity.objects.values())


def test_without_mail_the_sign_in_page_says_whom_to_ask(house: House) -> None:
    page = Client().get("/signin/")
    assert "An admin of your team can make a link" in Page(page).text
    assert "/signin/forgotten/" not in Page(page).links()
    assert "sends no mail" in Client().get("/signin/forgotten/").content.decode()
    forget("alice")
    assert not AccountMail.objects.exists()


def test_with_mail_the_sign_in_page_leads_to_the_mailed_link(house: House, sink: MailSink) -> None:
    assert "/signin/forgotten/" in Page(Client().get("/signin/")).links()


def test_an_admins_link_leads_to_a_new_password(house: House, alice: User) -> None:
    page = house.page("alice").post(f"/team/members/{alice.memberships.get().pk}/link/")
    client = Client()
    assert client.post(Page(page).by_id("secret").text).headers["Location"] == "/account/password/"
    plain = Client()
    assert plain.post(links.create(alice)).headers["Location"] == "/"


def test_an_admin_who_made_an_account_has_no_way_into_it_once_another_team_has_it(
    house: House, sink: MailSink
) -> None:
    carol = accounts.create("carol")
    # Who had the first link confirmed an address and set up an app, but no password; then the team removed them.
    User.objects.filter(pk=carol.pk).update(email="thief@example.com", email_confirmed=True)
    second_factor.set_up(carol, KEY, pyotp.TOTP(KEY).now())
    invited = members.invite(house.team, "carol", Role.VIEWER, by=house.people["alice"])
    assert invited.joined
    for who in ("thief@example.com", "carol"):
        forget(who)
    tasks.send_account_mails()
    assert sink.mails == []
    assert Client().post(invited.link).headers["Location"] == "/account/password/"


def test_a_password_that_is_set_by_a_link_of_an_admin_ends_ways_that_others_may_have_left(
    house: House, confirmed: User
) -> None:
    Identity.objects.create(user=confirmed, issuer="https://id.example.com", subject="thief", label="thief")
    client = Client()
    client.post(links.create(confirmed, new_password=True))
    answer = client.post("/account/password/", {"new_password1": NEW, "new_password2": NEW}, follow=True)
    assert "has to be confirmed again" in answer.content.decode()
    confirmed.refresh_from_db()
    assert not confirmed.email_confirmed
    assert not Identity.objects.exists()


def test_a_link_of_an_admin_changes_no_address_without_the_password(house: House, confirmed: User) -> None:
    client = Client()
    client.post(links.create(confirmed, new_password=True))
    assert save(client, email="thief@example.com").status_code == 400
    confirmed.refresh_from_db()
    assert confirmed.email == "alice@example.com"
