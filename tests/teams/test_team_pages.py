"""The team's pages: roles are given and taken by admins, the last admin stays, and each act is written down."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from teams import activity, members, tokens
from teams.members import Refused
from teams.models import Activity, Membership, Role, SignInLink, User
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def member(house: House, name: str) -> Membership:
    return Membership.objects.get(team=house.team, user=house.people[name])


def press(house: House, who: str, address: str, **fields: Any) -> Any:
    return house.page(who).post(address, fields)


def verbs(house: House) -> list[str]:
    return list(Activity.objects.filter(team=house.team).order_by("id").values_list("verb", flat=True))


def test_an_invited_person_signs_in_by_the_link_once_and_has_the_role(house: House) -> None:
    answer = press(house, "alice", "/team/members/", username="dora", role="operator")
    secret = Page(answer).by_id("secret").text
    assert "/signin/link/" in secret
    assert answer.headers["Cache-Control"].startswith("max-age=0")
    browser = Client()
    assert browser.post(secret).status_code == 302
    assert "operator in First" in Page(browser.get("/team/")).all("summary")[0].get("aria-label")
    assert Client().get(secret).status_code == 410
    assert not User.objects.get(username="dora").has_usable_password()
    assert verbs(house) == ["member.added", "account.signed_in"]


@pytest.mark.parametrize("username", ["", "bob", "a b", "x" * 151, "nul\0"])
def test_a_name_that_cannot_be_or_is_there_already_is_refused_beside_the_field(
    house: House, username: str
) -> None:
    before = User.objects.count()
    answer = press(house, "alice", "/team/members/", username=username, role="operator")
    assert answer.status_code == 400
    page = Page(answer)
    assert page.by_id("invite-error").text
    roles = page.all_below(page.by_id("role"), "option")
    assert [option.get("value") for option in roles if "selected" in option.attributes] == ["operator"]
    assert (User.objects.count(), verbs(house)) == (before, [])


def test_nobody_gets_a_link_to_be_somebody_of_another_team(house: House, other_house: House) -> None:
    Membership.objects.create(team=house.team, user=other_house.people["charlie"], role=Role.VIEWER)
    for shared in (member_of(house, other_house.people["charlie"]), superuser(house)):
        answer = press(house, "alice", f"/team/members/{shared.pk}/link/")
        assert answer.status_code == 302
    assert not SignInLink.objects.exists()
    own = press(house, "alice", f"/team/members/{member(house, 'vera').pk}/link/")
    assert "/signin/link/" in Page(own).by_id("secret").text
    assert verbs(house) == ["member.link_made"]


def member_of(house: House, user: User) -> Membership:
    return Membership.objects.get(team=house.team, user=user)


def superuser(house: House) -> Membership:
    root = User.objects.create_user("root", is_superuser=True)
    return Membership.objects.create(team=house.team, user=root, role=Role.VIEWER)


def test_a_role_is_changed_and_holds_at_once(house: House) -> None:
    assert house.page("vera").get("/jobs/new/").status_code == 403
    press(house, "alice", f"/team/members/{member(house, 'vera').pk}/role/", role="operator")
    assert house.page("vera").get("/jobs/new/").status_code == 200
    (row,) = Activity.objects.filter(team=house.team)
    assert (row.verb, row.object_label, row.changes) == (
        "member.role_changed", "vera", {"role": {"from": "viewer", "to": "operator"}},
    )  # fmt: skip


def test_the_last_admin_can_be_neither_demoted_nor_removed(house: House) -> None:
    alice = member(house, "alice")
    for act, fields in (("role", {"role": "viewer"}), ("remove", {})):
        answer = house.page("alice").post(f"/team/members/{alice.pk}/{act}/", fields, follow=True)
        assert "the last admin" in answer.content.decode()
    assert member(house, "alice").role == "admin"
    press(house, "alice", f"/team/members/{member(house, 'bob').pk}/role/", role="admin")
    press(house, "alice", f"/team/members/{alice.pk}/role/", role="viewer", sure="1")
    assert member(house, "alice").role == "viewer"
    with pytest.raises(Refused, match="the last admin"):
        members.remove(member(house, "bob"), by=house.people["bob"])


def test_an_admin_who_is_switched_off_does_not_count(house: House) -> None:
    members.change_role(member(house, "bob"), Role.ADMIN, by=house.people["alice"])
    User.objects.filter(username="bob").update(is_active=False)
    with pytest.raises(Refused):
        members.remove(member(house, "alice"), by=house.people["alice"])


def test_who_is_removed_is_out_with_their_tokens_and_what_they_did_stays(house: House) -> None:
    api, page = house.api("bob"), house.page("bob")
    assert api.get("/api/v1/jobs/").status_code == 200
    press(house, "alice", f"/team/members/{member(house, 'bob').pk}/remove/")
    assert api.get("/api/v1/jobs/").status_code == 401
    assert page.get("/jobs/").status_code == 403
    assert verbs(house) == ["token.created", "member.removed"]


def test_tokens_of_who_was_removed_stay_ended_when_they_are_asked_in_again(
    house: House, other_house: House
) -> None:
    api = house.api("bob")
    Membership.objects.create(team=other_house.team, user=house.people["bob"], role=Role.VIEWER)
    elsewhere = tokens.create(team=other_house.team, user=house.people["bob"])[1]
    members.remove(member(house, "bob"), by=house.people["alice"])
    Membership.objects.create(team=house.team, user=house.people["bob"], role=Role.VIEWER)
    assert api.get("/api/v1/jobs/").status_code == 401
    assert "revoked" in house.page("alice").get("/team/tokens/").content.decode()
    assert tokens.find(elsewhere)


def test_the_team_gets_another_name(house: House) -> None:
    press(house, "alice", "/team/rename/", name="Growth ML")
    assert "Growth ML" in Page(house.page("vera").get("/team/")).all("h1")[0].text
    for none in (" ", "nul\0", "x" * 81):
        press(house, "alice", "/team/rename/", name=none)
    house.team.refresh_from_db()
    assert house.team.name == "Growth ML"
    assert verbs(house) == ["team.renamed"]


def test_each_act_says_what_it_did(house: House) -> None:
    vera = member(house, "vera").pk
    for address, fields, says in (
        (f"/team/members/{vera}/role/", {"role": "operator"}, "vera has the role operator now."),
        (f"/team/members/{vera}/remove/", {}, "vera is out of the team"),
        ("/team/rename/", {"name": " Growth ML "}, "The team is called Growth ML."),
    ):
        assert says in house.page("alice").post(address, fields, follow=True).content.decode()


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_others_than_admins_see_the_members_and_change_nothing(house: House, who: str) -> None:
    page = house.page(who).get("/team/")
    assert "alice" in page.content.decode()
    assert not [node for node in Page(page).all("form") if "/team/members/" in node.get("action")]
    pk = member(house, "alice").pk
    for address in (
        "rename/",
        "members/",
        f"members/{pk}/role/",
        f"members/{pk}/remove/",
        f"members/{pk}/link/",
    ):
        assert press(house, who, f"/team/{address}", role="viewer", name="x", username="y").status_code == 403
    assert verbs(house) == []


def test_another_teams_members_are_not_found(house: House, other_house: House) -> None:
    pk = member(house, "vera").pk
    for act in ("role", "remove", "link"):
        assert press(other_house, "charlie", f"/team/members/{pk}/{act}/", role="admin").status_code == 404
    assert b"vera" not in other_house.page("charlie").get("/team/").content


def acts(house: House, who: str, count: int) -> None:
    for number in range(count):
        activity.record(
            house.team, house.people[who], "model.registered", house.team, label=f"{who}-{number:03}"
        )


def test_the_record_is_paged_narrowed_to_a_person_and_the_teams_own(house: House, other_house: House) -> None:
    acts(house, "bob", 130)
    acts(house, "vera", 3)
    acts(other_house, "charlie", 1)
    client = house.page("vera")
    first = client.get("/team/activity/")
    assert b"charlie" not in first.content
    (older,) = [node.get("href") for node in Page(first).all("a") if "before=" in node.get("href")]
    second = client.get(older).content.decode()
    both_pages = first.content.decode() + second
    assert all(len(re.findall(rf"\bbob-{number:03}\s*<", both_pages)) == 1 for number in range(130))
    hers = client.get("/team/activity/?person=vera").content.decode()
    assert ("vera-002" in hers, "bob-129" in hers) == (True, False)
    assert client.get("/team/activity/?person=nobody&before=x").status_code == 200


def test_the_csv_has_all_of_it_and_no_formula(house: House, other_house: House) -> None:
    acts(house, "bob", 130)
    acts(other_house, "charlie", 1)
    activity.record(house.team, house.people["bob"], "model.registered", house.team, label="=1+1")
    answer = house.page("vera").get("/team/activity.csv")
    rows = list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))
    assert len(rows) == 132
    assert (rows[1][1], rows[1][6]) == ("bob", "'=1+1")


def test_what_nobody_asked_for_and_what_was_asked_by_somebody_gone_are_told_apart(house: House) -> None:
    gone = User.objects.create_user("gone")
    activity.record(house.team, gone, "model.registered", house.team, label="theirs")
    gone.delete()
    activity.record(house.team, None, "model.registered", house.team, label="its own")
    texts = [row.text for row in Page(house.page("vera").get("/team/activity/")).all("tr")]
    (own,) = [text for text in texts if "its own" in text]
    (theirs,) = [text for text in texts if "theirs" in text]
    assert "Batchdeck itself" in own
    assert "someone who left" in theirs


def test_the_pages_need_as_many_queries_for_many_rows(house: House) -> None:
    def queries() -> list[int]:
        counts = []
        for path in ("/team/", "/team/tokens/", "/team/activity/"):
            client = house.page("alice")
            with CaptureQueriesContext(database) as captured:
                assert client.get(path).status_code == 200
            counts.append(len(captured))
        return counts

    house.bearer("alice")
    few = queries()
    for number in range(20):
        user = User.objects.create_user(f"p{number}")
        house.people[user.username] = user
        Membership.objects.create(team=house.team, user=user)
        house.bearer(user.username)
    assert queries() == few
