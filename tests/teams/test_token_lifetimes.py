"""How long API tokens may be good, by the operator's and the team's limits, and the warning before one ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from teams import token_lifetimes, tokens
from teams.announcing import announced
from teams.models import Activity, ApiToken
from teams.token_lifetimes import LifetimeRefused
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
FIELDS = {"name": "nightly", "role": "viewer"}


def make(house: House, who: str, days: str) -> Any:
    return house.page(who).post("/team/tokens/", {**FIELDS, "days": days})


def offered(house: House, who: str = "bob") -> tuple[list[str], str]:
    """The lifetimes of the form, and the one that is chosen."""
    select = Page(house.page(who).get("/team/tokens/")).by_id("days")
    options = Page.all_below(select, "option")
    return [row.get("value") for row in options], next(
        row.get("value") for row in options if "selected" in row.attributes
    )


def test_without_limits_a_token_is_good_for_30_days_unless_another_time_is_chosen(house: House) -> None:
    assert offered(house) == (["7", "30", "90", "365", "0"], "30")
    assert make(house, "bob", "0").status_code == 200
    assert ApiToken.objects.get().expires_at is None


def test_the_operator_sets_the_default_and_the_most(house: House, settings: Any) -> None:
    settings.TOKEN_DAYS, settings.TOKEN_MAX_DAYS = 14, 60
    assert offered(house) == (["7", "14", "30", "60"], "14")
    assert "60 days at most" in Page(house.page("bob").get("/team/tokens/")).text
    settings.TOKEN_DAYS = 0
    assert offered(house)[1] == "60"


@pytest.mark.parametrize("days", ["61", "365", "0", "3651", "-1", "1.5", "x", "", "९", "9" * 30])
def test_a_lifetime_that_is_too_long_or_no_number_is_refused_at_its_field(
    house: House, settings: Any, days: str
) -> None:
    settings.TOKEN_MAX_DAYS = 60
    answer = make(house, "bob", days)
    assert answer.status_code == 400
    page = Page(answer)
    assert page.by_id("days").get("aria-invalid") == "true"
    assert page.by_id("days-problem").text
    assert not ApiToken.objects.exists()


def test_an_admin_sets_less_for_the_team_and_nobody_more_than_the_operator(
    house: House, settings: Any
) -> None:
    settings.TOKEN_MAX_DAYS = 60
    admin = house.page("alice")
    before = tokens.create(
        team=house.team, user=house.people["bob"], expires_at=timezone.now() + timedelta(days=60)
    )[0]
    assert admin.post("/team/tokens/limit/", {"token_max_days": "10"}).status_code == 302
    house.team.refresh_from_db()
    assert offered(house) == (["7", "10"], "10")
    refused = Page(make(house, "bob", "11")).by_id("days-problem").text
    assert refused == "A token of the team First is good for 10 days at most."
    assert make(house, "bob", "10").status_code == 200
    before.refresh_from_db()
    assert before.usable
    for wrong in ("61", "0", "x", "-3", "1e3"):
        answer = admin.post("/team/tokens/limit/", {"token_max_days": wrong})
        assert answer.status_code == 400
        assert "1 to 60" in Page(answer).by_id("token-limit-problem").text
    assert admin.post("/team/tokens/limit/", {"token_max_days": ""}).status_code == 302
    house.team.refresh_from_db()
    assert house.team.token_max_days is None
    assert Activity.objects.filter(verb="team.token_limit_set").count() == 2


def test_only_admins_set_the_limit(house: House) -> None:
    assert house.page("bob").post("/team/tokens/limit/", {"token_max_days": "10"}).status_code == 403
    assert "token_max_days" not in house.page("bob").get("/team/tokens/").content.decode()


def test_the_command_line_and_every_other_way_keep_the_limit(house: House, settings: Any) -> None:
    settings.TOKEN_MAX_DAYS = 5
    with pytest.raises(LifetimeRefused):
        tokens.create(team=house.team, user=house.people["bob"])
    arguments = {"user": "bob", "team": house.team.slug}
    with pytest.raises(CommandError, match=r"--days 6: .* 5 days at most"):
        call_command("token", days=6, **arguments)
    call_command("token", **arguments)
    end = ApiToken.objects.get().expires_at
    assert end is not None
    assert timedelta(days=4) < end - timezone.now() <= timedelta(days=5)


def test_a_token_that_ends_soon_is_marked_and_announced_once_to_its_owner(house: House) -> None:
    announcements: list[Any] = []

    def hear(announcement: Any, **_: Any) -> None:
        announcements.append(announcement)

    announced.connect(hear)
    try:
        now = timezone.now()
        tokens_by_days = {
            days: tokens.create(
                team=house.team,
                user=house.people["bob"],
                name=f"in {days}",
                expires_at=now + timedelta(days=days),
            )[0]
            for days in (6, 8)
        }
        ApiToken.objects.update(created_at=now - timedelta(days=80))
        short = tokens.create(
            team=house.team, user=house.people["bob"], name="short", expires_at=now + timedelta(days=2)
        )[0]
        revoked = tokens.create(
            team=house.team, user=house.people["bob"], name="gone", expires_at=now + timedelta(days=3)
        )[0]
        tokens.revoke(revoked, by=house.people["bob"])
        assert token_lifetimes.announce_endings() == 1
        assert token_lifetimes.announce_endings() == 0
    finally:
        announced.disconnect(hear)
    (announcement,) = announcements
    assert (announcement.kind, announcement.person, announcement.facts["token"]) == (
        "token.ending",
        house.people["bob"],
        "in 6",
    )
    assert "ends on" in announcement.title
    marked = [row.text for row in Page(house.page("bob").get("/team/tokens/")).of_class("warn")]
    assert len(marked) == 2
    assert token_lifetimes.is_ending(short)
    assert not token_lifetimes.is_ending(tokens_by_days[8])
