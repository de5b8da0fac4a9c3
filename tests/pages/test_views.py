"""Saved views: private unless shared, the team's alone, and the address says everything."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import SavedView
from jobs.states import JobState
from tests.cast import House
from tests.pages.test_history import listed_names, messages
from tests.support.html import Page

pytestmark = pytest.mark.django_db
STATE = {"state": "failed", "sort": "name", "cols": "cause,owner"}
QUERY = "cols=cause%2Cowner&sort=name&state=failed"


def keep(client: Client, name: str = "Failures", **more: str) -> Any:
    return client.post("/jobs/views/", {"name": name, "query": QUERY, **more}, follow=True)


def menu(client: Client, path: str = "/jobs/?view=all") -> str:
    return Page(client.get(path)).of_class("views")[0].text


def test_a_view_keeps_filter_order_and_columns_and_its_link_is_the_whole_state(house: House) -> None:
    house.job(JobState.FAILED, name="broken")
    house.job(JobState.COMPLETED, name="fine")
    client = house.page("bob")
    answer = keep(client)
    assert answer.redirect_chain == [(f"/jobs/?{QUERY}&view=failures", 302)]
    page = Page(answer)
    assert "broken" in listed_names(page)
    assert "fine" not in listed_names(page)
    assert [node.text for node in page.all("th")][2:] == ["Failure cause", "Owner"]
    assert not page.of_class("mark-changed")
    changed = Page(client.get("/jobs/?state=failed&view=failures"))
    assert changed.of_class("mark-changed")


def test_a_view_is_private_until_it_is_shared(house: House) -> None:
    bob, vera = house.page("bob"), house.page("vera")
    keep(bob)
    assert "Failures" in menu(bob)
    assert "Shared with the team" not in menu(vera)
    assert vera.post("/jobs/views/failures/", {"action": "default"}).status_code == 404
    bob.post("/jobs/views/failures/", {"action": "share"})
    assert "Failures" in menu(vera)
    bob.post("/jobs/views/failures/", {"action": "unshare"})
    assert "Shared with the team" not in menu(vera)


def test_a_viewer_keeps_views_but_shares_none(house: House) -> None:
    vera = house.page("vera")
    assert vera.post("/jobs/views/", {"name": "x", "query": QUERY, "shared": "1"}).status_code == 403
    keep(vera, "Vera's")
    assert vera.post("/jobs/views/veras/", {"action": "share"}).status_code == 403
    view = SavedView.objects.get()
    assert (view.owner, view.shared, view.state) == (house.people["vera"], False, STATE)


def test_only_the_owner_or_an_admin_changes_a_shared_view(house: House) -> None:
    alice, bob, vera = house.page("alice"), house.page("bob"), house.page("vera")
    keep(bob, shared="1")
    for action in ("update", "rename", "unshare", "delete"):
        assert vera.post("/jobs/views/failures/", {"action": action, "name": "y"}).status_code == 403
    alice.post("/jobs/views/failures/", {"action": "rename", "name": "Broken ones"})
    bob.post("/jobs/views/failures/", {"action": "update", "query": "state=stopped"})
    view = SavedView.objects.get()
    assert (view.name, view.slug, view.state) == ("Broken ones", "failures", {"state": "stopped"})
    question = alice.post("/jobs/views/failures/", {"action": "delete"})
    assert "Delete the view Broken ones" in question.content.decode()
    answer = alice.post("/jobs/views/failures/", {"action": "delete", "sure": "1"}, follow=True)
    assert messages(Page(answer)) == ["“Broken ones” is deleted."]
    assert not SavedView.objects.exists()


def test_the_list_opens_with_the_default_of_each_person(house: House) -> None:
    bob, vera = house.page("bob"), house.page("vera")
    keep(bob, shared="1", default="1")
    assert bob.get("/jobs/").headers["Location"] == f"/jobs/?{QUERY}&view=failures"
    assert bob.get("/jobs/?view=all").status_code == 200
    assert vera.get("/jobs/").status_code == 200
    vera.post("/jobs/views/failures/", {"action": "default"})
    assert vera.get("/jobs/").status_code == 302
    bob.post("/jobs/views/failures/", {"action": "unshare"})
    assert vera.get("/jobs/").status_code == 200
    bob.post("/jobs/views/failures/", {"action": "no-default"})
    assert bob.get("/jobs/").status_code == 200


def test_views_of_another_team_do_not_exist(house: House, other_house: House) -> None:
    keep(house.page("alice"), shared="1")
    stranger = other_house.page("charlie")
    assert "Failures" not in menu(stranger)
    assert stranger.post("/jobs/views/failures/", {"action": "delete"}).status_code == 404
    assert other_house.api("charlie").get("/api/v1/views/").json()["results"] == []
    assert other_house.api("charlie").delete("/api/v1/views/failures/").status_code == 404


def test_what_cannot_be_kept_is_said(house: House) -> None:
    client = house.page("bob")
    for body in ({"name": " ", "query": ""}, {"name": "x", "query": "state=asleep"}, {"name": "y" * 61}):
        assert messages(Page(client.post("/jobs/views/", body, follow=True))), body
    assert not SavedView.objects.exists()
    keep(client, "All")
    keep(client, "All")
    assert list(SavedView.objects.values_list("slug", flat=True)) == ["all-2", "all-3"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": 5}, "name"),
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "x", "state": []}, "state"),
        ({"name": "x", "state": None}, "state"),
        ({"name": "x", "state": {"model": 5}}, "model"),
        ({"name": "x", "state": {"model": None}}, "model"),
        ({"name": "x", "shared": "true"}, "shared"),
        ({"name": "x", "shared": 1}, "shared"),
        ({"name": "x", "shared": None}, "shared"),
        ({"name": "x", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_body_of_a_view_names_the_field(house: House, body: dict[str, Any], field: str) -> None:
    answer = house.api("bob").post("/api/v1/views/", body, "application/json")
    assert answer.status_code == 400
    fields = answer.json()["error"]["fields"]
    assert list(fields) == [field]
    assert all(sentence.startswith("It ") and sentence.endswith(".") for sentence in fields[field])
    assert not SavedView.objects.exists()


def test_a_script_lists_saves_and_deletes(house: House) -> None:
    bob, vera = house.api("bob"), house.api("vera")
    body = {"name": "Nightly", "state": STATE, "shared": True}
    answer = bob.post("/api/v1/views/", body, "application/json")
    assert answer.status_code == 201
    assert answer.json()["slug"] == "nightly"
    assert answer.json()["url"].endswith(f"/jobs/?{QUERY}&view=nightly")
    (view,) = vera.get("/api/v1/views/").json()["results"]
    assert (view["state"], view["owner"], view["shared"], view["is_default"]) == (STATE, "bob", True, False)
    assert vera.delete("/api/v1/views/nightly/").status_code == 403
    assert vera.post("/api/v1/views/", body, "application/json").status_code == 403
    wrong = bob.post("/api/v1/views/", {"name": "x", "state": {"colour": "red"}}, "application/json")
    assert list(wrong.json()["error"]["fields"]) == ["colour"]
    assert bob.delete("/api/v1/views/nightly/").status_code == 204
    assert not SavedView.objects.exists()


def test_views_are_tabs_with_their_numbers_of_jobs(house: House) -> None:
    for _ in range(3):
        house.job(JobState.FAILED)
    house.job(JobState.COMPLETED)
    client = house.page("bob")
    keep(client)
    (tabs,) = Page(client.get("/jobs/?view=all")).of_class("view-tabs")
    assert tabs.text == "All Failures"
    counted = Page(client.get("/jobs/view-tabs/?view=failures"))
    assert [node.text for node in counted.all("a")] == ["All", "Failures 3"]
    assert not Page(house.page("vera").get("/jobs/?view=all")).of_class("view-tabs")
