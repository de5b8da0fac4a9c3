"""The team's members and its record by the API."""

from __future__ import annotations

import pytest

from teams import activity
from teams.models import Membership
from tests.cast import House

pytestmark = pytest.mark.django_db


def test_members_are_told_by_name_with_their_roles(house: House, other: House) -> None:
    found = house.api("vera").get("/api/v1/members/").json()
    names = sorted(Membership.objects.filter(team=house.team).values_list("user__username", flat=True))
    assert [one["username"] for one in found] == names
    assert {one["role"] for one in found if one["username"] == "vera"} == {"viewer"}
    assert "charlie" not in names


def test_the_record_is_paged_newest_first_and_narrowed_to_a_person(house: House, other: House) -> None:
    vera = house.api("vera")
    for number in range(3):
        activity.record(
            house.team, house.people["bob"], "model.registered", house.team, label=f"bob-{number}"
        )
    activity.record(house.team, None, "model.registered", house.team, label="own")
    activity.record(other.team, other.people["charlie"], "model.registered", other.team, label="theirs")
    first = vera.get("/api/v1/activity/?limit=2").json()
    assert [(one["name"], one["username"], one["who"]) for one in first["results"]] == [
        ("own", None, "Batchdeck itself"),
        ("bob-2", "bob", "bob"),
    ]
    second = vera.get(first["next"]).json()
    assert [one["name"] for one in second["results"]][:2] == ["bob-1", "bob-0"]
    bobs = vera.get("/api/v1/activity/?person=bob").json()["results"]
    assert {one["username"] for one in bobs} == {"bob"}
    assert "theirs" not in str([first, second, bobs])
