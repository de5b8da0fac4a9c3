"""The team's members and its record by the API."""

from __future__ import annotations

import pytest

from teams import activity
from teams.models import Membership
from tests.cast import House

pytestmark = pytest.mark.django_db


def test_members_are_told_by_name_with_their_roles(house: House, other_house: House) -> None:
    members = house.api("vera").get("/api/v1/members/").json()["results"]
    names = sorted(Membership.objects.filter(team=house.team).values_list("user__username", flat=True))
    assert sorted(row["username"] for row in members) == names
    assert {row["role"] for row in members if row["username"] == "vera"} == {"viewer"}
    assert "charlie" not in names


def test_the_record_is_paged_newest_first_and_narrowed_to_a_person(house: House, other_house: House) -> None:
    vera = house.api("vera")
    for number in range(3):
        activity.record(
            house.team, house.people["bob"], "model.registered", house.team, label=f"bob-{number}"
        )
    activity.record(house.team, None, "model.registered", house.team, label="own")
    activity.record(
        other_house.team, other_house.people["charlie"], "model.registered", other_house.team, label="theirs"
    )
    first = vera.get("/api/v1/activity/?limit=2").json()
    assert [(row["name"], row["username"], row["who"]) for row in first["results"]] == [
        ("own", None, "Batchdeck itself"),
        ("bob-2", "bob", "bob"),
    ]
    second = vera.get(first["next"]).json()
    assert [row["name"] for row in second["results"]][:2] == ["bob-1", "bob-0"]
    bobs = vera.get("/api/v1/activity/?person=bob").json()["results"]
    assert {row["username"] for row in bobs} == {"bob"}
    assert "theirs" not in str([first, second, bobs])
