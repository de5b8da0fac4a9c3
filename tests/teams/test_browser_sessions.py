"""The sessions of an account: listed with browser and address, and ended one by one or all others."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from teams import links, tasks
from teams.models import Activity, BrowserSession, User
from tests.cast import House
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def browser(user: User, agent: str, address: str = "127.0.0.1") -> Client:
    """A browser in which the user has signed in by a link."""
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    client.post(links.create(user))
    return client


def is_in(client: Client) -> bool:
    return client.get("/jobs/").status_code == 200


def buttons(client: Client) -> set[str]:
    return {path for path in Page(client.get("/account/")).posts_to() if path.endswith("/end/")}


def test_each_session_is_listed_with_its_browser_and_address(house: House) -> None:
    alice = house.people["alice"]
    browser(alice, SAFARI, "192.0.2.7")
    here = browser(alice, FIREFOX)
    browser(house.people["bob"], "curl/8.0", "192.0.2.99")
    text = Page(here.get("/account/")).text
    assert "Firefox on Linux this one" in text
    assert "Safari on iPhone" in text
    assert "192.0.2.7" in text
    assert "192.0.2.99" not in text


def test_one_other_session_is_ended_and_the_rest_goes_on(house: House) -> None:
    alice = house.people["alice"]
    phone, here, third = browser(alice, SAFARI), browser(alice, FIREFOX), browser(alice, "curl/8.0")
    row = BrowserSession.objects.get(user_agent=SAFARI)
    assert here.post(f"/account/sessions/{row.pk}/end/").status_code == 302
    assert [is_in(phone), is_in(here), is_in(third)] == [False, True, True]
    act = Activity.objects.get(verb="account.session_ended")
    assert (act.user, act.detail) == (alice, {"browser": "Safari on iPhone"})


def test_nobody_ends_a_session_of_somebody_else_or_by_this_button_their_own(house: House) -> None:
    alice, bob = (browser(house.people[name], FIREFOX) for name in ("alice", "bob"))
    theirs, own = (BrowserSession.objects.get(user=house.people[name]) for name in ("alice", "bob"))
    for row in (theirs, own):
        assert bob.post(f"/account/sessions/{row.pk}/end/").status_code == 404
    assert Client().post(f"/account/sessions/{theirs.pk}/end/").headers["Location"].startswith("/signin/")
    assert [is_in(alice), is_in(bob)] == [True, True]


def test_all_others_end_after_a_question_with_the_links_that_nobody_followed(house: House) -> None:
    alice = house.people["alice"]
    phone, here, link = browser(alice, SAFARI), browser(alice, FIREFOX), links.create(alice)
    question = here.get("/account/sessions/")
    assert "Safari on iPhone" in Page(question).text
    assert is_in(phone)
    here.post("/account/sessions/", sent(question))
    assert [is_in(phone), is_in(here)] == [False, True]
    assert Client().post(link).status_code == 410
    assert buttons(here) == set()
    assert "account.sessions_ended" in Activity.objects.values_list("verb", flat=True)


def test_a_session_that_older_versions_began_ends_with_the_others(house: House) -> None:
    alice = house.people["alice"]
    old = browser(alice, SAFARI)
    BrowserSession.objects.all().delete()
    here = browser(alice, FIREFOX)
    here.post("/account/sessions/")
    assert [is_in(old), is_in(here)] == [False, True]


def test_the_key_of_a_session_is_nowhere_in_the_list(house: House) -> None:
    client = browser(house.people["alice"], FIREFOX)
    key = client.cookies["sessionid"].value
    assert key not in str(BrowserSession.objects.values())
    assert key not in client.get("/account/").content.decode()


def test_a_new_session_key_at_sign_in_leaves_an_earlier_one_worthless(house: House) -> None:
    """Somebody who planted a cookie in a browser has no use of it after the sign-in there."""
    client = Client()
    planted = client.session
    planted["x"] = "y"
    planted.save()
    client.cookies["sessionid"] = str(planted.session_key)
    client.post(links.create(house.people["alice"]))
    assert client.cookies["sessionid"].value != planted.session_key
    thief = Client()
    thief.cookies["sessionid"] = str(planted.session_key)
    assert not is_in(thief)


def test_rows_of_ended_sessions_are_deleted(house: House) -> None:
    browser(house.people["alice"], FIREFOX)
    Session.objects.all().delete()
    tasks.clear_sessions()
    assert not BrowserSession.objects.exists()


@pytest.mark.parametrize(
    "agent", ["", pytest.param("x" * 2000, id="long"), "<script>alert(1)</script>", "a\x01b"]
)
def test_a_strange_browser_is_only_text(house: House, agent: str) -> None:
    page = browser(house.people["alice"], agent).get("/account/")
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
