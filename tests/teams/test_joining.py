"""An account is its person's: nobody gets into a team by an account that they made for somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from teams import links, members, tokens
from teams.models import Activity, Invitation, Membership, Role, SignInLink, User
from tests.cast import House, make_house
from tests.support.html import Page
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
PASSWORD = "dora-has-a-pass"


def press(house: House, who: str, address: str, **fields: Any) -> Any:
    return house.page(who).post(address, fields)


def invite(house: House, admin: str, role: str = "admin") -> Any:
    return press(house, admin, "/team/members/", username="dora", role=role)


def link_of(answer: Any) -> str:
    return Page(answer).by_id("secret").text


def teams_of(client: Client) -> set[str]:
    """The teams whose members the session reads, whichever it asks to switch to."""
    read = set()
    for slug in ("first", "second"):
        if client.post("/team/switch/", {"team": slug}).status_code == 302:
            client.get("/team/")
            read |= {row["username"] for row in client.get("/api/v1/members/").json()["results"]}
    return read


@pytest.fixture
def dora(db: None) -> User:
    """Somebody with a password of her own, in a team of her own."""
    house = make_house("third", {"dora": Role.VIEWER, "tom": Role.ADMIN})
    user = house.people["dora"]
    user.set_password(PASSWORD)
    user.save()
    return user


def test_whoever_made_an_account_first_does_not_get_into_another_team_by_it(
    house: House, other_house: House
) -> None:
    """The admin of one team makes the account of a name, signs in as it, and waits for another team to invite it."""
    squatter = Client()
    squatter.post(link_of(invite(house, "alice")))
    kept_link = links.create(User.objects.get(username="dora"))

    answer = invite(other_house, "charlie")
    assert answer.status_code == 400
    error = Page(answer).by_id("invite-error").text
    assert "has no password yet" in error
    assert "take another user name" in error

    squatter.post(kept_link)
    assert squatter.post("/team/switch/", {"team": "second"}).status_code == 404
    assert "charlie" not in teams_of(squatter)
    squatter.post("/team/tokens/", {"name": "x", "role": "admin", "days": "0"})
    assert not tokens.ApiToken.objects.filter(team=other_house.team).exists()
    assert not Membership.objects.filter(team=other_house.team, user__username="dora").exists()


def test_a_password_that_the_first_team_set_opens_nothing_without_the_second_teams_link(
    house: House, other_house: House
) -> None:
    squatter = Client()
    squatter.post(link_of(invite(house, "alice")))
    squatter.post("/account/password/", {"new_password1": PASSWORD, "new_password2": PASSWORD})
    link = link_of(invite(other_house, "charlie"))
    assert "/join/" in link
    again = Client()
    again.post("/signin/", {"username": "dora", "password": PASSWORD})
    for client in (squatter, again):
        assert client.post("/team/switch/", {"team": "second"}).status_code == 404
        assert "charlie" not in teams_of(client)
    # Her admin can still let himself in as her, in his own team; the link is not his.
    member = Membership.objects.get(team=house.team, user__username="dora")
    Client().post(link_of(press(house, "alice", f"/team/members/{member.pk}/link/")))
    assert not Membership.objects.filter(team=other_house.team, user__username="dora").exists()


def test_somebody_with_an_account_joins_by_the_link_and_the_password(house: House, dora: User) -> None:
    link = link_of(invite(house, "alice", "operator"))
    assert not Membership.objects.filter(team=house.team, user=dora).exists()
    assert (
        "invited as operator, not joined yet" in Page(house.page("alice").get("/team/")).all("main")[0].text
    )
    client = Client()
    assert "dora is invited as operator" in client.get(link).content.decode()
    wrong = client.post(link, {"password": "not-hers"})
    assert (wrong.status_code, "_auth_user_id" in client.session) == (400, False)
    joined = client.post(link, {"password": PASSWORD}, follow=True)
    assert "You are in First as operator." in joined.content.decode()
    assert "operator in First" in Page(client.get("/team/")).all("summary")[0].get("aria-label")
    assert Client().post(link, {"password": PASSWORD}).status_code == 410
    verbs = list(Activity.objects.filter(team=house.team).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["member.invited", "member.joined", "account.signed_in"]


def test_joining_ends_the_accounts_other_sessions_and_links(house: House, dora: User) -> None:
    """Until then an admin of her first team could have signed in for her."""
    for_her = Client()
    for_her.post(links.create(dora))
    unfollowed = links.create(dora)
    link = link_of(invite(house, "alice"))
    assert for_her.get("/jobs/").status_code == 200
    own = Client()
    own.post(link, {"password": PASSWORD})
    assert for_her.get("/jobs/").headers["Location"].startswith("/signin/")
    assert Client().post(unfollowed).status_code == 410
    assert own.get("/jobs/").status_code == 200
    tom = Membership.objects.get(team__slug="third", user__username="tom")
    theirs = Client()
    theirs.force_login(tom.user, backend="django.contrib.auth.backends.ModelBackend")
    hers = Membership.objects.get(team__slug="third", user=dora)
    assert theirs.post(f"/team/members/{hers.pk}/link/").status_code == 302
    assert not SignInLink.objects.filter(used_at=None).exists()


def test_five_wrong_passwords_lock_an_invitation_too(house: House, dora: User) -> None:
    link = link_of(invite(house, "alice"))
    client = Client()
    for _ in range(5):
        client.post(link, {"password": "wrong"})
    assert client.post(link, {"password": PASSWORD}).status_code == 429
    assert not Membership.objects.filter(team=house.team, user=dora).exists()


def test_a_new_invitation_replaces_the_one_before(house: House, dora: User) -> None:
    old, new = (link_of(invite(house, "alice", role)) for role in ("admin", "viewer"))
    assert Client().get(old).status_code == 410
    Client().post(new, {"password": PASSWORD})
    assert Membership.objects.get(team=house.team, user=dora).role == "viewer"


def test_an_invitation_can_be_withdrawn_by_admins_and_ends_in_three_days(house: House, dora: User) -> None:
    link = link_of(invite(house, "alice"))
    path = f"/team/invitations/{Invitation.objects.get().pk}/withdraw/"
    assert press(house, "bob", path).status_code == 403
    press(house, "alice", path)
    assert Client().post(link, {"password": PASSWORD}).status_code == 410
    link = link_of(invite(house, "alice"))
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(link, {"password": PASSWORD}).status_code == 410
    assert "not joined yet" not in house.page("alice").get("/team/").content.decode()


def test_an_account_that_its_team_let_go_is_handed_over_whole(house: House, other_house: House) -> None:
    """Nobody of the first team keeps a session, a link or a token of it."""
    before = Client()
    before.post(link_of(invite(house, "alice")))
    user = User.objects.get(username="dora")
    old_link, member = links.create(user), Membership.objects.get(team=house.team, user=user)
    press(house, "alice", f"/team/members/{member.pk}/remove/")
    late_link = links.create(user)
    link = link_of(invite(other_house, "charlie", "viewer"))
    for path in (old_link, late_link):
        assert Client().post(path).status_code == 410
    assert before.get("/team/").headers["Location"].startswith("/signin/")
    own = Client()
    own.post(link)
    assert "viewer in Second" in Page(own.get("/team/")).all("summary")[0].get("aria-label")


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_no_team_gets_a_link_to_the_installations_own_accounts(house: House, field: str) -> None:
    User.objects.create_user("dora", **{field: True})
    answer = invite(house, "alice")
    assert answer.status_code == 400
    assert not SignInLink.objects.exists()


def test_an_account_that_is_switched_off_is_not_invited(house: House) -> None:
    User.objects.create_user("dora", is_active=False)
    assert "is switched off" in Page(invite(house, "alice")).by_id("invite-error").text


def test_a_member_added_in_djangos_admin_signs_in_anew(house: House, dora: User) -> None:
    root = User.objects.create_superuser("root")
    admin, session = Client(), Client()
    admin.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    session.post(links.create(dora))
    form = {
        "name": "First", "slug": "first", "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": str(dora.pk), "memberships-0-role": "viewer",
    }  # fmt: skip
    assert admin.post(f"/admin/teams/team/{house.team.pk}/change/", form).status_code == 302
    assert Membership.objects.filter(team=house.team, user=dora).exists()
    assert session.get("/jobs/").headers["Location"].startswith("/signin/")


def become_admin(house: House, name: str) -> Membership:
    Membership.objects.filter(team=house.team, user=house.people[name]).update(role=Role.ADMIN)
    return Membership.objects.get(team=house.team, user=house.people[name])


def link_for(house: House, admin: str, name: str) -> str:
    member = Membership.objects.get(team=house.team, user__username=name)
    return link_of(press(house, admin, f"/team/members/{member.pk}/link/"))


@pytest.mark.parametrize("act", ["remove", "role"])
def test_links_and_invitations_of_a_team_end_with_the_rights_of_an_admin(
    house: House, other_house: House, dora: User, act: str
) -> None:
    bob = become_admin(house, "bob")
    new_account = link_of(press(house, "bob", "/team/members/", username="eve", role="admin"))
    paths = [new_account, link_of(invite(house, "bob")), link_for(house, "bob", "vera")]
    of_other_team = link_of(press(other_house, "charlie", "/team/members/", username="zoe", role="viewer"))
    press(house, "alice", f"/team/members/{bob.pk}/{act}/", role="operator", sure="1")
    assert [Client().post(path, {"password": PASSWORD}).status_code for path in paths] == [410, 410, 410]
    assert Client().post(of_other_team).status_code == 302
    assert "member.uninvited" in Activity.objects.filter(team=house.team).values_list("verb", flat=True)


@pytest.mark.parametrize("act", ["remove", "role"])
def test_links_and_invitations_stay_when_somebody_else_than_an_admin_goes(
    house: House, dora: User, act: str
) -> None:
    path, invitation = link_for(house, "alice", "vera"), link_of(invite(house, "alice"))
    bob = Membership.objects.get(team=house.team, user=house.people["bob"])
    press(house, "alice", f"/team/members/{bob.pk}/{act}/", role="viewer")
    assert Client().post(path).status_code == 302
    assert Client().post(invitation, {"password": PASSWORD}).status_code == 302


def test_an_admin_is_told_that_links_end_with_another_admins_rights(house: House, dora: User) -> None:
    bob = become_admin(house, "bob")
    words = "Open invitations and unused sign-in links of the team end."
    page = house.page("alice")
    assert words in page.get(f"/team/members/{bob.pk}/remove/").content.decode()
    invite(house, "alice")
    question = page.post(f"/team/members/{bob.pk}/role/", {"role": "viewer"})
    assert Page(question).all("h1")[0].text == "Make bob a viewer?"
    assert words in Page(question).text
    assert "Open invitations dora" in Page(question).text
    assert Membership.objects.get(pk=bob.pk).role == Role.ADMIN
    page.post(f"/team/members/{bob.pk}/role/", sent(question))
    assert Membership.objects.get(pk=bob.pk).role == Role.VIEWER
    assert words in page.get("/team/").content.decode()


def test_who_was_removed_does_not_come_back_by_an_older_invitation(house: House, dora: User) -> None:
    link = link_of(invite(house, "alice"))
    member = Membership.objects.create(team=house.team, user=dora, role=Role.VIEWER)
    press(house, "alice", f"/team/members/{member.pk}/remove/")
    assert Client().post(link, {"password": PASSWORD}).status_code == 410


def test_who_is_no_longer_an_admin_makes_no_link_by_a_request_that_began_before(house: House) -> None:
    vera, bob = (Membership.objects.get(user=house.people[name]) for name in ("vera", "bob"))
    with pytest.raises(members.Refused, match="not an admin"):
        members.new_link(vera, by=bob.user)
    with pytest.raises(members.Refused, match="not an admin"):
        members.invite(house.team, "eve", Role.ADMIN, by=bob.user)
    assert not SignInLink.objects.exists()
    assert not User.objects.filter(username="eve").exists()


def test_no_link_is_made_for_a_member_who_joins_another_team_meanwhile(
    house: House, other_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, atomic = house.people["bob"], transaction.atomic
    bob.set_password(PASSWORD)
    bob.save()
    members.invite(other_house.team, "bob", Role.ADMIN, by=other_house.people["charlie"])
    open_invitations = [Invitation.objects.get()]

    def atomic_after_joining(*args: Any, **options: Any) -> Any:
        if open_invitations:
            members.join(open_invitations.pop(), bob)
        return atomic(*args, **options)

    monkeypatch.setattr(transaction, "atomic", atomic_after_joining)
    with pytest.raises(members.Refused, match="more than this team"):
        members.new_link(Membership.objects.get(team=house.team, user=bob), by=house.people["alice"])
    assert not SignInLink.objects.exists()
